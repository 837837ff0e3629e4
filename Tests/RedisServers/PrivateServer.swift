import Concurrency
import Files
public import Processes
public import Redis
import Synchronization
public import TestSupport

/// A server of a test's own: on a Unix socket in a scratch folder, and ended when the last reference goes.
public final class PrivateServer: Sendable {
    /// Why it does not run.
    public struct Failure: Error, CustomStringConvertible {
        public var description: String
    }

    public let program: ServerProgram
    public let folder: ScratchFolder
    /// The arguments that it is started with, besides those for its socket.
    public let arguments: [String]
    private let child: Mutex<ChildProcess?> = Mutex(nil)

    /// Starts a server, and returns when it answers.
    ///
    /// - Parameter arguments: as on its command line, such as `["--appendonly", "yes"]`.
    public init(
        _ program: ServerProgram = .any, folder: ScratchFolder? = nil, arguments: [String] = []
    ) async throws {
        self.program = program
        self.folder = try folder ?? ScratchFolder(prefix: "tt-redis")
        self.arguments = arguments
        try await start()
    }

    deinit { child.withLock { $0 }?.signal(.kill) }

    /// Its Unix socket.
    public var socket: String { folder.path("redis.sock") }

    /// How clients reach it.
    public var endpoint: RedisEndpoint { RedisEndpoint(.unix(path: socket)) }

    /// A client of it, which is the caller's; patient where nothing else is said, because the machine may be busy.
    public func client(_ options: RedisOptions = .patient) -> RedisClient {
        RedisClient(endpoint, options: options)
    }

    /// Starts it, with what an earlier one left in its folder.
    ///
    /// - Parameter waits: whether to return only when it has read its data.
    public func start(waits: Bool = true) async throws {
        let base = ["--unixsocket", socket, "--dir", folder.path, "--save", "", "--daemonize", "no"]
        let port = arguments.contains("--port") || arguments.contains("--tls-port") ? [] : ["--port", "0"]
        let launch = Launch(
            program.path, base + port + arguments, environment: ["PATH": "/usr/bin:/bin"], directory: folder.path,
            output: .file(SafePath("server.log", in: folder.path)),
            errors: .file(SafePath("server.log", in: folder.path)))
        let started = try await ChildProcess.spawn(launch)
        child.withLock { $0 = started }
        guard waits else { return }
        // A server tells nobody that it is ready.
        let end = ContinuousClock.now.advanced(by: .seconds(50))
        while true {
            let probe = RedisClient(endpoint)
            defer { probe.close() }
            do {
                try await probe.connect()
                try await probe.waitUntilLoaded(patience: .seconds(50))
                return
            } catch {
                if [.noPassword, .wrongPassword].contains(error.code) { return }
                guard started.exitStatus == nil, .now < end else {
                    throw Failure(description: "\(program.path) does not start: \(error); see server.log")
                }
                try await Task.sleep(for: .milliseconds(10))
            }
        }
    }

    /// Kills it as a crash would, and returns when it is gone.
    public func kill() async {
        guard let running = child.withLock({ $0 }) else { return }
        running.signal(.kill)
        _ = await running.exit
    }

    /// The running process; nil before the first start.
    public var process: ChildProcess? { child.withLock { $0 } }
}

extension RedisOptions {
    /// Limits that a busy machine does not reach: for tests that mean no limit in particular.
    public static var patient: RedisOptions {
        var options = RedisOptions()
        (options.connectTimeout, options.requestTimeout, options.silenceLimit) = (.seconds(40), .seconds(40), nil)
        return options
    }
}
