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

/// A connected descriptor that never blocks; closed when the last owner lets go of it.
final class Socket: Sendable {
    let descriptor: Int32

    /// Takes over a descriptor.
    init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }

    /// What a read or a write came to.
    enum Transfer: Sendable {
        case moved(Int)
        case wouldBlock
        /// The other side has closed the connection, or it broke; with the system's reason.
        case ended(String)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .moved(count) }
            if count == 0 { return .ended("the server closed the connection") }
            if errno == EINTR { continue }
            return Self.blocked ? .wouldBlock : .ended(systemText(errno))
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> Transfer {
        #if canImport(Darwin)
            let flags: Int32 = 0
        #else
            let flags = Int32(MSG_NOSIGNAL)
        #endif
        while true {
            let count = send(descriptor, bytes.baseAddress, bytes.count, flags)
            if count >= 0 { return .moved(count) }
            if errno == EINTR { continue }
            return Self.blocked ? .wouldBlock : .ended(systemText(errno))
        }
    }

    private static var blocked: Bool { errno == EAGAIN || errno == EWOULDBLOCK }

    /// Closes the connection and wakes those who wait for the descriptor.
    func shutDown() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Returns when the descriptor is ready.
    func wait(for interest: Reactor.Interest) async throws(CancellationError) {
        let ready = OneShot<Void>()
        let registration = Reactor.shared.register(
            descriptor, for: interest, onCancel: { withExtendedLifetime(self) {} }, handler: { ready.set() })
        defer { registration.cancel() }
        try await ready.wait()
    }

    // MARK: - Connecting

    /// Connects to the first address of the place that takes it.
    /// - Throws: `unavailable`, `cancelled`.
    static func connect(to place: RedisEndpoint.Place) async throws(RedisError) -> Socket {
        let addresses: [SocketAddress]
        switch place {
        case .unix(let path): addresses = [try SocketAddress(path: path)]
        case .tcp(let host, let port):
            let found = try await SocketAddress.resolve(MachineAddress.withoutBrackets(host), port: port)
            addresses = SocketAddress.fitting(found, host: host)
            if addresses.isEmpty {
                throw RedisError(.notTrusted, "\(host) is the name of this machine, but leads to another one")
            }
        }
        var reason = "no address"
        for address in addresses {
            switch try await connect(to: address) {
            case .success(let socket): return socket
            case .failure(let error): reason = error.message
            }
        }
        throw RedisError(.unavailable, reason)
    }

    private static func connect(to address: SocketAddress) async throws(RedisError) -> Result<Socket, RedisError> {
        let descriptor = makeSocket(address.family)
        guard descriptor >= 0 else { throw RedisError(.unavailable, "no socket is left: \(systemText(errno))") }
        let socket = Socket(descriptor)
        var number = address.connect(descriptor) == 0 ? 0 : errno
        if number == EINPROGRESS {
            do { try await socket.wait(for: .writing) } catch { throw .wasCancelled(mayHaveRun: false) }
            var length = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &length)
        }
        guard number == 0 else { return .failure(RedisError(.unavailable, systemText(number))) }
        return .success(socket)
    }

    private static func makeSocket(_ family: Int32) -> Int32 {
        #if canImport(Glibc)
            let kind = Int32(SOCK_STREAM.rawValue)
        #else
            let kind = SOCK_STREAM
        #endif
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { return descriptor }
        _ = shim_fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = shim_fcntl(descriptor, F_SETFL, O_NONBLOCK)
        func set(_ level: Int32, _ option: Int32, _ value: Int32) {
            var value = value
            setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        }
        #if canImport(Darwin)
            set(SOL_SOCKET, SO_NOSIGPIPE, 1)
        #endif
        if family != AF_UNIX {
            set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
            set(SOL_SOCKET, SO_KEEPALIVE, 1)
            #if os(Linux)
                // A peer that is cut off is noticed within half a minute, also where nothing is being sent.
                set(Int32(IPPROTO_TCP), TCP_KEEPIDLE, 15)
                set(Int32(IPPROTO_TCP), TCP_KEEPINTVL, 5)
                set(Int32(IPPROTO_TCP), TCP_KEEPCNT, 3)
                set(Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, 15_000)
            #endif
        }
        return descriptor
    }
}

/// The system's sentence for an error number.
func systemText(_ number: Int32) -> String { strerror(number).map { String(cString: $0) } ?? "error \(number)" }
