/// The agents of a town.
public protocol AgentStore: Sendable {
    /// Registers an agent; one that is registered already stays as it is. A restart keeps to the latest `maxAgents`.
    /// - Throws: `nameTaken`, `tooManyAgents`, `agentNotFound` for an unknown parent.
    func register(_ agent: Agent, maxAgents: Int) async throws(StoreError)

    /// Changes an agent.
    /// - Throws: `agentNotFound`, `illegalMove`, `tooManyAgents` (restart).
    /// - Returns: the agent after the change.
    @discardableResult
    func change(_ agent: AgentID, _ change: AgentChange, now: Timestamp) async throws(StoreError) -> Agent

    /// Takes an agent that has ended off the town's list (W7).
    ///
    /// Its open tasks go back to the backlog. What waits in its inbox becomes dead letters, and agents that asked for
    /// something are told; only pointers to tasks that need none any more are done silently. A store that does this in
    /// several steps lets nobody bring the agent back or give it a task from the first one on; where it was interrupted,
    /// the next removal carries it on and returns all of it.
    /// - Throws: `agentNotFound`; `illegalMove` while it is live or takes a turn.
    func remove(_ agent: AgentID, now: Timestamp) async throws(StoreError) -> Removal

    /// Moves all the work of an agent that has ended, or that nobody knows any more (W16). A store may do this in several
    /// steps, each of which leaves a town that is whole; an agent that is restarted between two keeps the rest.
    ///
    /// To the backlog go its open tasks, and a task for each message that describes one; other messages stay where they
    /// are. To another agent goes all of that and every other message but a request to stop, in their order, with
    /// attempts forgotten.
    /// - Throws: `illegalMove` while the agent is live or takes a turn; `agentNotFound` for an unknown destination.
    func reclaim(from agent: AgentID, to destination: Destination, now: Timestamp) async throws(StoreError) -> Reclaimed

    /// All agents, in the order in which they were registered.
    func agents() async throws(StoreError) -> [Agent]

    func agent(_ id: AgentID) async throws(StoreError) -> Agent?

    /// What a host needs to decide who takes a turn next: each live agent, whether something waits that would wake it,
    /// and its lease. Costs grow with live agents, not with messages.
    func pulse() async throws(StoreError) -> [AgentPulse]
}
