#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One process for all time on this machine since it booted: the number with the moment that it started at.
///
/// Numbers are used again; a number with a start time is not.
public struct ProcessIdentity: Hashable, Sendable, Codable, LosslessStringConvertible {
    /// The process id.
    public let pid: Int32
    /// The kernel's start time in its own unit (Linux: clock ticks since boot); for comparing only.
    public let startTime: UInt64

    /// An identity that was written down before.
    public init(pid: Int32, startTime: UInt64) {
        self.pid = pid
        self.startTime = startTime
    }

    /// The process that has this number now, or nil when there is none.
    public init?(pid: Int32) {
        guard let row = ProcessRow.read(pid) else { return nil }
        self = row.identity
    }

    /// Reads the text form, `pid:start`.
    public init?(_ description: String) {
        let parts = description.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let pid = Int32(parts[0]), pid > 0, let start = UInt64(parts[1]) else { return nil }
        self.init(pid: pid, startTime: start)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let identity = ProcessIdentity(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not pid:start: \(text)")
        }
        self = identity
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// This process.
    public static let current: ProcessIdentity = {
        // Where no descriptor is left to read it, one may be free in a moment.
        for _ in 0..<50 {
            if let identity = ProcessIdentity(pid: getpid()) { return identity }
            usleep(100_000)
        }
        let words = Array(
            "error: the process table cannot be read; is /proc mounted, and are open files left (ulimit -n)?\n".utf8)
        _ = write(2, words, words.count)
        exit(5)
    }()

    /// Whether it runs. One that has ended and only waits to be reaped does not.
    public var isAlive: Bool {
        guard let row = ProcessRow.read(pid) else { return false }
        return row.identity == self && !row.hasEnded
    }

    /// Whether it runs and will go on to. One that was killed does nothing more, although for a moment ``isAlive`` still
    /// holds, until everything that it has open is closed.
    public var isRunning: Bool {
        guard let row = ProcessRow.read(pid) else { return false }
        return row.identity == self && !row.hasEnded && !row.isLeaving
    }

    /// `pid:start`.
    public var description: String { "\(pid):\(startTime)" }
}
