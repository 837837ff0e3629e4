import Configuration

/// Makes a folder a town. Nothing that is there is overwritten.
public struct InitTown: UserOperation {
    public static let spec = OperationSpec(
        "town.init", "Create a town in a folder", .admin, route: .post("/v1/towns", status: 201), errors: [.conflict])

    public struct Input: Codable, Sendable, Equatable {
        public var folder: String
        public var name: String?

        public init(folder: String, name: String? = nil) {
            self.folder = folder
            self.name = name
        }
    }

    public struct Output: Codable, Sendable, Equatable {
        public var name: String
        /// The town's folder, absolute and without links.
        public var root: String
        /// Its configuration.
        public var file: String
        /// Always false: `.tt` holds a `.gitignore` of its own, and the user's is never written.
        public var gitignoreChanged = false
        /// False where the list of the user's towns could not be written.
        public var registered: Bool
        /// The CLI that agents get unless another is named.
        public var defaultCLI: String
        /// Why it is this one and how to change that; null if somebody chose it.
        @OrNull public var cliReason: String?
        /// In whole sentences without a full stop.
        public var warnings: [String]

        enum CodingKeys: String, CodingKey {
            case name, root, file, registered, warnings
            case gitignoreChanged = "gitignore_changed"
            case defaultCLI = "default_cli"
            case cliReason = "cli_reason"
        }

        public init(
            name: String, root: String, file: String, registered: Bool, defaultCLI: String, cliReason: String?,
            warnings: [String]
        ) {
            self.name = name
            self.root = root
            self.file = file
            self.registered = registered
            self.defaultCLI = defaultCLI
            _cliReason = OrNull(wrappedValue: cliReason)
            self.warnings = warnings
        }
    }

    public static func run(_ input: Input, for user: UserHome) async throws -> Output {
        guard input.folder.hasPrefix("/") else {
            throw OperationError(
                .invalid, "'\(input.folder)' is not an absolute path", .field("folder", why: "name it from the root"))
        }
        if let name = input.name, let problem = TownName.problem(with: name) {
            throw OperationError(.invalid, "the town's name \(problem)")
        }
        return try await user.make(input.folder, input.name)
    }
}

extension InitTown.Input: Described {
    public static let fields =
        [
            Field("folder", "the folder, as an absolute path; it is created if needed"),
            Field("name", "the town's name; that of the repository and its branch, or of the folder, if omitted"),
        ] as [Field<Self>]
}
