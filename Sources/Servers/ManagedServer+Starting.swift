import Files
public import Processes
import Redis

extension ManagedServer {
    /// Starts the server; only for the holder of the lock.
    func start(_ options: RedisOptions, by end: ContinuousClock.Instant) async throws -> RedisClient {
        if let old = process {
            // Somebody ended between starting it and waiting for it. A second one on the same data would ruin it.
            return try await waitUntilReady(options, process: old, by: end)
        }
        let program = try await ServerProgram.find(home: settings.home, environment: settings.environment)
        let isFirst = try adoptSnapshot()
        try writeConfiguration(appends: !isFirst)
        let process: ProcessIdentity
        do {
            process = try await ChildProcess.spawnDetached(
                program.path, [configurationFile.path],
                environment: ServerProgram.inherited(settings.environment),
                directory: settings.folder, log: file("server.log"))
            try processFile.write(process.description)
        } catch {
            throw ServerError(.failed, "\(program.path) cannot be started: \(error)")
        }
        let client = try await waitUntilReady(options, process: process, by: end)
        if isFirst { try await appendFromNowOn(client) }
        return client
    }

    /// The process that was started last, where it still runs. A number that was given to another process since, or
    /// that a crash left behind, is none.
    public var process: ProcessIdentity? {
        guard let text = (try? processFile.text(limit: Files.Limit.short)) ?? nil, let identity = ProcessIdentity(text),
            identity.isAlive
        else {
            return nil
        }
        return identity
    }

    /// The same if that process really serves the socket: a file is only what somebody wrote into it.
    public func servingProcess() async -> ProcessIdentity? {
        guard let process, await endpoint.servingProcess() == process.pid else { return nil }
        return process
    }

    private func waitUntilReady(
        _ options: RedisOptions, process: ProcessIdentity, by end: ContinuousClock.Instant
    ) async throws -> RedisClient {
        while true {
            let isAlive = process.isAlive
            if let client = try await running(options) { return client }
            guard isAlive else {
                if isAddressTaken {
                    throw ServerError(
                        .failed, "\(endpoint) is used by another program, which is no Redis or Valkey server",
                        hint: "choose another redis.port, or end that program")
                }
                throw ServerError(
                    .failed, "the server ended while it started: \(lastWords)", hint: "look at \(logFile)")
            }
            guard .now < end else {
                throw ServerError(
                    .failed, "the server runs as process \(process.pid), but nothing answers at \(endpoint)",
                    hint: "look at \(logFile); if its address was changed since it started, end it: kill \(process.pid)"
                )
            }
            // A server tells nobody that it is ready.
            try await Task.sleep(for: .milliseconds(15))
        }
    }

    /// The last line of its log.
    private var lastWords: String { lastLines(1).last ?? "it said nothing" }

    /// Whether it ended because its port has somebody else's program.
    private var isAddressTaken: Bool { lastLines(4).contains { $0.contains("Address already in use") } }

    private func lastLines(_ count: Int) -> [String] {
        let end = (try? file("server.log").tail(16_384)) ?? []
        let lines = String(decoding: end, as: UTF8.self).split(whereSeparator: \.isNewline)
        return lines.suffix(count).map(String.init)
    }

    // MARK: - Data

    /// Whether there is a snapshot and no append-only file yet. A server that is told to append would begin empty
    /// then, so it reads the snapshot first.
    private func adoptSnapshot() throws -> Bool {
        let (folder, snapshot) = (file("appendonlydir"), file("dump.rdb"))
        // The server opens them by their names, and would follow links.
        try snapshot.check(siblings: [snapshot.name, "server.log"])
        let names = folder.names
        try folder.appending("x").check(siblings: names)
        if names.contains(where: { $0.hasSuffix(".manifest") }) { return false }
        if snapshot.exists { return true }
        guard let legacy = settings.legacySnapshot else { return false }
        guard Files.exists(legacy) else { return false }
        guard settings.mayReadLegacy else {
            throw ServerError(
                .configuration, "\(legacy) may hold the town of an earlier server, or have come with the repository",
                hint: "if it is yours, run: tt config redis.read_dump \(Files.parent(of: legacy)); if not, move it away"
            )
        }
        do throws(FileError) { return try snapshot.copy(of: SafePath(path: legacy)) } catch {
            if error.isUnsafe { throw error }
            throw ServerError(.file, "the data of the earlier server cannot be taken over: \(error)")
        }
    }

