/// One thing that a town keeps, apart from any store: what snapshots and copies are made of.
///
/// Leases and hosts are no part of it: they belong to processes, and nothing of a process moves with a town.
public enum TownRecord: Sendable, Equatable {
    /// The limit of live agents that the latest registration gave.
    case agentLimit(Int)
    case agent(Agent)
    case task(AgentTask)
    case message(Delivery)
    case kept(Document)
    case event(Event)
}

/// A town as it was at one moment, to be read piece by piece.
public protocol TownReading: Sendable {
    /// The next pieces: at most a few hundred, never none. Nil after the last.
    ///
    /// They come in this order: the limit of agents; agents in the order of registration; tasks in the order of
    /// creation; messages by sequence number; documents by key and name, but for those of processes; events by sequence number.
    /// Turns that were under way are shown as put back: their messages wait, their agents do not work; pins are left out.
    func next() async throws(StoreError) -> [TownRecord]?

    /// Lets go of the moment. Has to be called, whether or not all was read.
    func close() async
}

/// When the content of a store may be replaced.
public struct ReplaceTerms: Sendable, Equatable {
    /// False: only where there is no agent, task or message.
    public var overwrites: Bool
    /// Hosts that the store may still list because the caller knows that they are dead.
    public var deadHosts: Set<HostID>

    public init(overwrites: Bool = false, deadHosts: Set<HostID> = []) {
        self.overwrites = overwrites
        self.deadHosts = deadHosts
    }
}
