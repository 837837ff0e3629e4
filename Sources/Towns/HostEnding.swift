import Concurrency

/// How a host in this process is asked to end.
public struct HostEnding: Sendable {
    private let asked: OneShot<String>

    /// A host that has not been asked to end.
    public init() { asked = OneShot() }

    /// Asks; only the first call counts.
    /// - Parameter reason: for the host's log.
    /// - Returns: true for the first call.
    @discardableResult
    public func ask(_ reason: String) -> Bool { asked.set(reason) }

    /// Why it was asked, once it was.
    public var reason: String? { asked.current }

    /// A stream that ends when the host is asked to end.
    public var stream: AsyncStream<Never> {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        let asked = asked
        let waiting = Task {
            _ = try? await asked.wait()
            continuation.finish()
        }
        continuation.onTermination = { _ in waiting.cancel() }
        return stream
    }
}
