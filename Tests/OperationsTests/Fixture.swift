import Configuration
import MemoryStore
import Model
import Operations
import Synchronization
import TestSupport

/// A clock that stands still until it is moved.
final class FixedTime: TimeSource {
    private let value = Mutex(Timestamp("2026-03-09T20:03:14Z")!)

    func now() -> Timestamp { value.withLock { $0 } }

    func sleep(for duration: Duration) async throws { value.withLock { $0 = $0 + duration } }
}

func makeTown(caller: Caller = Caller(), seed: UInt64 = 1) -> OpenTown {
    var configuration = TownConfiguration(name: "test")
    configuration.defaultCLI = "claude"
    return OpenTown(
        root: "/town", configuration: configuration, store: MemoryStore(), time: FixedTime(),
        random: SeededRandomness(seed: seed), janitor: UnknownHosts(), caller: caller)
}

/// The error that `body` ends with, if it is an operation's.
func failure(_ body: () async throws -> Void) async -> OperationError? {
    do { try await body() } catch let error as OperationError { return error } catch {}
    return nil
}

extension Operation {
    /// What a door does, without a host.
    static func call(_ input: Input, in town: OpenTown) async throws -> Output {
        try await TownService(town).call(Self.self, input).output
    }
}