    /// Turns the append-only file on, and returns when everything is in it.
    private func appendFromNowOn(_ client: RedisClient) async throws {
        try await client.waitUntilLoaded(patience: .seconds(300))
        try await client.send(RedisCommand("CONFIG", "SET", "appendonly", "yes").repeatable)
        while true {
            let info = try await client.send(RedisCommand("INFO", "persistence").repeatable).text ?? ""
            if info.contains("aof_rewrite_in_progress:0"), info.contains("aof_rewrite_scheduled:0") { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        try writeConfiguration(appends: true)
    }

    // MARK: - Configuration

    private func writeConfiguration(appends: Bool) throws(ServerError) {
        if case .socket(let path) = settings.listensOn { try check(socket: path) }
        do throws(FileError) {
            var lines = [
                "# Written by tt whenever it starts this server; changes are lost.",
                "daemonize no", "supervised no", "loglevel notice",
                "dir \(Self.quoted(settings.folder))",
                "appendonly \(appends ? "yes" : "no")",
                "appendfsync \(settings.synchronous ? "always" : "everysec")",
                // State is kept, never thrown away to make room.
                "maxmemory-policy noeviction",
                // Clients write no file of their choice, and load no code into the server.
                "enable-protected-configs no", "enable-debug-command no", "enable-module-command no",
            ]
            switch settings.listensOn {
            case .socket(let path):
                lines += ["port 0", "unixsocket \(Self.quoted(path))", "unixsocketperm 700"]
            case .port(_, let port, let bind):
                lines += ["port \(port)", "bind \(Self.quoted(bind))", "protected-mode yes"]
            }
            if let password = try password() { lines.append("requirepass \(Self.quoted(password))") }
            try configurationFile.write(lines.joined(separator: "\n") + "\n")
        } catch {
            throw ServerError(.file, "the server's configuration cannot be written: \(error)")
        }
    }

    /// A server removes what is at the place of its socket, and anyone who can write to the folder could take that place.
    private func check(socket path: String) throws(ServerError) {
        let longest = 107
        guard path.utf8.count <= longest else {
            throw ServerError(
                .configuration, "the path of a socket may have \(longest) bytes; \(path) is longer",
                hint: "set redis.socket_path to a shorter one, such as /run/user/\(Files.user)/town.sock")
        }
        let folder = Files.parent(of: path)
        guard let status = Files.status(folder), status.isFolder, [0, Files.user].contains(status.owner),
            status.mode & 0o022 == 0
        else {
            throw ServerError(
                .configuration, "\(folder) is no place for a server's socket: it must exist, and only you may write it",
                hint: "choose another redis.socket_path, or run: chmod go-w \(folder)")
        }
        guard !Files.exists(path) || Files.isSocket(path) else {
            throw ServerError(
                .configuration, "redis.socket_path names \(path), which is a file and no socket",
                hint: "choose another redis.socket_path")
        }
    }

    /// The configured password, or the generated one, made at first (W36).
    private func password() throws(FileError) -> String? {
        if let configured = settings.passwords.first { return configured }
        if let kept = try passwordFile.text(limit: Files.Limit.short), !kept.isEmpty { return kept }
        guard settings.needsPassword else { return nil }
        // What a server that ran before may have had; clients of other programs still know it.
        let new = settings.otherPasswords.first ?? Self.newPassword()
        try passwordFile.write(new)
        return new
    }

    /// 32 hexadecimal digits from the system's generator, which is made for secrets.
    static func newPassword() -> String {
        var generator = SystemRandomNumberGenerator()
        let digits = (0..<32).map { _ in String(Int.random(in: 0..<16, using: &generator), radix: 16) }
        return "tt_" + digits.joined()
    }

    /// Text as the server's configuration takes it, whatever it holds.
    static func quoted(_ text: String) -> String {
        let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:,+ ".utf8)
        let parts = text.utf8.map { byte in
            if plain.contains(byte) { return String(UnicodeScalar(byte)) }
            let digits = String(byte, radix: 16)
            return "\\x" + (byte < 16 ? "0" : "") + digits
        }
        return "\"\(parts.joined())\""
    }
}
