/// A process that runs turns.
public struct Host: Sendable, Equatable, Codable {
    public var id: HostID
    /// The machine's name, its present boot and its table of processes, with slashes between them; process ids mean
    /// something only within all three.
    public var machine: String
    /// Process id and kernel start time, as `pid:start`.
    public var process: String
    public var startedAt: Timestamp
    /// Renewed while it lives; a host of another machine that is past this time counts as dead.
    public var expiresAt: Timestamp
    /// Runs one agent in a terminal instead of all of them.
    public var isForeground: Bool
    /// CLIs used by the town's agents (`Agent.cli`) that are not installed on this host.
    public var lacks: Set<String>

    public init(
        id: HostID, machine: String, process: String, startedAt: Timestamp, expiresAt: Timestamp, isForeground: Bool,
        lacks: Set<String> = []
    ) {
        self.id = id
        self.machine = machine
        self.process = process
        self.startedAt = startedAt
        self.expiresAt = expiresAt
        self.isForeground = isForeground
        self.lacks = lacks
    }

    /// The process id alone.
    public var pid: Int { Int(process.prefix { $0 != ":" }) ?? 0 }

    /// The machine's name, as people know it.
    public var machineName: String { String(machine.prefix { $0 != "/" }) }

    /// How far ahead the entry of a host expires that does not renew it.
    public static let unrenewed = Duration.seconds(86_400 * 3650)

    /// Whether its entry is renewed while it lives, so that its expiry says something.
    public func isRenewed(at now: Timestamp) -> Bool { expiresAt - now < Self.unrenewed / 10 }
}
