import Concurrency

/// A client of a relay and its connection to the server: what one sends the other gets, as fast as it takes it.
///
/// Confined to the reactor's thread, which is what makes it safe.
final class RelayPair: @unchecked Sendable {
    /// Bytes on their way to one side.
    private struct Outgoing {
        var bytes: [UInt8] = []
        var offset = 0

        var count: Int { bytes.count - offset }

        mutating func add(_ more: some Collection<UInt8>) {
            if offset == bytes.count { (bytes, offset) = ([], 0) }
            bytes += more
        }
    }

    /// A side with so much on its way is given nothing more before it has taken it.
    private static let limit = 256 << 10

    private let client: Socket
    private let server: Socket
    private let tls: TLSSession?
    private let onEnd: @Sendable (String?) -> Void
    private var filter = RelayFilter()
    private var buffer = [UInt8](repeating: 0, count: 32 << 10)
    private var (toServer, toClient) = (Outgoing(), Outgoing())
    private var clientReading: Reactor.Registration?
    private var clientWriting: Reactor.Registration?
    private var serverReading: Reactor.Registration?
    private var serverWriting: Reactor.Registration?
    private var isOver = false

    /// - Parameter onEnd: called once, with the command for which the client was sent away, if it was.
    init(client: Socket, server: Socket, tls: TLSSession?, onEnd: @escaping @Sendable (String?) -> Void) {
        self.client = client
        self.server = server
        self.tls = tls
        self.onEnd = onEnd
    }

    /// Begins to relay.
    func start() {
        guard !isOver else { return }
        func register(
            _ socket: Socket, _ interest: Reactor.Interest, _ handler: @escaping @Sendable (RelayPair) -> Void
        ) -> Reactor.Registration {
            Reactor.shared.register(
                socket.descriptor, for: interest, isPaused: interest == .writing,
                onCancel: { withExtendedLifetime(socket) {} },
                handler: { [weak self] in
                    if let self { handler(self) }
                })
        }
        clientReading = register(client, .reading) { $0.readClient() }
        serverReading = register(server, .reading) { $0.readServer() }
        clientWriting = register(client, .writing) { $0.flushToClient() }
        serverWriting = register(server, .writing) { $0.flushToServer() }
    }

    /// Ends both connections.
    func end(refusing command: String? = nil) {
        guard !isOver else { return }
        isOver = true
        for registration in [clientReading, clientWriting, serverReading, serverWriting] { registration?.cancel() }
        client.shutDown()
        server.shutDown()
        onEnd(command)
    }

    private func readClient() {
        guard let count = read(client) else { return }
        switch filter.take(buffer[..<count]) {
        case .refuse(let command):
            client.tell("NOPERM the host of this turn does not pass on \(command)")
            return end(refusing: command)
        case .pass(let bytes):
            guard !bytes.isEmpty else { return }
            guard let tls else {
                toServer.add(bytes)
                return flushToServer()
            }
            do throws(RedisError) { try tls.encrypt(bytes) } catch { return end() }
            toServer.add(tls.takeOutput())
            flushToServer()
        }
    }

    private func readServer() {
        guard let count = read(server) else { return }
        if let tls {
            buffer.withUnsafeBytes { tls.feed(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            do throws(RedisError) { toClient.add(try tls.decrypt()) } catch { return end() }
            toServer.add(tls.takeOutput())
            flushToServer()
        } else {
            toClient.add(buffer[..<count])
        }
        flushToClient()
    }

    private func flushToServer() { flush(server, &toServer, writing: serverWriting, source: clientReading) }

    private func flushToClient() { flush(client, &toClient, writing: clientWriting, source: serverReading) }

    /// How many bytes are in the buffer now; nil if there are none, or the other side has ended.
    private func read(_ socket: Socket) -> Int? {
        guard !isOver else { return nil }
        switch buffer.withUnsafeMutableBytes({ socket.read(into: $0) }) {
        case .moved(let count): return count
        case .wouldBlock: return nil
        case .ended:
            end()
            return nil
        }
    }

    private func flush(
        _ socket: Socket, _ outgoing: inout Outgoing, writing: Reactor.Registration?, source: Reactor.Registration?
    ) {
        guard !isOver else { return }
        while outgoing.count > 0 {
            let offset = outgoing.offset
            switch outgoing.bytes.withUnsafeBytes({ socket.write(UnsafeRawBufferPointer(rebasing: $0[offset...])) }) {
            case .moved(let count): outgoing.offset += count
            case .wouldBlock:
                writing?.resume()
                if outgoing.count > Self.limit { source?.pause() }
                return
            case .ended: return end()
            }
        }
        writing?.pause()
        source?.resume()
    }
}

extension Socket {
    /// Sends an error reply if there is room for it.
    func tell(_ error: String) {
        let line = "-" + error.filter { !$0.isNewline } + "\r\n"
        _ = Array(line.utf8).withUnsafeBytes { write($0) }
    }
}
