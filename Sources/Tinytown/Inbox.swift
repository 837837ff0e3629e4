import Model
import Operations
import Synchronization

/// Messages that wait for the supervisor or an agent.
///
/// Looking is always possible. Receiving is for inboxes that no harness reads: the supervisor's, and those of agents
/// that a program plays (`Town.join`).
public struct Inbox: Sendable {
    let town: Town
    /// Whose it is.
    public let owner: AgentID

    /// How many messages wait.
    public var count: Int {
        get async throws(TownError) {
            try await reporting {
                try await town.opened.store.waitingCounts()[owner.id()]?.values.reduce(0, +) ?? 0
            }
        }
    }

    /// What waits, in the order in which it will be read; nothing is taken.
    public func waiting(limit: Int = 1000) async throws(TownError) -> [Message] {
        try await reporting {
            try await town.opened.store.inbox(owner.id(), page: Page(limit: max(1, limit)))
                .filter { $0.state == .queued }.map { Message($0.message) }
        }
    }

    /// The next message, or nil where none waits.
    ///
    /// It stays in the inbox until it is acknowledged: a program that dies in between receives it again. Within one
    /// `Town` it is given out once. Two programs that receive from one inbox may both see a message; only one of them
    /// can acknowledge it.
    /// - Throws: `conflict` for the inbox of an agent whose turns a host takes; `agentNotFound`.
    public func tryReceive() async throws(TownError) -> ReceivedMessage? {
        try await reporting {
            try await check()
            var offset = 0
            while true {
                let page = try await town.opened.store.inbox(owner.id(), page: Page(offset: offset, limit: 100))
                for delivery in page where delivery.state == .queued {
                    let message = Message(delivery.message)
                    if town.handedOut.withLock({ $0.insert(message.id).inserted }) {
                        return ReceivedMessage(town: town, message: message)
                    }
                }
                guard page.count == 100 else { return nil }
                offset += 100
            }
        }
    }

    /// The next message, as soon as there is one. It is woken by the town and never looks in between.
    /// - Throws: as `tryReceive`; `timedOut`, `cancelled`.
    public func receive(timeout: Duration? = nil) async throws(TownError) -> ReceivedMessage {
        try await town.waiting("no message came", timeout) { try await tryReceive() }
    }

    private func check() async throws {
        guard owner != .supervisor else { return }
        guard let agent = try await town.opened.store.agent(owner.id()) else {
            throw TownError(.agentNotFound, "the agent is not in the town any more")
        }
        guard agent.cli == AgentHandle.playedCLI else {
            throw TownError(
                .conflict, "the turns of agent '\(agent.name)' read its inbox",
                hint: "play an agent of your own with join(_:role:)")
        }
    }
}

/// A message that somebody has to deal with: acknowledge it, or put it back.
public struct ReceivedMessage: Sendable {
    let town: Town
    public let message: Message

    /// Says that the message was dealt with.
    /// - Returns: false where it was not in the inbox any more: another receiver was faster.
    @discardableResult
    public func acknowledge() async throws(TownError) -> Bool {
        let done = try await reporting {
            try await town.acting(as: TakeInbox.self) {
                try await $0.store.acknowledge(message.id.id(), of: message.to.id(), now: $0.time.now())
            }
        }
        town.handedOut.withLock { _ = $0.remove(message.id) }
        return done
    }

    /// Leaves it in the inbox for the next receiver.
    public func putBack() { town.handedOut.withLock { _ = $0.remove(message.id) } }

    /// Answers its sender, in the name of its recipient.
    /// - Returns: the id of the answer, whose `correlation` is this message.
    @discardableResult
    public func reply(
        _ content: Message.Content, priority: Message.Priority = .normal
    ) async throws(TownError) -> MessageID {
        try await town.send(
            content, to: message.from, from: message.to, priority: priority, correlation: message.id,
            key: "reply-\(message.id)")
    }
}
