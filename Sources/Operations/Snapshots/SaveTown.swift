/// Writes the town into one file for version control. Agents may go on working: the file shows one moment.
public struct SaveTown: Operation {
    public static let spec = OperationSpec(
        "town.save", "Save the town's state in a file", .manage, route: .post("/v1/town/save"), errors: [.conflict])

    public struct Input: Codable, Sendable, Equatable {
        public var file: String?
        public var force: Bool?

        public init(file: String? = nil, force: Bool? = nil) {
            self.file = file
            self.force = force
        }
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> TownSnapshot {
        try await TownSnapshot.save(
            town, to: town.snapshotFile(input.file), overwrites: input.force ?? false, program: Version.current,
            progress: town.progress)
    }
}

extension SaveTown.Input: Described {
    public static let fields =
        [
            Field("file", "where to, from the town's folder; \(TownSnapshot.fileName) if omitted"),
            Field("force", "whether to replace a file that is not a snapshot"),
        ] as [Field<Self>]
}

extension OpenTown {
    /// The snapshot that a path means, from the town's folder.
    func snapshotFile(_ path: String?) -> String {
        let path = path ?? TownSnapshot.fileName
        return path.hasPrefix("/") ? path : "\(root)/\(path)"
    }
}
