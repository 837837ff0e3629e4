public import Configuration

/// What belongs to the user of this machine and to no single town: the settings, and the list of towns.
public struct UserHome: Sendable {
    /// Its folder: `$TT_HOME`, else `~/.tt`.
    public var path: String
    /// Looks at a town of the list, and starts and changes nothing.
    public var look: @Sendable (TownRegistry.Entry) async -> TownEntryView
    /// Makes a folder, whose path is absolute, a town with a name that may be one; nil takes the usual name.
    public var make: @Sendable (_ folder: String, _ name: String?) async throws -> InitTown.Output
    /// Why no agent of this user can run a CLI; nil if one can.
    public var problemWithCLI: @Sendable (String) throws -> String?

    public init(
        path: String, look: @escaping @Sendable (TownRegistry.Entry) async -> TownEntryView,
        make: @escaping @Sendable (String, String?) async throws -> InitTown.Output,
        problemWithCLI: @escaping @Sendable (String) throws -> String?
    ) {
        self.path = path
        self.look = look
        self.make = make
        self.problemWithCLI = problemWithCLI
    }

    /// The file of the settings.
    public var settings: String { path + "/config.toml" }
}

/// An operation that needs no town. Through a town that is open it can be called like any other.
public protocol UserOperation: Operation {
    static func run(_ input: Input, for user: UserHome) async throws -> Output
}

extension UserOperation {
    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        guard let user = town.user else {
            throw OperationError(.unavailable, "the user's settings and towns are not known here")
        }
        return try await run(input, for: user)
    }

    /// Carries it out where no town is open.
    /// - Throws: `OperationError`, `ConfigurationError`, `FileError`.
    public static func call(_ input: Input, for user: UserHome) async throws -> Output {
        try input.validate()
        return try await run(input, for: user)
    }
}
