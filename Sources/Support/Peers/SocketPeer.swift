import CShims

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Whose program is at the other end of a connection on this machine.
public enum SocketPeer: Sendable, Equatable {
    /// This user's, or the system administrator's, who can read everything anyway.
    case trusted
    /// Another user's.
    case stranger(user: UInt32)
    /// The system does not tell.
    case unknown(String)

    /// The program at the other end of a connected socket, which must be a Unix socket or a loopback connection.
    ///
    /// A Unix socket knows its peer. For TCP the kernel's tables of sockets name the owner of the listening socket and
    /// of the accepted connection, on Linux only; both count, because a listener may have been replaced meanwhile.
    public static func of(_ descriptor: Int32) -> SocketPeer {
        guard let far = name(descriptor, getpeername), let near = name(descriptor, getsockname) else {
            return .unknown("the connection has ended")
        }
        guard far.family != AF_UNIX, near.family != AF_UNIX else { return ofUnixSocket(descriptor) }
        #if os(Linux)
            return ofConnection(from: near, to: far)
        #else
            return .unknown("this system does not tell whose program has a port; use a Unix socket")
        #endif
    }

    /// The process at the other end of a connected Unix socket; nil if the system does not tell.
    public static func process(of descriptor: Int32) -> Int32? {
        var (user, process) = (uid_t(), pid_t())
        guard shim_unix_peer(descriptor, &user, &process) == 0, process > 0 else { return nil }
        return process
    }

    /// The session of processes that the program at the other end of a Unix socket belongs to; 0 if the system does not
    /// tell.
    public static func session(of descriptor: Int32) -> Int32 {
        process(of: descriptor).map { max(0, getsid($0)) } ?? 0
    }

    /// Whether a user is this one or the system administrator.
    static func judge(_ user: UInt32) -> SocketPeer {
        user == geteuid() || user == 0 ? .trusted : .stranger(user: user)
    }

    private static func ofUnixSocket(_ descriptor: Int32) -> SocketPeer {
        var (user, process) = (uid_t(), pid_t())
        guard shim_unix_peer(descriptor, &user, &process) == 0 else {
            return .unknown("the system does not tell who is at the other end")
        }
        return judge(user)
    }

    #if os(Linux)
        private static func ofConnection(from near: Name, to far: Name) -> SocketPeer {
            guard let table = SocketTable.read() else {
                return .unknown("/proc/net/tcp, which tells whose program has a port, cannot be read")
            }
            let owners = table.owners(of: far.place, connectedTo: near.place)
            guard !owners.isEmpty else { return .unknown("no program of this machine has the port any more") }
            return owners.map(judge).first { $0 != .trusted } ?? .trusted
        }
    #endif

    private struct Name {
        var family: Int32
        var bytes: [UInt8]

        #if os(Linux)
            /// As the kernel's tables have it; empty for a kind that they do not have.
            var place: SocketTable.Place {
                bytes.withUnsafeBytes { bytes in
                    switch family {
                    case AF_INET:
                        let address = bytes.loadUnaligned(as: sockaddr_in.self)
                        return withUnsafeBytes(of: address.sin_addr) {
                            SocketTable.Place(address: Array($0), port: UInt16(bigEndian: address.sin_port))
                        }
                    case AF_INET6:
                        let address = bytes.loadUnaligned(as: sockaddr_in6.self)
                        return withUnsafeBytes(of: address.sin6_addr) {
                            SocketTable.Place(address: Array($0), port: UInt16(bigEndian: address.sin6_port))
                        }
                    default: return SocketTable.Place(address: [], port: 0)
                    }
                }
            }
        #endif
    }

    private static func name(
        _ descriptor: Int32, _ ask: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> Name? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { ask(descriptor, $0, &length) }
        }
        guard result == 0 else { return nil }
        return withUnsafeBytes(of: storage) { Name(family: Int32(storage.ss_family), bytes: Array($0)) }
    }
}
