import Configuration
public import Model

extension OpenTown {
    /// The town as an operation may use it. A person's is unchanged. In a turn, the agent is known from here on, and each
    /// verb of the store makes sure that its turn still runs.
    /// - Throws: `notYourTurn` in a turn without a valid secret; `needsPerson` for what agents may not do.
    func admitted(to operation: String) async throws -> (town: OpenTown, turn: ActingTurn?) {
        guard caller.isInTurn, caller.proven == nil else { return (self, nil) }
        guard let proof = caller.proof else {
            throw OperationError(
                .notYourTurn, "this runs in an agent's turn, but without the turn's token: nothing was written",
                hint: "run it in the turn's own environment (TINYTOWN_PROOF_FILE)")
        }
        guard let lease = try await store.leases().first(where: { $0.proof == proof }),
            let agent = try await store.agent(lease.token.agent)
        else {
            throw OperationError(
                .notYourTurn, "the turn of this token is over, or belongs to another town: nothing was written",
                hint: "the agent's next turn has a token of its own")
        }
        var town = self
        town.caller.proven = agent
        try town.check(.operation(operation))
        return (town, ActingTurn(token: lease.token, limits: configuration.sendLimits))
    }

    /// Refuses what the agent of this turn may not do; people may do everything.
    /// - Throws: `needsPerson`.
    public func check(_ deed: Authority.Deed) throws {
        guard let agent = caller.proven, let refusal = Authority.refusal(of: deed, by: agent) else { return }
        var error = OperationError(.needsPerson, refusal.reason)
        error.remedies = [refusal.remedy, .askPerson].compactMap(\.self)
        throw error
    }

    /// Whether the store knows that `sender` is who it says.
    /// - Parameter wasNamed: whether the caller named it.
    /// - Returns: nil for the supervisor: a person outside of turns.
    public func isVerified(_ sender: AgentID) -> Bool? {
        if let agent = caller.proven { return agent.id == sender }
        return sender == .supervisor ? nil : false
    }

    // MARK: Bounds

    /// - Throws: `tooLarge` for a message, or the description of a task, that is longer than the town permits.
    public func checkMessage(_ text: String) throws {
        try checkLength(text, configuration.maxMessageKB, "message", "max_message_kb")
    }

    /// - Throws: `tooLarge`.
    func checkResult(_ text: String?) throws {
        try checkLength(text ?? "", configuration.maxResultKB, "result", "max_result_kb")
    }

    private func checkLength(_ text: String, _ most: Int, _ what: String, _ setting: String) throws {
        guard text.utf8.count > most * 1024 else { return }
        throw OperationError(
            .tooLarge, "the \(what) has \(text.utf8.count) bytes; the town takes at most \(most) KB",
            hint: "put it into a file and send its path, or raise limits.\(setting) in tinytown.toml")
    }

    /// In a turn, refuses to give an agent more than its inbox may hold.
    /// - Throws: `limit`.
    public func checkRoom(for agent: Agent) async throws {
        guard caller.proven != nil else { return }
        let waiting = try await store.waitingCounts()[agent.id]?.values.reduce(0, +) ?? 0
        guard waiting >= configuration.maxInbox else { return }
        throw OperationError(
            .limit, "the inbox of \(agent.name) is full: \(waiting) messages wait (limits.max_inbox)",
            hint: "wait until it has read some, or ask a person to raise the limit in tinytown.toml")
    }
}

extension ActingTurn {
    /// Runs `body` as the agent of this turn; outside of turns, as it is.
    static func acting<Result: Sendable>(
        _ turn: ActingTurn?, _ body: () async throws -> Result
    ) async throws -> Result {
        guard let turn else { return try await body() }
        return try await $current.withValue(turn) { try await body() }
    }
}
