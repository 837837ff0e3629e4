/// Says whether a CLI could run an agent here, before an agent gets it.
public struct CheckCLI: Operation {
    public static let spec = OperationSpec(
        "agent.check_cli", "Check whether a CLI can run an agent here", .read, route: .get("/v1/clis/check"),
        errors: [.unknownCLI])

    public struct Input: Codable, Sendable, Equatable {
        public var cli: String?

        public init(cli: String? = nil) { self.cli = cli }
    }

    public struct Output: Codable, Sendable, Equatable {
        public var cli: String
        /// Why it is this one; nil if somebody chose it.
        public var reason: String?
        /// Whether it is a preset or has a name in a configuration; anything else is a command line.
        public var named: Bool
        /// What a person should know of it, in whole sentences without a full stop.
        public var warnings: [String]
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        guard let clis = try town.clis() else {
            throw OperationError(.unavailable, "agent CLIs are not known here")
        }
        let choice = clis.choice(asked: input.cli)
        return Output(
            cli: choice.cli, reason: choice.reason, named: clis.isKnown(choice.cli),
            warnings: try clis.warnings(about: choice.cli))
    }
}

extension CheckCLI.Input: Described {
    public static let fields =
        [
            Field("cli", "a preset, a name of the configuration, or a command line; the default CLI if omitted", .cli)
        ] as [Field<Self>]
}
