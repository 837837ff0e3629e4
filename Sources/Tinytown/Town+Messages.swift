import Model
import Operations

extension Town {
    /// The supervisor's mailbox: what agents tell or ask the person in charge.
    public var inbox: Inbox { Inbox(town: self, owner: .supervisor) }

    /// Puts a message into an inbox.
    /// - Parameters:
    ///   - content: what kind of message it is, and its text.
    ///   - to: whose inbox.
    ///   - priority: where it stands in the inbox; urgent ones come first.
    ///   - from: nil means the agent in whose turn this program runs, else the supervisor.
    ///   - correlation: the message that this one answers.
    ///   - key: messages with the same key are sent once, so repeating is safe.
    /// - Returns: the id under which the town knows it: an earlier one where its key was known.
    /// - Throws: `agentNotFound`; `conflict` where it passed too many agents; `unavailable`.
    @discardableResult
    public func send(
        _ content: Message.Content, to: AgentID, from: AgentID? = nil, priority: Message.Priority = .normal,
        correlation: MessageID? = nil, key: String? = nil
    ) async throws(TownError) -> MessageID {
        try await post(content, to: [to.id()], from, priority, correlation, { _ in key })[0]
    }

    /// Puts a message into the inbox of every live agent but the sender, once each: all of them or none.
    /// - Returns: the ids in the order of `agents()`; empty where there is nobody.
    /// - Throws: as `send`.
    @discardableResult
    public func broadcast(
        _ content: Message.Content, from: AgentID? = nil, priority: Message.Priority = .normal, key: String? = nil
    ) async throws(TownError) -> [MessageID] {
        let agents = try await reporting {
            let sender: AgentID =
                if let from { from } else {
                    try await TownService(opened).acting(as: SendMessage.self) { AgentID(try await $0.sender(nil).id) }
                        .output
                }
            return try await opened.store.agents().map { ($0.id, $0.state.isTerminal) }
                .filter { !$0.1 && AgentID($0.0) != sender }.map(\.0)
        }
        return try await post(content, to: agents, from, priority, nil) { agent in key.map { "\($0)-\(agent)" } }
    }

    private func post(
        _ content: Message.Content, to agents: [Model.AgentID], _ from: AgentID?, _ priority: Message.Priority,
        _ correlation: MessageID?, _ key: (Model.AgentID) -> String?
    ) async throws(TownError) -> [MessageID] {
        try await reporting {
            let receipts = try await acting(as: SendMessage.self) { town in
                let sender: Model.AgentID = if let from { from.id() } else { try await town.sender(nil).id }
                let isPlayed = try await town.store.agent(sender)?.cli == AgentHandle.playedCLI
                let drafts = agents.map { agent in
                    Draft(
                        content.body, to: agent, priority: priority.model, correlation: correlation.map { $0.id() },
                        key: key(agent))
                }
                return try await town.post(drafts, from: sender, isPlayed: isPlayed)
            }
            if let refusal = receipts.lazy.compactMap(\.refusal).first {
                throw TownError(.conflict, "the message is a dead letter: \(refusal)", hint: "see: tt dead list")
            }
            return receipts.map { MessageID($0.id) }
        }
    }
}
