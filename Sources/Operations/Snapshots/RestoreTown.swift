import Configuration
import Model

/// Puts a snapshot in place of what the town keeps, wholly or not at all. Restored agents take no turn before somebody
/// gives them work.
public struct RestoreTown: Operation {
    public static let spec = OperationSpec(
        "town.restore", "Restore the state that was saved in a file", .manage, route: .post("/v1/town/restore"),
        isDestructive: true, errors: [.fileNotFound, .conflict, .notEmpty, .foreignCLIs])

    public struct Input: Codable, Sendable, Equatable {
        public var file: String?
        public var force: Bool?
        public var accepts: [String]?

        public init(file: String? = nil, force: Bool? = nil, accepts: [String]? = nil) {
            self.file = file
            self.force = force
            self.accepts = accepts
        }
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> TownSnapshot {
        let file = town.snapshotFile(input.file)
        let overwrites = input.force ?? false
        return try await TownAtRest.hold(town) { deadHosts in
            let found = try await TownSnapshot.check(file, progress: town.progress)
            let foreign = try await town.foreignCLIs(of: found).filter { input.accepts?.contains($0) != true }
            guard foreign.isEmpty else {
                throw OperationError(
                    .foreignCLIs,
                    "the snapshot's agents are run by commands that are not known here: "
                        + foreign.joined(separator: " · "),
                    field: "accepts", hint: "nothing was changed; accept them if you know the file's author")
            }
            // Opened before the town is kept: the file may be the one that is written for that.
            let source = try found.opened(town.progress)
            if overwrites {
                _ = try await TownSnapshot.save(
                    town, to: TownFiles(root: town.root).state + "/before-restore.jsonl", overwrites: true,
                    program: Version.current)
            }
            try await source.restore(town, ReplaceTerms(overwrites: overwrites, deadHosts: deadHosts))
            return found
        }
    }
}

extension RestoreTown.Input: Described {
    public static let fields =
        [
            Field("file", "the snapshot, from the town's folder; \(TownSnapshot.fileName) if omitted"),
            Field("force", "whether to replace the town's state, which is kept in .tt/before-restore.jsonl"),
            Field("accepts", "command lines that agents of the file may be run by, although they are not known here"),
        ] as [Field<Self>]
}

/// Reads a snapshot and changes nothing.
public struct CheckSnapshot: Operation {
    public static let spec = OperationSpec(
        "town.check_snapshot", "Check a file that holds a town's state", .manage,
        route: .post("/v1/town/check-snapshot"), isIdempotent: true, errors: [.fileNotFound])

    public struct Input: Codable, Sendable, Equatable {
        public var file: String?

        public init(file: String? = nil) { self.file = file }
    }

    public struct Output: Codable, Sendable, Equatable {
        public var snapshot: TownSnapshot
        /// Command lines of its agents that the file's author chose, and nobody here. They have to be accepted.
        public var foreignCLIs: [String]

        enum CodingKeys: String, CodingKey {
            case snapshot
            case foreignCLIs = "foreign_clis"
        }
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        let snapshot = try await TownSnapshot.check(town.snapshotFile(input.file), progress: town.progress)
        return Output(snapshot: snapshot, foreignCLIs: try await town.foreignCLIs(of: snapshot))
    }
}

extension CheckSnapshot.Input: Described {
    public static let fields = [
        Field<Self>("file", "the snapshot, from the town's folder; \(TownSnapshot.fileName) if omitted")
    ]
}

extension OpenTown {
    /// The next message to one of its agents would run them. Known CLIs, and those that agents of this town have already,
    /// are not among them.
    fileprivate func foreignCLIs(of snapshot: TownSnapshot) async throws -> [String] {
        guard let clis = try clis() else { return [] }
        let present = Set(try await store.agents().map(\.cli))
        return snapshot.clis.filter { !clis.isKnown($0) && !present.contains($0) }
    }
}
