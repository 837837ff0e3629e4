import Concurrency
import Synchronization

/// A client of one server, for any number of tasks: one connection carries all their requests at once, in the order of
/// the calls, and is made anew when it breaks.
///
/// ```swift
/// let client = RedisClient(try RedisEndpoint(url: "redis://localhost"))
/// try await client.connect()                                   // optional: fails at once where no server answers
/// try await client.send(RedisCommand("LPUSH", key, bytes))
/// let script = RedisScript("return redis.call('get', KEYS[1])")
/// let value = try await client.run(script, keys: [key])
/// ```
///
/// What a failure means: `unavailable` was certainly not carried out; `unknownOutcome` may have been. Requests that
/// were not sent when a connection broke, and those marked `repeatable`, are sent again until their time is up.
/// Cancelling a task, or a timeout, leaves the connection usable for everybody else.
public final class RedisClient: Sendable {
    private struct State: Sendable {
        var connection: RedisConnection?
        var attempt: OneShot<Result<RedisConnection, RedisError>>?
        var backoff: Backoff
        var notBefore = ContinuousClock.now
        var connectedAt = ContinuousClock.now
        var isClosed = false
        /// How many connections were made.
        var generation = 0
    }

    /// Where the server is.
    public let endpoint: RedisEndpoint
    /// How the client behaves.
    public let options: RedisOptions
    private let state: Mutex<State>
    let libraries = Mutex(LibraryState())

    /// A client that connects with its first request.
    public init(_ endpoint: RedisEndpoint, options: RedisOptions = RedisOptions()) {
        self.endpoint = endpoint
        self.options = options
        state = Mutex(State(backoff: Backoff(first: options.firstDelay, longest: options.longestDelay)))
    }

    deinit { state.withLock { $0.connection }?.end(RedisError(.closed, "the client was closed")) }

    /// How many connections were made so far; one more than before means that there was an interruption.
    public var generation: Int { state.withLock { $0.generation } }

    /// Whether there is a connection now. It may break at any time, so this is for display, not for decisions.
    public var isConnected: Bool { state.withLock { $0.connection.map { $0.failure == nil } ?? false } }

    /// Connects, or does nothing where that is done; one attempt.
    ///
    /// - Throws: at once, why there is no connection.
    public func connect() async throws(RedisError) {
        if state.withLock({ $0.connection }) != nil { return }
        _ = try await attempt().get()
    }

    /// Sends one command and returns its reply.
    ///
    /// - Parameter timeout: in place of `options.requestTimeout`.
    /// - Throws: an error reply as well; `RedisError.code` tells them apart.
    @discardableResult
    public func send(_ command: RedisCommand, timeout: Duration? = nil) async throws(RedisError) -> RedisValue {
        let replies = try await pipeline([command], timeout: timeout)
        if case .error(let error) = replies[0] { throw error }
        return replies[0]
    }

    /// Sends commands one after the other, without other callers' between them, and returns a reply for each. They are
    /// not atomic: see `transaction`. An error of one is its value, and the others are carried out all the same.
    public func pipeline(_ commands: [RedisCommand], timeout: Duration? = nil) async throws(RedisError)
        -> [RedisValue]
    {
        guard !commands.isEmpty else { return [] }
        var bytes: [UInt8] = []
        for command in commands {
            guard command.longest <= options.maxArgument else {
                throw RedisError(
                    .tooLarge, "an argument of \(command.name) is larger than \(options.maxArgument >> 20) MB")
            }
            command.encode(into: &bytes)
        }
        let deadline = (timeout ?? options.requestTimeout).map { ContinuousClock.now.advanced(by: $0) }
        let isRepeatable = commands.allSatisfy(\.isRepeatable)
        while true {
            let connection = try await connection(by: deadline)
            do throws(RedisError) {
                return try await connection.request(bytes, replies: commands.count, deadline: deadline)
            } catch {
                // Whatever ended the connection belongs to another request where this one was not sent.
                let wasNotSent = !error.mayHaveRun && error.code != .cancelled
                let mayRepeat = wasNotSent || (isRepeatable && error.code == .unknownOutcome)
                // A connection that still lives, or a time that is up, means that there is no use in another one.
                guard mayRepeat, connection.failure != nil, deadline.map({ .now < $0 }) ?? true else { throw error }
                // Ended by itself or by the server, not by us: the next one is made with the usual pauses.
                forget(connection)
            }
        }
    }

