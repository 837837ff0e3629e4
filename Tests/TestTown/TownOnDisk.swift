import Concurrency
import FoundationEssentials
public import Processes
public import RedisServers
import TestSupport

/// A scratch town that is driven through the real binary, with agents that are small shell scripts.
public final class TownOnDisk: Sendable {
    private let folder: ScratchFolder
    /// The town's folder.
    public let root: String
    private let environment: [String: String]

    /// The binary beside the test bundle: it is built with it.
    public static let program: String = {
        let bundle = Executable.currentPath ?? CommandLine.arguments[0]
        return String(bundle[..<bundle.lastIndex(of: "/")!]) + "/tt"
    }()

    /// - Parameters:
    ///   - agents: names of CLIs and the shell script of each, which finds the prompt on its standard input.
    ///   - settings: the tables of `tinytown.toml`.
    ///   - redis: the address of a server that keeps the town's state; nil for the embedded store.
    ///   - ownServer: keeps it in a server of the town's own, which is this program.
    ///   - environment: more for every command.
    public init(
        agents: [String: String] = [:], settings: String = "", redis: String? = nil, ownServer: ServerProgram? = nil,
        environment: [String: String] = [:]
    ) async throws {
        folder = try ScratchFolder(prefix: "tt-town")
        root = folder.path("town")
        let usual = [
            "PATH": "/usr/bin:/bin", "HOME": folder.path, "TT_HOME": folder.path("home"), "NO_COLOR": "1",
        ]
        self.environment = usual.merging(environment) { _, new in new }
        if let ownServer {
            let name = ownServer.name.hasPrefix("valkey") ? "valkey-server" : "redis-server"
            try FileManager.default.createDirectory(
                atPath: folder.path("home/bin"), withIntermediateDirectories: true)
            try folder.write("#!/bin/sh\nexec \(ownServer.path) \"$@\"\n", to: "home/bin/\(name)", mode: 0o700)
        }
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try await tt("init", "--name", "scratch")
        let store = redis == nil && ownServer == nil ? "sqlite" : "redis"
        var toml = "name = \"scratch\"\nstore = \"\(store)\"\n" + settings + "\n"
        if let redis { toml += "\n[redis]\nurl = \"\(redis)\"\n" }
        for (name, script) in agents {
            _ = try folder.write("\(script)\n", to: "\(name).sh")
            toml += "\n[agent_clis.\(name)]\ncommand = \"sh \(folder.path("\(name).sh"))\"\n"
        }
        try toml.write(toFile: root + "/tinytown.toml", atomically: true, encoding: .utf8)
        try await tt("trust", "--yes")
    }

    /// What every command of the town has in its environment.
    public var variables: [String: String] { environment }

    // However the test went: its own server must not outlive it.
    deinit { server?.send(.kill) }

    /// What did not go as it had to; it fails the test that it passes through.
    public struct Failure: Error, CustomStringConvertible {
        public var description: String

        init(_ description: String) { self.description = description }
    }

    public struct Answer: Sendable {
        public var status: Processes.ExitStatus
        public var output: String
        public var errors: String

        public init(status: Processes.ExitStatus, output: String, errors: String) {
            self.status = status
            self.output = output
            self.errors = errors
        }
    }

    /// Runs a command and takes whatever it answers.
    /// - Parameter more: environment for this command alone.
    public func answer(
        _ arguments: [String], input: String? = nil, environment more: [String: String] = [:]
    ) async throws -> Answer {
        let collected = try await ChildProcess.run(
            Launch(
                Self.program, arguments, environment: environment.merging(more) { _, new in new }, directory: root,
                input: input.map { .bytes(Array($0.utf8)) } ?? .none))
        return Answer(status: collected.exit, output: collected.outputText, errors: collected.errorText)
    }

    /// Starts a command that goes on; its output and its errors are one stream.
    public func start(_ arguments: String...) async throws -> ChildProcess {
        try await ChildProcess.spawn(
            Launch(
                Self.program, arguments, environment: environment, directory: root, input: .none, output: .stream,
                errors: .discard))
    }

    /// Runs a command that has to succeed.
    @discardableResult
    public func tt(_ arguments: String...) async throws -> String {
        let answer = try await answer(arguments)
        guard answer.status.isSuccess else { throw Failure("tt \(arguments.joined(separator: " ")): \(answer.errors)") }
        return answer.output
    }

    /// Runs one of the example programs in this town with the agent CLI `stand-in`, and gives what it printed.
    public func example(_ name: String) async throws -> String {
        let folder = String(Self.program[..<Self.program.lastIndex(of: "/")!])
        var environment = environment
        environment["PATH"] = folder + ":/usr/bin:/bin"
        let collected = try await ChildProcess.run(
            Launch("\(folder)/\(name)", [root, "stand-in"], environment: environment, directory: root, input: .none))
        guard collected.exit.isSuccess else { throw Failure("\(name): \(collected.errorText)") }
        return collected.outputText
    }

