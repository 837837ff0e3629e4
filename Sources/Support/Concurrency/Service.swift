/// A part of a process that works until it is asked to end.
public protocol Service: Sendable {
    /// What it runs, until `stopping` ends or its work is done. A service that is cancelled returns soon.
    typealias Work = @Sendable (_ stopping: AsyncStream<Never>) async throws -> Void

    /// For messages.
    var name: String { get }

    /// How long it may take to end once it is asked; nil: as long as it takes. After that it is cancelled.
    var grace: Duration? { get }

    /// Gets ready. The next service starts after this has returned.
    /// - Returns: nil if there is nothing to do.
    func start() async throws -> Work?
}

extension Service {
    public var grace: Duration? { .seconds(5) }
}

extension AsyncStream where Element == Never {
    /// Runs `body` until it returns or this stream ends, which cancels it.
    public func interrupting(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask {
                for await _ in self {}
                return true
            }
            group.addTask {
                try await body()
                return false
            }
            defer { group.cancelAll() }
            guard try await group.next() == true else { return }
            group.cancelAll()
            do { _ = try await group.next() } catch is CancellationError {}
        }
    }
}
