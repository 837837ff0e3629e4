import CShims
import Concurrency
import Dispatch
import Peers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An address as the system takes it.
struct SocketAddress: Sendable {
    let family: Int32
    private let bytes: [UInt8]
    /// What the address of a long path refers to.
    private let folder: Folder?

    private final class Folder: Sendable {
        let descriptor: Int32
        init(_ descriptor: Int32) { self.descriptor = descriptor }
        deinit { close(descriptor) }
    }

    /// Whether it is on this machine.
    var isLoopback: Bool { bytes.withUnsafeBytes { MachineAddress.isLoopback($0) } }

    /// A Unix socket.
    /// - Throws: `badAddress` where the path is longer than the system takes.
    init(path: String) throws(RedisError) {
        var (address, descriptor) = (sockaddr_un(), Int32(-1))
        let problem = shim_unix_address(path, &address, &descriptor)
        guard problem == 0 else {
            guard problem == -ENAMETOOLONG else { throw RedisError(.unavailable, systemText(-problem)) }
            let longest = MemoryLayout.size(ofValue: address.sun_path) - 1
            throw RedisError(
                .badAddress, "the path of a socket may have \(longest) bytes; \(path) is longer: use TCP instead")
        }
        folder = descriptor < 0 ? nil : Folder(descriptor)
        family = AF_UNIX
        bytes = withUnsafeBytes(of: address) { Array($0) }
    }

    private init(_ info: addrinfo) {
        folder = nil
        family = info.ai_family
        bytes = Array(UnsafeRawBufferPointer(start: info.ai_addr, count: Int(info.ai_addrlen)))
    }

    /// Those of the addresses found for a host that may be its own: a name of this machine that leads elsewhere, as a
    /// changed /etc/hosts could make it, is not followed.
    static func fitting(_ found: [SocketAddress], host: String) -> [SocketAddress] {
        guard MachineAddress.isThisMachine(host) else { return found }
        return found.filter(\.isLoopback)
    }

    /// Starts to connect; as the system's `connect`.
    func connect(_ descriptor: Int32) -> Int32 {
        bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return -1 }
            return systemConnect(descriptor, start.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
    }

    // Asking a name server blocks, for many seconds where it is gone.
    private static let queue = DispatchQueue(label: "redis.names")

    /// The addresses of a host.
    /// - Throws: `unavailable` where it has none, `cancelled`.
    static func resolve(_ host: String, port: Int) async throws(RedisError) -> [SocketAddress] {
        let found = OneShot<Result<[SocketAddress], RedisError>>()
        queue.async { found.set(lookUp(host, port: port)) }
        do { return try await found.wait().get() } catch let error as RedisError { throw error } catch {
            throw .wasCancelled(mayHaveRun: false)
        }
    }

    private static func lookUp(_ host: String, port: Int) -> Result<[SocketAddress], RedisError> {
        var hints = addrinfo()
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else {
            return .failure(
                RedisError(.unavailable, "the host \(host) is unknown: \(String(cString: gai_strerror(code)))"))
        }
        defer { freeaddrinfo(list) }
        return .success(
            sequence(first: list, next: { $0?.pointee.ai_next }).prefix { $0 != nil }.compactMap { $0 }
                .map { SocketAddress($0.pointee) })
    }
}

private func systemConnect(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Int32 {
    connect(descriptor, address, length)
}
