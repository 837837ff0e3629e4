import CShims
import Concurrency
import Peers
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Lets programs of this user use a server without knowing its address or password: a Unix socket on which each client
/// gets a connection of its own that has introduced itself already.
///
/// Clients ask for what a town's verbs need; see `RelayFilter`. Nothing is kept: a client that is slow slows down its own
/// connection.
public final class RedisRelay: Sendable {
    private struct State: Sendable {
        var listening: Reactor.Registration?
        var pairs: [Int: RelayPair] = [:]
        /// Clients, those included whose connection is being made.
        var clients = 0
        /// How many of them are of one session of processes, as each turn is one.
        var sessions: [Int32: Int] = [:]
        var last = 0
        var isClosed = false
    }

    /// The path of its socket.
    public let path: String
    private let endpoint: RedisEndpoint
    private let limit: Int
    private let sessionLimit: Int
    private let revive: @Sendable () async -> RedisEndpoint?
    private let log: @Sendable (String) -> Void
    private let state = Mutex(State())
    private let listener: Socket

    /// Begins to listen.
    ///
    /// - Parameters:
    ///   - path: where nothing is yet, in a folder that only this user can write.
    ///   - endpoint: the server, with everything that it asks for.
    ///   - limit: clients at once; more wait.
    ///   - sessionLimit: clients of one session of processes at once; more are sent away, so that a turn cannot keep out
    ///     the others.
    ///   - revive: called when no server answers; where it is then.
    ///   - log: told in one line what was refused.
    /// - Throws: `unavailable` if the socket cannot be made.
    public init(
        path: String, to endpoint: RedisEndpoint, limit: Int = 256, sessionLimit: Int = 64,
        revive: @escaping @Sendable () async -> RedisEndpoint? = { nil },
        log: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(RedisError) {
        let descriptor = shim_unix_listen(path, 64)
        guard descriptor >= 0 else {
            throw RedisError(.unavailable, "a socket cannot be made at \(path): \(systemText(-descriptor))")
        }
        (self.path, self.endpoint, self.limit, self.sessionLimit) = (path, endpoint, limit, sessionLimit)
        (self.revive, self.log) = (revive, log)
        let listener = Socket(descriptor)
        self.listener = listener
        let registration = Reactor.shared.register(
            descriptor, for: .reading, onCancel: { withExtendedLifetime(listener) {} },
            handler: { [weak self] in self?.accept() })
        state.withLock { $0.listening = registration }
    }

    deinit { close() }

    /// Ends it and all connections, and removes its socket.
    public func close() {
        let pairs: [RelayPair]? = state.withLock { state in
            guard !state.isClosed else { return nil }
            state.isClosed = true
            state.listening?.cancel()
            defer { state.pairs = [:] }
            return Array(state.pairs.values)
        }
        guard let pairs else { return }
        unlink(path)
        Reactor.shared.perform { for pair in pairs { pair.end() } }
    }

    /// Removes the socket of a relay whose process has died; one that is served stays.
    public static func removeIfAbandoned(_ path: String) async {
        do throws(RedisError) {
            _ = try await Socket.connect(to: .unix(path: path))
        } catch {
            if error.code == .unavailable { unlink(path) }
        }
    }

    // MARK: - Clients

    private func accept() {
        while true {
            let descriptor = shim_accept(listener.descriptor)
            guard descriptor >= 0 else {
                // No descriptor is left: the one that waits is taken when there is one again.
                if descriptor == -EMFILE || descriptor == -ENFILE { rest() }
                if descriptor == -ECONNABORTED || descriptor == -EINTR { continue }
                return
            }
            let client = Socket(descriptor)
            guard SocketPeer.of(descriptor) == .trusted else {
                log("another user tried to reach the town's store, and was refused")
                continue
            }
            let session = SocketPeer.session(of: descriptor)
            let (id, isFull): (Int?, Bool) = state.withLock { state in
                guard state.sessions[session, default: 0] < sessionLimit else { return (nil, false) }
                state.last += 1
                state.clients += 1
                state.sessions[session, default: 0] += 1
                if state.clients >= limit { state.listening?.pause() }
                return (state.last, state.clients >= limit)
            }
            guard let id else {
                client.tell("ERR one turn has \(sessionLimit) connections to the store already; close some")
                continue
            }
            Task { await serve(client, id, session) }
            if isFull { return }
        }
    }

    private func rest() {
        state.withLock { $0.listening?.pause() }
        Task {
            try? await Task.sleep(for: .milliseconds(100))
            state.withLock { if $0.clients < limit { $0.listening?.resume() } }
        }
    }

    private func serve(_ client: Socket, _ id: Int, _ session: Int32) async {
        switch await connection() {
        case .success(let (server, tls)):
            let pair = RelayPair(client: client, server: server, tls: tls) { [weak self] command in
                self?.ended(id, session, command)
            }
            let isWanted = state.withLock { state in
                if state.isClosed { return false }
                state.pairs[id] = pair
                return true
            }
            Reactor.shared.perform { if isWanted { pair.start() } else { pair.end() } }
        case .failure(let error):
            // A connection that just ends is tried again; an error that stays is told.
            if !error.isPassing { client.tell("ERR the host of this turn cannot reach the store: \(error.message)") }
            client.shutDown()
            ended(id, session, nil)
        }
    }

    private func ended(_ id: Int, _ session: Int32, _ command: String?) {
        if let command { log("a turn asked the store for \(command.prefix(100)), and was refused") }
        state.withLock { state in
            state.pairs[id] = nil
            state.clients -= 1
            let left = state.sessions[session, default: 1] - 1
            state.sessions[session] = left > 0 ? left : nil
            if !state.isClosed { state.listening?.resume() }
        }
    }

    private func connection() async -> Result<(Socket, TLSSession?), RedisError> {
        let first = await Self.connection(endpoint)
        guard case .failure(let error) = first, error.code == .unavailable, let other = await revive() else {
            return first
        }
        return await Self.connection(other)
    }

    /// A connection that has introduced itself.
    private static func connection(_ endpoint: RedisEndpoint) async -> Result<(Socket, TLSSession?), RedisError> {
        let options = RedisOptions()
        let late = RedisError(.unavailable, "it did not answer within \(options.connectTimeout)")
        do throws(RedisError) {
            return .success(
                try await withDeadline(options.connectTimeout, otherwise: late) { () throws(RedisError) in
                    let (socket, tls) = try await RedisConnection.reach(endpoint)
                    try await introduce(socket, tls, endpoint)
                    return (socket, tls)
                })
        } catch {
            return .failure(error.at(endpoint))
        }
    }

    private static func introduce(
        _ socket: Socket, _ tls: TLSSession?, _ endpoint: RedisEndpoint
    ) async throws(RedisError) {
        let commands = RedisConnection.introduction(endpoint, name: "tt-turn")
        var bytes: [UInt8] = []
        for command in commands { command.encode(into: &bytes) }
        if let tls {
            try tls.encrypt(bytes)
            bytes = tls.takeOutput()
        }
        try await socket.writeAll(bytes)
        var reader = ReplyReader(limit: 1 << 20)
        var replies: [RedisValue] = []
        while replies.count < commands.count {
            let input = try await socket.readSome(.unavailable, "it ended the connection")
            guard let tls else {
                replies += try reader.read(input[...])
                continue
            }
            tls.feed(input)
            replies += try reader.read(try tls.decrypt()[...])
        }
        try RedisConnection.check(introduction: replies)
    }
}
