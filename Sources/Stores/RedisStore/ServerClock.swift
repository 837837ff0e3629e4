public import Model
public import Redis
import Synchronization

/// The clock of a town's server, as this process sees it: read now and then, and carried on by the machine's steady clock
/// in between.
///
/// Machines that share a town write times that others judge: when a lease runs out, since when an agent is idle. Their own
/// clocks may differ by minutes; there is one server.
public final class ServerClock: TimeSource {
    private struct Reading: Sendable {
        var server: Timestamp
        var at: ContinuousClock.Instant
    }

    private let client: RedisClient
    private let reading: Mutex<Reading>

    /// Reads the server's clock.
    /// - Returns: nil where the server does not permit that.
    /// - Throws: as any request.
    public init?(_ client: RedisClient) async throws(RedisError) {
        self.client = client
        do throws(RedisError) {
            reading = Mutex(try await Self.read(client))
        } catch {
            guard error.code == .notPermitted else { throw error }
            return nil
        }
    }

    public func now() -> Timestamp {
        let reading = reading.withLock { $0 }
        return reading.server + reading.at.duration(to: .now)
    }

    public func sleep(for duration: Duration) async throws {
        if duration > .zero { try await Task.sleep(for: duration, clock: .continuous) }
    }

    /// Reads the server's clock again where the last reading is old: clocks are corrected, and no two run alike.
    func refresh() async {
        guard reading.withLock({ $0.at }).duration(to: .now) > .seconds(10) else { return }
        guard let new = try? await Self.read(client) else { return }
        reading.withLock { $0 = new }
    }

    private static func read(_ client: RedisClient) async throws(RedisError) -> Reading {
        let asked = ContinuousClock.now
        let reply = try await client.send(RedisCommand("TIME").repeatable)
        guard let seconds = reply[0].text.flatMap({ Int64($0) }), let rest = reply[1].text.flatMap({ Int64($0) }) else {
            throw RedisError(.protocolViolation, "the server does not say what time it is")
        }
        // The answer is as old as the way back took; half of all is the best guess.
        let at = asked.advanced(by: asked.duration(to: .now) / 2)
        return Reading(server: Timestamp(outsideSeconds: Double(seconds)) + .microseconds(rest), at: at)
    }
}
