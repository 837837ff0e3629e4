import Concurrency
import Model
import Processes
import Synchronization
import TestSupport

@testable import Harnesses

/// A scratch town with a fake CLI under the names of the real ones.
final class HarnessBench: Sendable {
    let folder: ScratchFolder
    let turn = TurnID(random: SystemRandomness())
    private let seen = Mutex<[HarnessEvent]>([])

    /// - Parameter program: the name under which the fake CLI is found on the PATH.
    init(program: String, scenario: String) throws {
        folder = try ScratchFolder()
        for name in ["bin", "work", "scratch", "home"] { try makeFolder(folder.path(name)) }
        try link(Self.fakeCLI, folder.path("bin/\(program)"))
        try folder.write(scenario, to: "work/scenario")
    }

    /// Everything that the harness said so far.
    var events: [HarnessEvent] { seen.withLock { $0 } }
    var notices: [String] {
        events.compactMap { if case .notice(let text) = $0 { text } else { nil } }
    }

    func registry(
        _ command: HarnessCommand? = nil, clock: any Clock<Duration> = ContinuousClock(),
        inherited: [String: String] = [:]
    ) -> HarnessRegistry {
        var environment = ["PATH": folder.path("bin") + ":/usr/bin:/bin", "HOME": folder.path("home")]
        environment.merge(inherited) { $1 }
        return HarnessRegistry(
            commands: command.map { [$0.name: $0] } ?? [:], town: folder.path, environment: environment, clock: clock,
            now: { Timestamp(microseconds: 1_800_000_000_000_000) })
    }

    func request(
        _ prompt: String = "Hello", session: HarnessSession? = nil, limits: TurnLimits = TurnLimits(grace: .seconds(1))
    ) -> TurnRequest {
        TurnRequest(
            turn: turn, newSessionID: "0f8fad5b-d9cb-469f-a165-70867728950e", session: session, prompt: prompt,
            scratchFolder: folder.path("scratch"), workingDirectory: folder.path("work"),
            environment: ["TINYTOWN_TURN": turn.description, "PATH": "\(folder.path("bin")):/usr/bin:/bin"],
            limits: limits
        ) { event in
            self.seen.withLock { $0.append(event) }
        }
    }

    func text(of name: String) -> String { String(decoding: bytes(of: name), as: UTF8.self) }
    func bytes(of name: String) -> [UInt8] { readFile(folder.path("work/\(name)")) ?? [] }
    /// The words that the fake CLI was started with, without its own name.
    var arguments: [String] { text(of: "argv").split(separator: "\0").dropFirst().map(String.init) }
    var childEnvironment: [String: String] {
        Dictionary(
            text(of: "environment").split(separator: "\0").map { entry in
                let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
            }, uniquingKeysWith: { first, _ in first })
    }

    /// The processes of the turn, by the numbers that they wrote down, that still run.
    var survivors: [Int32] {
        text(of: "pids").split(separator: "\n").compactMap { Int32($0) }.filter {
            ProcessIdentity(pid: $0)?.isAlive ?? false
        }
    }

    private static let fakeCLI: String = {
        let test = Executable.currentPath ?? ""
        return test.split(separator: "/").dropLast().reduce(into: "") { $0 += "/" + $1 } + "/FakeCLI"
    }()
}
