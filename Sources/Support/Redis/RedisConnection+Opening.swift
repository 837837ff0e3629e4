import Concurrency
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
                let socket = try await Socket.connect(to: endpoint.place)
                let tls = try await encrypt(socket, endpoint)
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
            session.feed(try await socket.readSome())
        }
    }

    /// Says who asks, and sees that the server takes it.
    private func introduce(_ endpoint: RedisEndpoint) async throws(RedisError) {
        var commands: [RedisCommand] = []
        if let password = endpoint.password {
            commands.append(
                endpoint.user.map { RedisCommand("AUTH", $0, password) } ?? RedisCommand("AUTH", password))
        }
        if endpoint.database != 0 { commands.append(RedisCommand("SELECT", endpoint.database)) }
        // Where there is nothing to say, this shows whether a password is wanted.
        commands.append(options.name.map { RedisCommand("CLIENT", "SETNAME", $0) } ?? RedisCommand("PING"))
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
    fileprivate func writeAll(_ bytes: [UInt8]) async throws(RedisError) {
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
    fileprivate func readSome() async throws(RedisError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            switch buffer.withUnsafeMutableBytes({ read(into: $0) }) {
            case .moved(let count): return Array(buffer[..<count])
            case .ended(let reason): throw RedisError(.tls, "the server does not speak TLS, or refused: \(reason)")
            case .wouldBlock:
                do { try await wait(for: .reading) } catch { throw .wasCancelled(mayHaveRun: false) }
            }
        }
    }
}

extension TLSSession {
    fileprivate func feed(_ bytes: [UInt8]) { bytes.withUnsafeBytes { feed($0) } }
}
