import Concurrency
import Files
import FoundationEssentials
import Processes
import TestOrder
import TestSupport
import TestTown
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file of the victim's that an attacker wants changed, and a folder in which nothing of ours may appear.
private struct Victim {
    let file: String
    let folder: String

    init(_ intruder: Intruder) throws {
        file = try intruder.scratch.write("# the victim's shell\n", to: "home/.bashrc", mode: 0o640)
        folder = intruder.scratch.path("home/private")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try intruder.scratch.write("mine\n", to: "home/private/mine")
    }

    func expectUntouched(_ comment: String) throws {
        #expect(try Files.text(file, links: .followed) == "# the victim's shell\n", "\(comment): content")
        #expect(Files.mode(file) == 0o640, "\(comment): mode")
        #expect(Files.names(in: folder) == ["mine"], "\(comment): folder")
    }
}

/// How an attacker makes one name stand for another file.
private enum Bond: CaseIterable {
    case soft, hard, dangling

    func tie(_ name: String, to victim: Victim) {
        Files.remove(name)
        switch self {
        case .soft: symlink(victim.file, name)
        case .hard: link(victim.file, name)
        case .dangling: symlink(victim.folder + "/new", name)
        }
    }
}

/// Every file that the product keeps in a town.
private let names = [
    ".tt/.gitignore", ".tt/host.lock", ".tt/host.draining", ".tt/host.wanted", ".tt/init.lock", ".tt/town.lock",
    ".tt/town.db", ".tt/town.db-wal", ".tt/town.db-shm", ".tt/town.db-journal", ".tt/town.db.backup-v1",
    ".tt/before-restore.jsonl", ".tt/before-restore.jsonl.new", ".tt/before-restore.jsonl.body",
    ".tt/conductor_context.md", ".tt/conductor_goal", ".tt/conductor_session", ".tt/logs/host.log",
    ".tt/logs/host.log.1", ".tt/logs/eve.log", ".tt/logs/eve_round_1.log", "tasks.toml", "tinytown.snapshot.jsonl",
    "tinytown.snapshot.jsonl.new", "tinytown.snapshot.jsonl.body", ".gitignore",
]

/// Commands that write what these files are for.
private let commands: [[String]] = [
    ["status"], ["task", "list"], ["backlog", "add", "x"], ["logs", "host"], ["logs", "eve"], ["host"],
    ["start", "--detach"], ["save"], ["save", "--force"], ["restore", "--force"], ["plan", "--init"], ["sync", "pull"],
    ["sync", "push"], ["doctor"], ["towns"], ["stop", "--now"],
]

