import CShims
import Dispatch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// One socket in a folder and what reads it. Unchecked: dispatch sources are thread-safe, but are not declared so.
struct Bell: @unchecked Sendable {
    private let path: String
    private let folder: Int32
    private let name: String
    private let inode: UInt64
    private let source: any DispatchSourceRead

    /// Binds a new socket in `folder` and calls `rang` on `queue` after each bunch of rings.
    init(folder path: String, queue: DispatchQueue, rang: @escaping @Sendable () -> Void) throws(DoorbellError) {
        try BellFolder.create(path)
        let folder = doorbell_open_folder(path)
        guard folder >= 0 else { throw DoorbellError(.folder, "\(path) cannot be opened", number: -folder) }
        let name = "\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 36)).sock"
        let socket = doorbell_bind(folder, name)
        guard socket >= 0 else {
            close(folder)
            throw DoorbellError(.socket, "a socket in \(path) cannot be bound", number: -socket)
        }
        source = DispatchSource.makeReadSource(fileDescriptor: socket, queue: queue)
        source.setEventHandler {
            // Emptied before anybody is woken: a ring from then on is a new one.
            if doorbell_drain(socket) > 0 { rang() }
        }
        // Only now is the source done with its descriptor.
        source.setCancelHandler {
            close(socket)
            close(folder)
        }
        source.activate()
        (self.path, self.folder, self.name) = (path, folder, name)
        inode = Self.inode("\(path)/\(name)")
    }

    /// Whether the socket is still where ringers look for it.
    var isInPlace: Bool { inode != 0 && Self.inode("\(path)/\(name)") == inode }

    /// Removes the socket. No call of `rang` begins once the queue has seen this.
    func takeDown() {
        unlinkat(folder, name, 0)
        source.cancel()
    }

    /// 0 where there is no such file.
    private static func inode(_ path: String) -> UInt64 {
        var status = stat()
        return stat(path, &status) == 0 ? UInt64(status.st_ino) : 0
    }
}
