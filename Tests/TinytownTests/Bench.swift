import FoundationEssentials
import TestSupport
import Testing
import Tinytown

/// A scratch town that no host serves.
struct Bench: Sendable {
    let folder: ScratchFolder
    let town: Town

    init() async throws {
        folder = try ScratchFolder(prefix: "tt-library")
        town = try await Town.initialize(
            at: folder.path("town"), name: "bench", hosting: .none, environment: Self.environment(folder))
    }

    static func environment(_ folder: ScratchFolder) -> [String: String] {
        ["PATH": "/usr/bin:/bin", "HOME": folder.path, "TT_HOME": folder.path("home")]
    }

    /// The same town, opened once more.
    func again() async throws -> Town {
        try await Town.connect(to: town.root, hosting: .none, environment: Self.environment(folder))
    }
}

/// The code of the error that `body` throws; nil where it throws none of the library's.
func code(_ body: () async throws -> Void) async -> TownError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? TownError)?.code
    }
}