@Suite(.timeLimit(.minutes(10)), .serialized, .queued) struct FileAttacks {
    @Test(arguments: names)
    func `a name in a town that is a link never leads a command into another file`(name: String) async throws {
        for bond in Bond.allCases {
            let intruder = try Intruder()
            let victim = try Victim(intruder)
            let town = try intruder.folder("town")
            #expect(try await intruder.tt(["init", "--name", "t"], in: town).status.isSuccess)
            try intruder.scratch.write("words\n", to: "town/.tt/logs/host.log")
            for command in commands {
                bond.tie(town + "/" + name, to: victim)
                _ = try await intruder.tt(command, in: town)
                try victim.expectUntouched("\(command) with \(name) as a \(bond) link")
            }
        }
    }

    @Test(arguments: names)
    func `init writes through no link that a repository brought`(name: String) async throws {
        for bond in Bond.allCases {
            let intruder = try Intruder()
            let victim = try Victim(intruder)
            let clone = try intruder.folder("clone")
            for folder in [".tt/logs", ".tt/turns"] { try Files.makeFolder(clone + "/" + folder) }
            bond.tie(clone + "/" + name, to: victim)
            _ = try await intruder.tt(["init"], in: clone)
            _ = try await intruder.tt(["backlog", "add", "x"], in: clone)
            try victim.expectUntouched("init with \(name) as a \(bond) link")
        }
    }

    @Test(arguments: [".tt", ".tt/logs", ".tt/turns"])
    func `a folder in a town that is a link is never entered`(name: String) async throws {
        let intruder = try Intruder()
        let victim = try Victim(intruder)
        let clone = try intruder.folder("clone")
        if name != ".tt" { try Files.makeFolder(clone + "/.tt") }
        symlink(victim.folder, clone + "/" + name)
        let answer = try await intruder.tt(["init", "--json"], in: clone)
        #expect(answer.status == .exited(5) && answer.errors.contains("unsafe_file"), "\(answer)")
        #expect(answer.errors.contains("rm \(clone)/\(name)"))
        try victim.expectUntouched("init with \(name) as a link")
        #expect(!Files.exists(clone + "/tinytown.toml"))

        Files.remove(clone + "/.tt")
        #expect(try await intruder.tt(["init"], in: clone).status.isSuccess)
        Files.remove(clone + "/" + name)
        symlink(victim.folder, clone + "/" + name)
        for command in commands {
            _ = try await intruder.tt(command, in: clone)
            try victim.expectUntouched("\(command) with \(name) as a link")
        }
    }

    @Test(arguments: [".tt/host.lock", ".tt/town.lock", ".tt/town.db", ".tt/town.db-wal"])
    func `a refusal names the file and what to do about it`(name: String) async throws {
        let intruder = try Intruder()
        let victim = try Victim(intruder)
        let town = try intruder.folder("town")
        #expect(try await intruder.tt(["init"], in: town).status.isSuccess)
        for bond in [Bond.soft, .hard] {
            bond.tie(town + "/" + name, to: victim)
            let answer = try await intruder.tt(["host", "--json"], in: town)
            #expect(answer.status == .exited(5) && answer.errors.contains("\"unsafe_file\""), "\(answer)")
            #expect(answer.errors.contains("rm \(town)/\(name)"), "\(answer)")
        }
    }

    @Test(arguments: ["eve.log", "eve_round_1.log", "host.log"], [true, false])
    func `an agent's words never reach a file that its log is tied to`(log: String, isHard: Bool) async throws {
        let town = try await TownOnDisk(agents: ["sayer": "echo 'touch /tmp/pwned'"])
        let victim = town.root + "/../victim"
        try "# shell\n".write(toFile: victim, atomically: false, encoding: .utf8)
        let name = town.root + "/.tt/logs/" + log
        if isHard { #expect(link(victim, name) == 0) } else { symlink(victim, name) }
        // Where the host's own log is tied, the host does not start, and says so.
        _ = try await town.answer(["spawn", "eve", "--cli", "sayer", "--max-rounds", "1"])
        _ = try await town.answer(["send", "eve", "speak"])
        if log != "host.log" { try await town.event("eve", "turn") }
        _ = try await town.answer(["wait", "eve", "--timeout", "20"])
        #expect(try String(contentsOfFile: victim, encoding: .utf8) == "# shell\n")
        try await town.close()
    }

    @Test func `the user's own list of ignored files stays as it is`() async throws {
        let intruder = try Intruder()
        let clone = try intruder.folder("clone")
        let key = try intruder.scratch.write("PRIVATE KEY\n", to: "home/key", mode: 0o600)
        symlink(key, clone + "/.gitignore")
        let answer = try await intruder.tt(["init", "--json"], in: clone)
        #expect(answer.status.isSuccess && answer.output.contains("\"gitignore_changed\":false"), "\(answer)")
        #expect(try Files.text(key) == "PRIVATE KEY\n")
        #expect(Files.mode(key) == 0o600)
        #expect(try Files.text(clone + "/.tt/.gitignore") == "*\n")
    }

    /// Files that are read, beneath the scratch folder, and a command that reads each.
    private static let readings: [(file: String, command: [String])] = [
        ("town/tinytown.toml", ["status"]), ("town/tasks.toml", ["plan"]), ("town/tasks.toml", ["sync", "push"]),
        ("town/tinytown.snapshot.jsonl", ["restore", "--force"]), ("town/tinytown.snapshot.jsonl", ["save"]),
        ("home/.tt/config.toml", ["config"]), ("home/.tt/config.toml", ["list"]), ("home/.tt/towns.toml", ["towns"]),
        ("town/.tt/host.lock", ["start", "--detach"]), ("town/.tt/logs/host.log", ["logs", "host"]),
        ("town/.tt/.gitignore", ["doctor"]), ("town/.git", ["doctor"]), ("new/.git", ["init"]),
        ("new/.git/HEAD", ["init"]), ("home/.tt/towns.lock", ["init"]),
    ]

    @Test(arguments: readings.indices)
    func `a pipe, an endless device or a huge file never holds a command up`(index: Int) async throws {
        let (file, command) = Self.readings[index]
        for kind in ["pipe", "device", "huge"] {
            let intruder = try Intruder()
            let town = try intruder.folder("town")
            #expect(try await intruder.tt(["init", "--name", "t"], in: town).status.isSuccess)
            let path = intruder.scratch.path(file)
            try Files.makeFolder(Files.parent(of: path))
            Files.remove(path)
            switch kind {
            case "pipe": #expect(mkfifo(path, 0o600) == 0)
            case "device": #expect(symlink("/dev/zero", path) == 0)
            default:
                try intruder.scratch.write("", to: file)
                #expect(truncate(path, 1 << 36) == 0)
            }
            let folder = file.hasPrefix("new/") || file.hasSuffix("towns.lock") ? try intruder.folder("new") : town
            let start = ContinuousClock.now
            let answer = try await limited(intruder, command, in: folder)
            #expect(answer.status != .signalled(.kill), "\(command) with \(file) as a \(kind) did not end")
            #expect(ContinuousClock.now - start < .seconds(20))
            _ = try await intruder.tt(["stop", "--now"], in: town)
        }
    }

    /// Runs a command with 300 MB of memory and 20 seconds of time, so that what eats either fails.
    private func limited(_ intruder: Intruder, _ command: [String], in folder: String) async throws
        -> TownOnDisk.Answer
    {
        let launch = Launch(
            "/bin/sh",
            ["-c", "exec timeout -s KILL 20 \"$@\"", "sh", "prlimit", "--data=300000000", TownOnDisk.program] + command,
            environment: ["PATH": "/usr/bin:/bin", "HOME": intruder.home, "TT_HOME": intruder.ttHome],
            directory: folder, input: .none)
        let collected = try await ChildProcess.run(launch)
        return TownOnDisk.Answer(status: collected.exit, output: collected.outputText, errors: collected.errorText)
    }
}
