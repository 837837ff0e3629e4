public import Model
import StoreVerbs

extension RedisStore {
    public func register(_ agent: Agent, maxAgents: Int) async throws(StoreError) {
        _ = try await call("register") { arguments in
            arguments.add(maxAgents)
            arguments.add(agent.fields)
            arguments.add(agent.createdAt)
        }
    }

    @discardableResult
    public func change(_ agent: AgentID, _ change: AgentChange, now: Timestamp) async throws(StoreError) -> Agent {
        try Self.agent(try await call("change") { $0.add(changing: agent, change, now: now) })
    }

    public func reset(now: Timestamp) async throws(StoreError) {
        let missions = try await keptKeys()
        if try await call("reset", { $0.add(now) }).isTrue { try await finishRenewal() }
        try await removeKept(missions)
    }

    public func agents() async throws(StoreError) -> [Agent] {
        try await call("agents").elements.compactMap { Agent(fields: $0.record) }
    }

    public func agent(_ id: AgentID) async throws(StoreError) -> Agent? {
        Agent(fields: try await call("agent", { $0.add(id) }).record)
    }

    public func pulse() async throws(StoreError) -> [AgentPulse] {
        try await call("pulse", { $0.add(present) }).elements.compactMap { one in
            Agent(fields: one[0].record).map { agent in
                AgentPulse(
                    agent: agent, hasWork: one[1].isTrue, lease: LeaseRecord(fields: one[3].record),
                    expectsWork: one[2].isTrue)
            }
        }
    }

    // MARK: Hosts

    public func announce(_ host: Host, now: Timestamp) async throws(StoreError) {
        _ = try await call("announce") { arguments in
            arguments.add(host.fields)
            arguments.add(EventSentence.hostStarted.text(host.startFacts))
            arguments.add(now)
        }
        // A host that renews its entry goes on to judge what others have written.
        await (time as? ServerClock)?.refresh()
    }

    public func retire(_ host: HostID, died: Bool, now: Timestamp) async throws(StoreError) {
        _ = try await call("retire") { arguments in
            arguments.add(host)
            arguments.add(died)
            arguments.add(now)
        }
    }

    public func hosts() async throws(StoreError) -> [Host] {
        try await call("hosts").elements.compactMap { Host(fields: $0.record) }
    }
}
