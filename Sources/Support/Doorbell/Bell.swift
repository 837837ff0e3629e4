import CShims
import Concurrency

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// One socket in a folder and what reads it.
struct Bell: Sendable {
    private let path: String
    private let folder: Int32
    private let name: String
    private let inode: UInt64
    private let registration: Reactor.Registration

    /// Binds a new socket in `folder` and calls `rang`, which must not block, after each bunch of rings.
    ///
    /// Only this user reaches the socket: the kernel refuses the others by the modes of folder and socket. Somebody who
    /// rings all the time wakes us no more often than the budget allows, and finds the socket's queue full in between.
    init(folder path: String, rang: @escaping @Sendable () -> Void) throws(DoorbellError) {
        try BellFolder.create(path)
        let folder = doorbell_open_folder(path)
        guard folder >= 0 else { throw DoorbellError(opening: path, number: -folder) }
        let name = "\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 36)).sock"
        let socket = doorbell_bind(folder, name)
        guard socket >= 0 else {
            close(folder)
            throw DoorbellError(.socket, "a socket in \(path) cannot be bound", number: -socket)
        }
        registration = Reactor.shared.register(
            socket, for: .reading, budget: WakeBudget(),
            onCancel: {
                close(socket)
                close(folder)
            },
            handler: {
                // Emptied before anybody is woken: a ring from then on is a new one.
                if doorbell_drain(socket) > 0 { rang() }
            })
        (self.path, self.folder, self.name) = (path, folder, name)
        inode = Self.inode("\(path)/\(name)")
    }

    /// Whether the socket is still where ringers look for it.
    var isInPlace: Bool { inode != 0 && Self.inode("\(path)/\(name)") == inode }

    /// Removes the socket. No call of `rang` begins once the reactor has seen this.
    func takeDown() {
        unlinkat(folder, name, 0)
        registration.cancel()
    }

    /// 0 where there is no such file.
    private static func inode(_ path: String) -> UInt64 {
        var status = stat()
        return stat(path, &status) == 0 ? UInt64(status.st_ino) : 0
    }
}
