import Files
import Processes
public import Redis

/// A Redis or Valkey server of ours: started by the first command that needs it, and left running.
///
/// Everything that it has is in one folder of mode 0700: its data with an append-only file, its configuration with the
/// password (mode 0600, so that no list of processes shows it), its log. Two that want it at once start one.
public struct ManagedServer: Sendable {
    /// Where it listens.
    public enum Listening: Sendable, Equatable {
        /// An absolute path.
        case socket(String)
        case port(host: String, port: Int, bind: String)
    }

    /// What it is like.
    public struct Settings: Sendable {
        /// Its folder.
        public var folder: String
        /// The folder above it from which links are no longer followed: the town's, or the user's.
        public var root: String
        public var listensOn: Listening
        /// Where it may listen since it was started by an earlier version, or with another configuration.
        public var earlier: [Listening] = []
        /// The process's, for the PATH.
        public var environment: [String: String]
        /// The user's folder, whose `bin` may have a server program.
        public var home: String
        /// Whether each write is on the disk before it is answered.
        public var synchronous = false
        public var user: String?
        /// Passwords that are configured; the first is what the server is started with.
        public var passwords: [String] = []
        /// Passwords that a server which runs already may have.
        public var otherPasswords: [String] = []
        /// Whether it gets a password where none is configured.
        public var needsPassword = false
        /// Data of a server that Tinytown ran; read where there is none of our own.
        public var legacySnapshot: String?
        /// Whether that data may be read: a file in a town's folder may have come with a repository.
        public var mayReadLegacy = true
        /// How long it may take to start, reading its data not counted.
        public var patience = Duration.seconds(15)

        public init(folder: String, listensOn: Listening, environment: [String: String], home: String) {
            self.folder = folder
            root = Files.parent(of: folder)
            self.listensOn = listensOn
            self.environment = environment
            self.home = home
        }
    }

    public let settings: Settings

    public init(_ settings: Settings) { self.settings = settings }

    /// Where it is, with the configured or the generated password.
    public var endpoint: RedisEndpoint { endpoints(at: settings.listensOn)[0] }

    /// A file of the server.
    func file(_ name: String) -> SafePath { SafePath(path: settings.folder + "/" + name, beneath: settings.root) }

    /// The file that the generated password is in.
    var passwordFile: SafePath { file("password") }
    /// The password that was generated for it; nil if there is none, or its file is not a safe one.
    public var keptPassword: String? { (try? passwordFile.text(limit: Files.Limit.short)) ?? nil }
    /// Which process it is, as `ProcessIdentity`.
    var processFile: SafePath { file("process") }
    public var logFile: String { settings.folder + "/server.log" }
    var lockFile: SafePath { file("start.lock") }
    var configurationFile: SafePath { file("redis.conf") }

    /// One for each password that the server may have, the likeliest first.
    private func endpoints(at place: Listening) -> [RedisEndpoint] {
        let generated = (try? passwordFile.text(limit: Files.Limit.short))?.flatMap { $0.isEmpty ? nil : $0 }
        var passwords: [String?] = settings.passwords
        if settings.passwords.isEmpty, let generated { passwords.append(generated) }
        passwords += settings.otherPasswords
        if !settings.passwords.isEmpty, let generated { passwords.append(generated) }
        if passwords.isEmpty { passwords = [nil] }
        return passwords.map { password in
            var endpoint: RedisEndpoint
            // A listener is not believed for being first: it has to be a process of this user.
            switch place {
            case .socket(let path):
                endpoint = RedisEndpoint(.unix(path: path), user: settings.user, password: password)
                endpoint.owner = .thisUser(advice: "end that program, or choose another socket")
            case .port(let host, let port, _):
                endpoint = RedisEndpoint(.tcp(host: host, port: port), user: settings.user, password: password)
                endpoint.owner = .thisUser(advice: "end that program, or choose another redis.port")
            }
            return endpoint
        }
    }

    /// A client of the server, which is started where it does not run; returns once its data is read.
    ///
    /// - Throws: `ServerError`; `RedisError` where a server runs and refuses.
    public func client(_ options: RedisOptions = RedisOptions()) async throws -> RedisClient {
        let client = try await started(options)
        do { try await client.waitUntilLoaded(patience: .seconds(300)) } catch {
            client.close()
            throw error
        }
        return client
    }

