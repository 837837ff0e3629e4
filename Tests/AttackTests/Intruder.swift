import FoundationEssentials
import Processes
import TestSupport
import TestTown

/// A scratch machine for attacks: a victim's home, and folders that somebody else prepared.
///
/// Commands run through the real binary with an environment that names nothing of the real user.
final class Intruder: Sendable {
    let scratch: ScratchFolder
    /// The victim's home.
    let home: String
    /// The victim's `TT_HOME`.
    let ttHome: String

    init() throws {
        scratch = try ScratchFolder(prefix: "tt-attack")
        home = scratch.path("home")
        ttHome = scratch.path("home/.tt")
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    }

    /// A new folder, such as a freshly cloned repository.
    func folder(_ name: String) throws -> String {
        let path = scratch.path(name)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    /// Runs `tt` as the victim in `folder` and returns its answer, whatever it is.
    func tt(
        _ arguments: [String], in folder: String, environment: [String: String] = [:], input: String? = nil
    ) async throws -> TownOnDisk.Answer {
        let usual = ["PATH": "/usr/bin:/bin", "HOME": home, "TT_HOME": ttHome, "NO_COLOR": "1"]
        let collected = try await ChildProcess.run(
            Launch(
                TownOnDisk.program, arguments, environment: usual.merging(environment) { _, new in new },
                directory: folder, input: input.map { .bytes(Array($0.utf8)) } ?? .none))
        return TownOnDisk.Answer(status: collected.exit, output: collected.outputText, errors: collected.errorText)
    }
}
