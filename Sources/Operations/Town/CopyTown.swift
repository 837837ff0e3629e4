public import Configuration
import Model

/// Copies everything that the town holds into another store, and compares what is in both. The town uses the other store
/// from the moment on when its configuration says so.
public struct CopyTown: Operation {
    public static let spec = OperationSpec(
        "town.copy", "Copy everything in the town into another store", .manage,
        discussion: "Hosts have to be stopped. What was copied is read back and compared.",
        route: .post("/v1/copy"), isDestructive: true, errors: [.conflict])

    public struct Input: Codable, Sendable, Equatable {
        public var to: TownConfiguration.StoreKind
        public var force: Bool?

        public init(to: TownConfiguration.StoreKind, force: Bool? = nil) {
            self.to = to
            self.force = force
        }
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> TownCopy {
        guard input.to != town.configuration.store else {
            throw OperationError(.conflict, "the town '\(town.name)' is already in \(input.to.rawValue)")
        }
        var configuration = town.configuration
        configuration.store = input.to
        return try await TownAtRest.hold(town) { [configuration] _ in
            let target = try await town.openStore(configuration)
            do {
                let copy = try await TownCopy.make(
                    from: town.store, to: target,
                    ReplaceTerms(
                        overwrites: input.force == true,
                        deadHosts: try await TownAtRest.deadHosts(in: target, of: town)), progress: town.progress)
                await target.close()
                return copy
            } catch {
                await target.close()
                throw error
            }
        }
    }
}

extension CopyTown.Input: Described {
    public static let fields =
        [
            Field("to", "the store to copy to, as the configuration describes it"),
            Field("force", "replace this town's state in the other store"),
        ] as [Field<Self>]
}