    private func started(_ options: RedisOptions) async throws -> RedisClient {
        if let client = try await running(options) { return client }
        let end = ContinuousClock.now.advanced(by: settings.patience)
        try makeFolder()
        while true {
            if let lock = try FileLock.tryAcquire(lockFile, text: ProcessIdentity.current.description) {
                let client: RedisClient
                do {
                    // The previous holder of the lock may have started it.
                    client =
                        if let client = try await running(options) { client } else {
                            try await start(options, by: end)
                        }
                } catch {
                    lock.release()
                    throw error
                }
                lock.release()
                return client
            }
            if let client = try await running(options) { return client }
            guard .now < end else {
                throw ServerError(
                    .failed, "another process is starting the server in \(settings.folder) and does not get done",
                    hint: "look at \(logFile)")
            }
            // Neither the lock nor the server tells when it is there.
            try await Task.sleep(for: .milliseconds(Int.random(in: 10...30)))
        }
    }

    private func makeFolder() throws {
        do throws(FileError) {
            try Files.makeFolder(settings.root)
            try lockFile.makeFolderAround()
        } catch {
            // What is unsafe is told apart from what only failed.
            if error.isUnsafe { throw error }
            throw ServerError(.file, error.description)
        }
    }

    /// A client of the server where it runs; nil where it does not. Starts nothing.
    ///
    /// - Throws: `RedisError` where a server runs and refuses.
    public func running(_ options: RedisOptions = RedisOptions()) async throws(RedisError) -> RedisClient? {
        if let client = try await running(at: settings.listensOn, options) { return client }
        guard !settings.earlier.isEmpty, process != nil else { return nil }
        for place in settings.earlier {
            if let client = try await running(at: place, options) { return client }
        }
        return nil
    }

    private func running(at place: Listening, _ options: RedisOptions) async throws(RedisError) -> RedisClient? {
        var refusal: RedisError?
        for endpoint in endpoints(at: place) {
            let client = RedisClient(endpoint, options: options)
            do throws(RedisError) {
                try await client.connect()
                return client
            } catch {
                client.close()
                switch error.code {
                case .unavailable: return nil
                case .wrongPassword, .noPassword: refusal = refusal ?? error
                default: throw error
                }
            }
        }
        guard let refusal else { return nil }
        throw refusal
    }

    /// Ends the server in order, with everything on the disk, and returns when it has ended.
    ///
    /// - Parameter isShared: whether others use it as well: it ends only if nobody else is connected.
    /// - Returns: false where none runs.
    /// - Throws: `ServerError` `notOurs` for one that was not started from this folder, `inUse` for a shared one that
    ///   others are connected to; `RedisError` where it refuses, as one that cannot write its data does.
    @discardableResult
    public func stop(isShared: Bool = false) async throws -> Bool {
        guard let client = try await running() else { return false }
        defer { client.close() }
        let info = try await client.send(RedisCommand("INFO", "server").repeatable).text ?? ""
        let pid = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("process_id:") }
            .flatMap { Int32($0.dropFirst("process_id:".count)) }
        guard let process, process.pid == pid else {
            throw ServerError(
                .notOurs, "tt did not start the server at \(endpoint), and leaves it alone",
                hint: "end it in the way that it was started")
        }
        if isShared {
            var others = try await Self.others(client)
            // What a process that has just ended had open is closed in a moment, and nothing tells when.
            for _ in 0..<40 where others > 0 {
                try await Task.sleep(for: .milliseconds(50))
                others = try await Self.others(client)
            }
            guard others == 0 else {
                throw ServerError(
                    .inUse,
                    "\(others == 1 ? "a program is" : "\(others) programs are") connected to the server at \(endpoint), "
                        + "which serves all your towns",
                    hint: "stop the other towns first, see: tt towns; then try again")
            }
        }
        // Its end is its answer.
        do throws(RedisError) { try await client.send(["SHUTDOWN"], timeout: .seconds(60)) } catch {
            guard error.code == .unknownOutcome || error.code == .unavailable else { throw error }
        }
        try await process.waitForExit()
        processFile.remove()
        return true
    }

    /// How many connections it has beside this client's own.
    private static func others(_ client: RedisClient) async throws(RedisError) -> Int {
        let own = try await client.send(["CLIENT", "ID"]).integer.map { "id=\($0)" }
        let all = try await client.send(["CLIENT", "LIST", "TYPE", "NORMAL"]).text ?? ""
        let listening = try await client.send(["CLIENT", "LIST", "TYPE", "PUBSUB"]).text ?? ""
        return (all + "\n" + listening).split(whereSeparator: \.isNewline)
            .filter { $0.split(separator: " ").first.map(String.init) != own }.count
    }
}
