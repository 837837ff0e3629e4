import CShims
import Concurrency
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Hears whenever somebody rings in its folder, until it is closed or let go of.
///
/// Rings are not counted: many at once may be one. Look at what may have changed after making the listener and after
/// every ring, and nothing is missed.
public final class Listener: Sendable {
    private let folder: Int32
    private let name: String
    private let registration: Reactor.Registration
    private let isClosed = Mutex(false)

    /// Binds a new socket in `folder`, which is created, for its owner only, where it does not exist.
    ///
    /// Only this user reaches the socket: the kernel refuses the others by the modes of folder and socket. Somebody who
    /// rings all the time wakes us no more often than the budget allows, and finds the socket's queue full in between.
    /// - Parameter onRing: called after each bunch of rings, on a thread of its own. Must not block.
    /// - Throws: `folder` or `socket` where that is not possible.
    public init(folder path: String, onRing: @escaping @Sendable () -> Void) throws(DoorbellError) {
        let path = BellFolder.socketFolder(for: path)
        try BellFolder.create(path)
        let folder = doorbell_open_folder(path)
        guard folder >= 0 else { throw DoorbellError(opening: path, number: -folder) }
        let name = "\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 36)).sock"
        let socket = doorbell_bind(folder, name)
        guard socket >= 0 else {
            shut(folder)
            throw DoorbellError(.socket, "a socket in \(path) cannot be bound", number: -socket)
        }
        registration = Reactor.shared.register(
            socket, for: .reading, budget: WakeBudget(),
            onCancel: {
                shut(socket)
                shut(folder)
            },
            handler: {
                // Emptied before anybody is woken: a ring from then on is a new one.
                if doorbell_drain(socket) > 0 { onRing() }
            })
        (self.folder, self.name) = (folder, name)
    }

    deinit { close() }

    /// Removes the socket. No call of `onRing` begins once the reactor has seen this. Only the first call counts.
    public func close() {
        let isFirst = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return !isClosed
        }
        guard isFirst else { return }
        unlinkat(folder, name, 0)
        registration.cancel()
    }
}

/// The system's `close`, which the method of that name hides.
private func shut(_ descriptor: Int32) { close(descriptor) }
