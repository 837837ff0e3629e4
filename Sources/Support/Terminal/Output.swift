#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

import Synchronization

/// A descriptor that text is written to: standard output or standard error.
public struct Output: Sendable {
    private let descriptor: Int32

    public static let standard = Output(descriptor: 1)
    public static let error = Output(descriptor: 2)

    private init(descriptor: Int32) { self.descriptor = descriptor }

    /// Writes all of `text`. If the reader went away, the rest is dropped without an error.
    /// - Returns: false where nobody reads any more, so that a command that follows something can end.
    @discardableResult
    public func write(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            var done = 0
            while done < bytes.count {
                let count = unsafeWrite(descriptor, bytes.baseAddress! + done, bytes.count - done)
                if count >= 0 {
                    done += count
                } else if errno != EINTR {
                    guard errno == EAGAIN else {
                        // A reader that went away has seen what it wanted; a full disk has not.
                        if errno != EPIPE { Self.noteFailure(errno) }
                        return false
                    }
                    var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&wait, 1, -1)
                }
            }
            return true
        }
    }

    private static let failed = Mutex<Int32>(0)

    private static func noteFailure(_ number: Int32) { failed.withLock { $0 = $0 == 0 ? number : $0 } }

    /// Why something could not be written, where that was not for want of a reader.
    public static var failure: String? {
        let number = failed.withLock { $0 }
        return number == 0 ? nil : String(cString: strerror(number))
    }

    /// Whether a person looks at it.
    public var isTerminal: Bool { isatty(descriptor) == 1 }

    /// How many columns it has, where it is a terminal that says so.
    public var columns: Int? { size.flatMap { $0.ws_col > 0 ? Int($0.ws_col) : nil } }

    /// How many rows it has, where it is a terminal that says so.
    public var rows: Int? { size.flatMap { $0.ws_row > 0 ? Int($0.ws_row) : nil } }

    private var size: winsize? {
        var size = winsize()
        return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 ? size : nil
    }
}

private func unsafeWrite(_ descriptor: Int32, _ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int {
    #if canImport(Glibc)
        Glibc.write(descriptor, bytes, count)
    #elseif canImport(Musl)
        Musl.write(descriptor, bytes, count)
    #else
        Darwin.write(descriptor, bytes, count)
    #endif
}
