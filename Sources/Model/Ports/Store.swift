/// Where a town's state lives, as atomic verbs: each happens wholly or not at all, and what a returned verb wrote
/// survives the death of every process.
///
/// Where `ActingTurn.current` is set, each verb that writes first makes sure, in the same step, that this turn still holds
/// its lease, and counts what it sends against the turn's limits; it throws `leaseLost` or `tooManySends` otherwise.
///
/// All verbs are safe to call from any number of processes at once. Time is a parameter, never read inside.
/// The promises behind them are in docs/architecture.md; `ConformanceTests` holds every implementation to them.
public protocol Store: MailStore, TurnStore, AgentStore, TaskStore, HostStore, EventLog, DocumentStore, TownArchive {
    /// Removes what is past its retention: done messages, old events. Cheap where there is nothing to do. Until then a
    /// done message is kept whole.
    func tidy(_ retention: Retention, now: Timestamp) async throws(StoreError)

    /// Finishes what is under way and lets go of every resource. Later verbs fail with `closed`.
    func close() async

    /// The clock that all who share the store go by; nil where that is the machine's own.
    var clock: (any TimeSource)? { get }
}

extension Store {
    public var clock: (any TimeSource)? { nil }
}

/// The hosts of a town.
public protocol HostStore: Sendable {
    /// Makes a host known, or renews it. Those who follow hear of a new one, and of one that can run more or less than
    /// before.
    func announce(_ host: Host, now: Timestamp) async throws(StoreError)

    /// Removes a host that stops or is dead. Agents pinned to it are free. Does nothing for an unknown host.
    /// - Throws: `illegalMove` while it holds a lease.
    /// - Parameter died: true where another process noticed its death.
    func retire(_ host: HostID, died: Bool, now: Timestamp) async throws(StoreError)

    func hosts() async throws(StoreError) -> [Host]
}

/// What has happened in a town, and that something has.
public protocol EventLog: Sendable {
    /// Appends facts that no other verb writes by itself.
    func append(_ events: [Event]) async throws(StoreError)

    /// Events after a sequence number (0: from the oldest kept), oldest first.
    func events(after: Int64, limit: Int, filter: EventFilter) async throws(StoreError) -> [Event]

    /// The newest events that fit, oldest first.
    func latestEvents(limit: Int, filter: EventFilter) async throws(StoreError) -> [Event]

    /// Yields whenever something may have changed, in this or another process; at least once after each change that
    /// follows the call. Bursts collapse. It never polls. Renewals of leases and hosts, and sessions that are noted, are
    /// not announced, so that idle hosts sleep. Ends when the store is closed.
    func changes() async throws(StoreError) -> AsyncStream<Void>
}

/// A town as a whole.
public protocol TownArchive: Sendable {
    /// Everything that the town keeps, as it is now; whatever happens while it is read does not show in it.
    func export() async throws(StoreError) -> any TownReading

    /// Puts a town in place of everything that is here, leases and hosts included; wholly or not at all.
    ///
    /// Records are kept as they are, with their sequence numbers; both kinds of numbers must ascend. Memory does not
    /// grow with the town. Other writers may fail with `busy` meanwhile.
    /// - Parameter next: the next records in the order of `TownReading.next`; nil after the last. What it throws is
    ///   thrown, and nothing has changed then.
    /// - Throws: `notEmpty` and `inUse` where `terms` do not permit it, `corrupt` for records that contradict each
    ///   other.
    func replaceAll(_ terms: ReplaceTerms, with next: @escaping @Sendable () async throws -> [TownRecord]?)
        async throws

    /// Forgets agents, tasks, messages and events; only hosts stay known, and the log begins with this.
    /// - Throws: `illegalMove` while a turn runs: end it first (W9).
    func reset(now: Timestamp) async throws(StoreError)
}
