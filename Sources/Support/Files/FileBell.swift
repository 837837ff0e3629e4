import Concurrency

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
    import Dispatch
#endif

/// Says when a file in a folder grew, appeared or was replaced. The kernel tells; nothing is polled.
///
/// The folder is watched, not the file, so that a file that is not there yet, or is put aside and begun anew, is no
/// special case.
public final class FileBell: Sendable {
    /// Yields after each change of the file; bursts collapse.
    public let rings: AsyncStream<Void>
    private let cancel: @Sendable () -> Void

    /// - Parameter removals: rings only when the file is removed, and sleeps through everything else.
    /// - Throws: `FileError` if the folder cannot be watched.
    public init(folder: String, file: String, removals: Bool = false) throws(FileError) {
        let (rings, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.rings = rings
        #if os(Linux)
            let descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
            let events =
                removals
                ? UInt32(IN_DELETE | IN_MOVED_FROM) : UInt32(IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE)
            guard descriptor >= 0,
                inotify_add_watch(descriptor, folder, events | UInt32(IN_ONLYDIR | IN_DONT_FOLLOW)) >= 0
            else {
                let error = FileError("watch", folder)
                if descriptor >= 0 { _ = close(descriptor) }
                throw error
            }
            let watch = Reactor.shared.register(
                descriptor, for: .reading, budget: WakeBudget(),
                onCancel: {
                    _ = close(descriptor)
                    continuation.finish()
                }, handler: { if readNames(descriptor)?.contains(file) != false { continuation.yield() } })
            cancel = { watch.cancel() }
        #else
            let descriptor = open(folder + "/" + file, O_EVTONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            guard descriptor >= 0 else { throw FileError("watch", folder + "/" + file) }
            let source = DispatchSource.makeFileSystemObjectSource(
                fileDescriptor: descriptor,
                eventMask: removals ? [.rename, .delete] : [.write, .extend, .rename, .delete],
                queue: DispatchQueue(label: "file bell"))
            source.setEventHandler { @Sendable in continuation.yield() }
            source.setCancelHandler { @Sendable in
                _ = close(descriptor)
                continuation.finish()
            }
            // Cancelling, the only use, is safe from any thread.
            nonisolated(unsafe) let watched = source
            cancel = { watched.cancel() }
            source.resume()
        #endif
    }

    deinit { cancel() }
}

#if os(Linux)
    /// The names of the files in the waiting notices; nil if there were more than the kernel keeps, and any could be among
    /// those that were dropped.
    private func readNames(_ descriptor: Int32) -> Set<String>? {
        var names: Set<String>? = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return names }
            var at = 0
            while at + 16 <= count {  // struct inotify_event: wd, mask, cookie, len, then len bytes of name
                let length = (0..<4).reduce(0) { $0 | Int(buffer[at + 12 + $1]) << (8 * $1) }
                let mask = (0..<4).reduce(UInt32(0)) { $0 | UInt32(buffer[at + 4 + $1]) << (8 * UInt32($1)) }
                if mask & UInt32(IN_Q_OVERFLOW) != 0 { names = nil }
                let name = buffer[(at + 16)..<min(count, at + 16 + length)].prefix { $0 != 0 }
                names?.insert(String(decoding: name, as: UTF8.self))
                at += 16 + length
            }
        }
    }
#endif
