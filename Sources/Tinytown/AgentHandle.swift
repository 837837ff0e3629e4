import Model
import Operations

/// Talks to one agent of a town. The agent itself lives in the town; handles come and go.
public struct AgentHandle: Sendable {
    /// The `cli` of agents that a program plays.
    static let playedCLI = "program"

    let town: Town
    public let id: AgentID
    public let name: String

    /// Gives the agent a new task.
    /// - Parameters:
    ///   - description: what is to be done; the first line is its title.
    ///   - tags: words to find it by.
    ///   - dependsOn: tasks that must be completed first; until then it waits.
    ///   - parent: the task that this one is a part of, which has to be completed first as well.
    ///   - priority: of the message that announces it.
    /// - Throws: `invalid`, `agentNotFound`, `taskNotFound`, `unavailable`.
    @discardableResult
    public func assign(
        _ description: String, tags: [String] = [], dependsOn: [TaskID] = [], parent: TaskID? = nil,
        priority: Message.Priority = .normal
    ) async throws(TownError) -> TaskID {
        try await reporting(missing: .taskNotFound) {
            let made = try await town.acting(as: AssignTask.self) { town in
                try await AssignTask.run(
                    .init(
                        agent: id.description, task: description, tags: tags, dependsOn: dependsOn.map(\.description),
                        parent: parent?.description), priority: priority.model, in: town)
            }
            return TaskID(made.task.id)
        }
    }

    /// Sends the agent a message.
    /// - Parameters:
    ///   - content: what kind of message it is, and its text.
    ///   - priority: where it stands in the inbox; urgent ones come first.
    ///   - correlation: the message that this one answers.
    ///   - key: messages with the same key are sent once, so repeating is safe.
    /// - Throws: `agentNotFound`; `conflict` where it passed too many agents; `unavailable`.
    @discardableResult
    public func send(
        _ content: Message.Content, priority: Message.Priority = .normal, correlation: MessageID? = nil,
        key: String? = nil
    ) async throws(TownError) -> MessageID {
        try await town.send(content, to: id, priority: priority, correlation: correlation, key: key)
    }

    /// The agent as it is now.
    /// - Throws: `agentNotFound` where it was removed.
    public func state() async throws(TownError) -> Agent {
        try await reporting {
            guard let agent = try await town.opened.store.agent(id.id()) else {
                throw TownError(.agentNotFound, "agent '\(name)' is not in the town any more")
            }
            return Agent(agent)
        }
    }

    /// How many messages wait for it.
    public func inboxLength() async throws(TownError) -> Int { try await inbox.count }

    /// Its inbox.
    public var inbox: Inbox { Inbox(town: town, owner: id) }

    /// Returns when the agent has nothing to do: nothing waits that would start a turn, and it takes none; or when it
    /// has ended, or is held. It is woken by changes of the town and never looks in between.
    /// - Throws: `timedOut`, `agentNotFound`, `cancelled`.
    @discardableResult
    public func wait(timeout: Duration? = nil) async throws(TownError) -> Agent {
        try await town.waiting("agent '\(name)' is still working", timeout) {
            let agent = try await state()
            if agent.state.isTerminal || agent.state == .paused { return agent }
            let pulse = try await town.opened.store.pulse().first { $0.agent.id == id.id() }
            guard let pulse, !pulse.hasWork, pulse.lease == nil else { return nil }
            return agent
        }
    }

    /// Returns when the agent has ended, or sleeps because nothing waits for it.
    /// - Throws: `timedOut`, `agentNotFound`, `cancelled`.
    @discardableResult
    public func waitUntilEnded(timeout: Duration? = nil) async throws(TownError) -> Agent {
        try await town.waiting("agent '\(name)' has not ended", timeout) {
            let agent = try await state()
            return agent.state.isTerminal || agent.state == .cold ? agent : nil
        }
    }

    // MARK: Control

    /// Holds it: a running turn is ended and put back, messages wait.
    /// - Throws: `agentNotFound`; `conflict` for one that has ended.
    public func interrupt(reason: String? = nil) async throws(TownError) {
        try await ask(InterruptAgent.self, .init(agent: id.description, reason: reason))
    }

    /// Lets a held agent go on, with its session.
    /// - Throws: `agentNotFound`; `conflict` for one that is not held.
    public func resume() async throws(TownError) { try await ask(ResumeAgent.self, .init(agent: id.description)) }

    /// Lets it finish its inbox, then stops it.
    /// - Throws: `agentNotFound`; `conflict` for one that has ended.
    public func close() async throws(TownError) { try await ask(CloseAgent.self, .init(agent: id.description)) }

    /// Stops it after its present turn.
    /// - Parameter now: ends the turn too; its messages go back.
    public func stop(now: Bool = false) async throws(TownError) {
        try await ask(KillAgent.self, .init(agent: id.description, now: now))
    }

    /// Brings it back after it has ended, with its inbox and its session.
    /// - Parameter maxTurns: turns it may take from now on; nil keeps its limit.
    /// - Throws: `agentNotFound`; `conflict` for one that has not ended.
    public func restart(maxTurns: Int? = nil) async throws(TownError) {
        try await ask(RestartAgent.self, .init(agent: id.description, rounds: maxTurns))
    }

    private func ask<Asked: Operation>(_ operation: Asked.Type, _ input: Asked.Input) async throws(TownError) {
        try await reporting(missing: .agentNotFound) { _ = try await town.call(operation, input) }
    }
}
