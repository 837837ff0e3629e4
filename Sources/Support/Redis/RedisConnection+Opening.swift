import Concurrency
import Peers
import Synchronization

extension RedisConnection {
    /// Connects, encrypts, authenticates, and selects the database.
    ///
    /// - Throws: `unavailable`, `tls`, `wrongPassword`, `noPassword`, `cancelled` and what else the server answers.
    @concurrent
    static func open(
        _ endpoint: RedisEndpoint, options: RedisOptions, onUnasked: (@Sendable ([RedisValue]) -> Void)? = nil,
        onEnd: @escaping @Sendable (RedisError) -> Void
    ) async throws(RedisError) -> RedisConnection {
        let late = RedisError(.unavailable, "\(endpoint) did not answer within \(options.connectTimeout)")
        do throws(RedisError) {
            return try await withDeadline(options.connectTimeout, otherwise: late) { () throws(RedisError) in
                let (socket, tls) = try await reach(endpoint)
                let connection = RedisConnection(
                    socket: socket, tls: tls, options: options, onUnasked: onUnasked, onEnd: onEnd)
                do throws(RedisError) {
                    try await connection.introduce(endpoint)
                } catch {
                    connection.end(error)
                    throw error
                }
                return connection
            }
        } catch {
            throw error.at(endpoint)
        }
    }

    /// Connects and encrypts. A server that may not be the right one gets nothing: every way to a server leads through
    /// here.
    static func reach(_ endpoint: RedisEndpoint) async throws(RedisError) -> (Socket, TLSSession?) {
        if endpoint.password != nil, endpoint.tls == nil, !endpoint.isLocal, !endpoint.allowsPlaintext {
            throw RedisError(
                .notTrusted,
                "it is another machine, and everybody on the way could read the password. Use rediss:// or "
                    + "redis.tls_enabled, or allow it in a network that you trust: tt config redis.allow_plaintext true"
            )
        }
        let socket = try await Socket.connect(to: endpoint.place)
        if case .thisUser(let advice) = endpoint.owner, endpoint.isLocal {
            switch SocketPeer.of(socket.descriptor) {
            case .trusted: break
            case .stranger(let user):
                throw RedisError(
                    .notTrusted, "it is used by a program of user \(user), and tt sends it nothing; \(advice)")
            case .unknown(let reason): throw RedisError(.notTrusted, "tt sends it nothing: \(reason); \(advice)")
            }
        }
        return (socket, try await encrypt(socket, endpoint))
    }

    private static func encrypt(_ socket: Socket, _ endpoint: RedisEndpoint) async throws(RedisError) -> TLSSession? {
        guard let settings = endpoint.tls else { return nil }
        var host = "localhost"
        if case .tcp(let name, _) = endpoint.place { host = name }
        let session = try TLSSession(settings, host: host)
        while true {
            let isDone = Result { () throws(RedisError) in try session.handshake() }
            // Sent also where it failed: the server learns why.
            try await socket.writeAll(session.takeOutput())
            if try isDone.get() { return session }
            session.feed(try await socket.readSome(.tls, "the server does not speak TLS, or refused"))
        }
    }

    /// Says who asks, and sees that the server takes it.
    private func introduce(_ endpoint: RedisEndpoint) async throws(RedisError) {
        let commands = Self.introduction(endpoint, name: options.name)
        var bytes: [UInt8] = []
        for command in commands { command.encode(into: &bytes) }
        let replies: [RedisValue]
        do throws(RedisError) {
            replies = try await request(bytes, replies: commands.count, deadline: nil)
        } catch {
            // Nothing of the caller's was sent yet.
            if error.code == .unknownOutcome { throw RedisError(failure ?? error, as: .unavailable) }
            throw error
        }
        try Self.check(introduction: replies)
    }

    /// The first commands on a connection; each has one reply.
    static func introduction(_ endpoint: RedisEndpoint, name: String?) -> [RedisCommand] {
        var commands: [RedisCommand] = []
        if let password = endpoint.password {
            commands.append(
                endpoint.user.map { RedisCommand("AUTH", $0, password) } ?? RedisCommand("AUTH", password))
        }
        if endpoint.database != 0 { commands.append(RedisCommand("SELECT", endpoint.database)) }
        // Where there is nothing to say, this shows whether a password is wanted.
        commands.append(name.map { RedisCommand("CLIENT", "SETNAME", $0) } ?? RedisCommand("PING"))
        return commands
    }

    /// - Throws: what a server has against an introduction.
    static func check(introduction replies: [RedisValue]) throws(RedisError) {
        for (index, reply) in replies.enumerated() {
            guard case .error(let error) = reply else { continue }
            // An ACL user may be forbidden to name itself, and a server that loads is there: both are no reason to
            // be without a connection.
            let isLast = index == replies.count - 1
            if isLast, [.notPermitted, .loading, .masterDown, .busyScript, .cannotPersist].contains(error.code) {
                continue
            }
            throw error
        }
    }
}

extension RedisEndpoint {
    /// The process that serves a Unix socket, as the system says; nil for other places, and if there is none.
    public func servingProcess() async -> Int32? {
        guard case .unix = place else { return nil }
        do throws(RedisError) {
            let socket = try await Socket.connect(to: place)
            // Without it, the descriptor is closed before it is looked at.
            return withExtendedLifetime(socket) { SocketPeer.process(of: socket.descriptor) }
        } catch {
            return nil
        }
    }
}

extension RedisError {
    /// The same failure with another code, unless its own says more.
    fileprivate init(_ error: RedisError, as code: Code) {
        let keeps = error.code != .unknownOutcome && error.code != .closed
        self.init(keeps ? error.code : code, error.message, reply: error.reply, mayHaveRun: false)
    }

    /// The same failure with the address that it belongs to.
    func at(_ endpoint: RedisEndpoint) -> RedisError {
        guard !message.contains(endpoint.description) else { return self }
        var copy = self
        copy.message =
            code == .unavailable ? "no server answers at \(endpoint): \(message)" : "\(endpoint): \(message)"
        return copy
    }
}

extension Socket {
    /// Sends everything, waiting for room where there is none.
    func writeAll(_ bytes: [UInt8]) async throws(RedisError) {
        var offset = 0
        while offset < bytes.count {
            switch bytes.withUnsafeBytes({ write(UnsafeRawBufferPointer(rebasing: $0[offset...])) }) {
            case .moved(let count): offset += count
            case .ended(let reason): throw RedisError(.unavailable, reason)
            case .wouldBlock:
                do { try await wait(for: .writing) } catch { throw .wasCancelled(mayHaveRun: false) }
            }
        }
    }

    /// What comes next, as soon as something has.
    ///
    /// - Parameter code: of the error when the server ends the connection.
    func readSome(_ code: RedisError.Code, _ sentence: String) async throws(RedisError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            switch buffer.withUnsafeMutableBytes({ read(into: $0) }) {
            case .moved(let count): return Array(buffer[..<count])
            case .ended(let reason): throw RedisError(code, "\(sentence): \(reason)")
            case .wouldBlock:
                do { try await wait(for: .reading) } catch { throw .wasCancelled(mayHaveRun: false) }
            }
        }
    }
}

extension TLSSession {
    func feed(_ bytes: [UInt8]) { bytes.withUnsafeBytes { feed($0) } }
}