    /// Follows the event log until a line holds all of `words`; gives up after a minute and a half.
    public func event(_ words: String...) async throws {
        let follower = try await ChildProcess.spawn(
            Launch(
                Self.program, ["events", "--count", "1000", "--follow"], environment: environment, directory: root,
                input: .none, output: .stream, errors: .discard))
        let limit = Task {
            try await Task.sleep(for: .seconds(90))
            _ = follower.signal(.kill)
        }
        defer { limit.cancel() }
        var framer = LineFramer()
        var seen: [String] = []
        var found = false
        if let output = follower.output {
            search: for await chunk in output {
                for line in framer.append(chunk) {
                    let text = String(decoding: line, as: UTF8.self)
                    seen.append(text)
                    if words.allSatisfy(text.contains) {
                        found = true
                        break search
                    }
                }
            }
        }
        _ = follower.signal(.kill)
        follower.finishOutput()
        _ = await follower.exit
        guard found else { throw Failure("no event with \(words); there were:\n\(seen.joined(separator: "\n"))") }
    }

    /// A value out of `tt … --json`, by a path of keys and indexes.
    public func json(_ arguments: [String], _ path: String...) async throws -> String? {
        let answer = try await answer(arguments + ["--json"])
        guard answer.status.isSuccess else { throw Failure("\(arguments): \(answer.errors)") }
        return try JSONValue(answer.output).at(path)?.text
    }

    public var hostPid: Int32? {
        get async throws { try await json(["status"], "hosts", "0", "pid").flatMap { Int32($0) } }
    }

    /// The process of the town's own server, where it has one.
    public var server: ProcessIdentity? {
        (try? String(contentsOfFile: root + "/.tt/redis/process", encoding: .utf8)).flatMap { ProcessIdentity($0) }
    }

    /// The process that starts the town's host again if that dies.
    public var guardian: ProcessIdentity? { process(in: "host.guardian") }

    /// The process that serves the town in the background, as its lock says.
    public var host: ProcessIdentity? { process(in: "host.lock").flatMap { $0.isAlive ? $0 : nil } }

    private func process(in file: String) -> ProcessIdentity? {
        (try? String(contentsOfFile: root + "/.tt/" + file, encoding: .utf8))
            .flatMap { ProcessIdentity(String($0.prefix { !$0.isNewline })) }
    }

    /// The host and its guardian, as soon as there are both: a host serves before it has one.
    public func guarded() async throws -> (host: ProcessIdentity, guardian: ProcessIdentity) {
        for _ in 0..<2000 {
            if let host, let guardian, guardian.isAlive { return (host, guardian) }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw Failure("there is no host with a guardian")
    }

    /// Kills the host together with its guardian, so that nothing starts another one by itself.
    /// - Returns: the host.
    @discardableResult
    public func killHostAndGuardian() async throws -> ProcessIdentity {
        let (host, guardian) = try await guarded()
        // Held, so that neither learns of the other's end in time to do something about it.
        guardian.send(.stop)
        host.send(.kill)
        guardian.send(.kill)
        try await host.waitForExit()
        try await guardian.waitForExit()
        return host
    }

    /// Processes of this town's turns.
    public var processes: [ProcessIdentity] {
        get async { await ProcessTree.processes(withEnvironment: "TINYTOWN_TOWN=\(root)") }
    }

    /// Stops everything; what is left after that is a failure of the test.
    public func close() async throws {
        let guardian = guardian
        _ = try await answer(["stop", "--now"])
        let left = await processes + [guardian].compactMap(\.self).filter(\.isAlive)
        guard left.isEmpty else { throw Failure("processes are left: \(left)") }
    }
}

/// JSON as a tree, for looking into answers.
public enum JSONValue: Decodable {
    case object([String: JSONValue])
    case array([JSONValue])
    case string(String)
    case number(Double)
    case bool(Bool)
    case null

    /// Reads a JSON text.
    public init(_ text: String) throws { self = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    /// The value at a path of keys and indexes.
    public func at(_ path: [String]) -> JSONValue? {
        guard let key = path.first else { return self }
        let rest = Array(path.dropFirst())
        switch self {
        case .object(let fields): return fields[key]?.at(rest)
        case .array(let items): return Int(key).flatMap { items.indices.contains($0) ? items[$0].at(rest) : nil }
        default: return nil
        }
    }

    /// The value as text; nil for objects, arrays and null.
    public var text: String? {
        switch self {
        case .string(let text): text
        case .number(let number): number == number.rounded() ? String(Int64(number)) : String(number)
        case .bool(let truth): String(truth)
        default: nil
        }
    }
}
