import CShims
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Wakes every listener of a folder, in this process and in others.
///
/// It remembers nothing about who listens: each ring reads the folder, so it is right after any change to it.
public final class Ringer: Sendable {
    private let folder: String
    private let sender = Mutex<Int32>(-1)

    /// A ringer for the listeners of `folder`, which need not exist yet.
    public init(folder: String) {
        self.folder = BellFolder.socketFolder(for: folder)
    }

    deinit {
        sender.withLock { if $0 >= 0 { _ = close($0) } }
    }

    /// Rings once at every listener. It never waits: a listener that has not yet looked at an earlier ring is
    /// left at that. Sockets whose listener is gone are removed.
    ///
    /// - Returns: how many listeners were rung; 0 where the folder does not exist.
    /// - Throws: `folder` where it cannot be read, `socket` where the process has no descriptors left. Retry later.
    @discardableResult
    public func ring() throws(DoorbellError) -> Int {
        let result = sender.withLock { doorbell_ring(folder, &$0) }
        if result >= 0 { return Int(result) }
        switch -result {
        case ENOENT: return 0
        case EMFILE, ENFILE, ENOMEM: throw DoorbellError(.socket, "\(folder) cannot be rung", number: -result)
        case EPERM: throw DoorbellError(opening: folder, number: EPERM)
        default: throw DoorbellError(.folder, "\(folder) cannot be read", number: -result)
        }
    }
}