    /// Closes the connection and refuses every later request; those under way fail as when a connection breaks.
    public func close() {
        let connection = state.withLock { state in
            state.isClosed = true
            defer { state.connection = nil }
            return state.connection
        }
        connection?.end(RedisError(.closed, "the client was closed"))
    }

    // MARK: - Connections

    /// The connection, made where there is none; with pauses between attempts, until `deadline`.
    private func connection(by deadline: ContinuousClock.Instant?) async throws(RedisError) -> RedisConnection {
        while true {
            let (connection, pause) = try usable()
            if let connection { return connection }
            if pause > .zero {
                let end = ContinuousClock.now.advanced(by: pause)
                do { try await Task.sleep(until: deadline.map { min($0, end) } ?? end) } catch {
                    throw .wasCancelled(mayHaveRun: false)
                }
            }
            switch try await attempt(by: deadline) {
            case .success(let connection): return connection
            case .failure(let error):
                let isOver = deadline.map { ContinuousClock.now >= $0 } ?? false
                guard error.code == .unavailable, !isOver else { throw error }
            }
        }
    }

    private func usable() throws(RedisError) -> (RedisConnection?, pause: Duration) {
        let (isClosed, connection, pause) = state.withLock { state in
            (state.isClosed, state.connection, ContinuousClock.now.duration(to: state.notBefore))
        }
        if isClosed { throw RedisError(.closed, "the client was closed") }
        return (connection, pause)
    }

    /// One attempt to connect, shared by all who want one meanwhile; it goes on when the caller is cancelled.
    private func attempt(by deadline: ContinuousClock.Instant? = nil) async throws(RedisError)
        -> Result<RedisConnection, RedisError>
    {
        let (attempt, isNew) = state.withLock { state in
            if let attempt = state.attempt { return (attempt, false) }
            let attempt = OneShot<Result<RedisConnection, RedisError>>()
            if let connection = state.connection { attempt.set(.success(connection)) } else { state.attempt = attempt }
            return (attempt, state.connection == nil)
        }
        if isNew {
            // Unstructured, because it belongs to everybody who waits; it ends with the connect timeout at the latest.
            Task { await self.open(for: attempt) }
        }
        let waiting: @Sendable () async throws(RedisError) -> Result<RedisConnection, RedisError> = {
            () throws(RedisError) in
            do { return try await attempt.wait() } catch { throw .wasCancelled(mayHaveRun: false) }
        }
        guard let deadline else { return try await waiting() }
        let late = RedisError(.unavailable, "no server answers at \(endpoint)")
        do throws(RedisError) {
            return try await withDeadline(ContinuousClock.now.duration(to: deadline), otherwise: late, waiting)
        } catch {
            guard error.code == .unavailable else { throw error }
            return .failure(error)
        }
    }

    private func open(for attempt: OneShot<Result<RedisConnection, RedisError>>) async {
        let result: Result<RedisConnection, RedisError>
        do throws(RedisError) {
            let connection = try await RedisConnection.open(endpoint, options: options) { [weak self] _ in
                self?.dropEnded()
            }
            result = .success(connection)
        } catch {
            result = .failure(error)
        }
        let unwanted: RedisConnection? = state.withLock { state in
            state.attempt = nil
            switch result {
            case .success(let connection):
                if state.isClosed { return connection }
                state.connectedAt = .now
                state.generation += 1
                state.connection = connection
            case .failure:
                state.notBefore = .now.advanced(by: state.backoff.next())
            }
            return nil
        }
        unwanted?.end(RedisError(.closed, "the client was closed"))
        // It may have ended before it was in its place.
        dropEnded()
        attempt.set(result)
    }

    /// Lets go of a connection that has ended; the next attempt waits a moment, so that a server that accepts and
    /// closes is not stormed.
    private func dropEnded() {
        guard let connection = state.withLock({ $0.connection }), connection.failure != nil else { return }
        forget(connection)
    }

    private func forget(_ connection: RedisConnection) {
        state.withLock { state in
            guard state.connection === connection else { return }
            state.connection = nil
            // One that held for a while was a success.
            if state.connectedAt.duration(to: .now) > options.longestDelay { state.backoff.reset() }
            state.notBefore = .now.advanced(by: state.backoff.next())
        }
    }
}
