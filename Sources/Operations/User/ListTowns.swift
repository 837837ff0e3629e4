import Configuration

/// The user's towns and how they are.
public struct ListTowns: UserOperation {
    public static let spec = OperationSpec("town.list", "List your towns", .admin, route: .get("/v1/towns"))

    public typealias Input = Nothing

    public struct Output: Codable, Sendable, Equatable {
        /// The oldest first.
        public var towns: [TownEntryView]
    }

    public static func run(_ input: Nothing, for user: UserHome) async throws -> Output {
        var towns: [TownEntryView] = []
        for entry in try TownRegistry(home: user.path).entries() { towns.append(await user.look(entry)) }
        return Output(towns: towns)
    }
}

/// A town of the list.
public struct TownEntryView: Codable, Sendable, Equatable {
    public enum State: String, Codable, Sendable, CaseIterable {
        case ok
        /// Its folder does not exist any more.
        case missing
        /// All its agents have ended.
        case stopped
        /// Its folder has no configuration.
        case noConfiguration = "no_configuration"
        /// It cannot be opened; `message` says why.
        case unavailable
    }

    public var name: String
    /// Absolute.
    public var path: String
    public var state: State
    @OrNull public var agents: Int?
    /// Agents that have not ended.
    @OrNull public var live: Int?
    /// Whether a host runs for it on this machine.
    public var isServed = false
    /// Why it cannot be opened.
    @OrNull public var message: String?

    enum CodingKeys: String, CodingKey {
        case name, state, agents, live, message
        case path = "root"
        case isServed = "host_running"
    }

    public init(name: String, path: String, state: State) {
        self.name = name
        self.path = path
        self.state = state
        _agents = OrNull(wrappedValue: nil)
        _live = OrNull(wrappedValue: nil)
        _message = OrNull(wrappedValue: nil)
    }
}
