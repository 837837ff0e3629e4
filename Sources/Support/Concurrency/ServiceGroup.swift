import Synchronization

/// Services that start in their order and end in the reverse order: each may use what starts before it.
///
/// The last service is what the others are for, so the group ends when
/// - it is asked to,
/// - the last service has done its work, or
/// - a service fails, at its start or later. Then the others are ended as if the group had been asked to.
///
/// Any other service may end by itself. One that does not end within its grace period is cancelled, and waited for all the
/// same: whatever it still uses must not be taken away from it. Cancelling the group cancels all services at once.
public struct ServiceGroup: Sendable {
    private let services: [any Service]
    private let clock: any Clock<Duration>
    private let report: @Sendable (String) -> Void

    /// - Parameter report: told in one line of a service that did not end in time, and of failures after the first one.
    public init(
        _ services: [any Service], clock: any Clock<Duration> = ContinuousClock(),
        report: @escaping @Sendable (String) -> Void
    ) {
        self.services = services
        self.clock = clock
        self.report = report
    }

    private enum Event: Sendable {
        case asked
        /// The service at this place ended, or failed.
        case ended(Int, (any Error)?)
    }

    /// A service that was started.
    private struct Member: Sendable {
        let index: Int
        let service: any Service
        let task: Task<Void, any Error>
        let stop: AsyncStream<Never>.Continuation
    }

    /// Returns when all services have ended.
    /// - Throws: the first failure.
    public func run(until stopping: AsyncStream<Never>) async throws {
        let (events, event) = AsyncStream.makeStream(of: Event.self)
        let asking = Task {
            for await _ in stopping {}
            event.yield(.asked)
        }
        defer { asking.cancel() }
        let started = Mutex<[Member]>([])
        try await withTaskCancellationHandler {
            // Who failed first, and how.
            var failed: Int?
            var failure: (any Error)?
            do {
                for (index, service) in services.enumerated() {
                    try Task.checkCancellation()
                    guard let work = try await service.start() else { continue }
                    started.withLock { $0.append(Self.member(service, index, work, event)) }
                }
                waiting: for await event in events {
                    switch event {
                    case .asked: break waiting
                    case .ended(let index, nil) where index != services.count - 1: continue
                    case .ended(let index, let error):
                        (failed, failure) = (index, error)
                        break waiting
                    }
                }
            } catch { failure = error }
            for member in started.withLock({ $0 }).reversed() {
                guard let error = await end(member), member.index != failed else { continue }
                if failure == nil { failure = error } else { report("\(member.service.name) failed: \(error)") }
            }
            if let failure, !(failure is CancellationError && Task.isCancelled) { throw failure }
        } onCancel: {
            for member in started.withLock({ $0 }) { member.task.cancel() }
        }
    }

    private static func member(
        _ service: any Service, _ index: Int, _ work: @escaping Service.Work, _ event: AsyncStream<Event>.Continuation
    ) -> Member {
        let (stopping, stop) = AsyncStream.makeStream(of: Never.self)
        let task = Task {
            do { try await work(stopping) } catch {
                event.yield(.ended(index, error))
                throw error
            }
            event.yield(.ended(index, nil))
        }
        return Member(index: index, service: service, task: task, stop: stop)
    }

    /// - Returns: how it failed, if it did. That it was cancelled is no failure.
    private func end(_ member: Member) async -> (any Error)? {
        member.stop.finish()
        if Task.isCancelled { member.task.cancel() }
        let (clock, report) = (clock, report)
        let deadline = member.service.grace.map { grace in
            Task {
                guard (try? await clock.sleep(for: grace)) != nil, !Task.isCancelled else { return }
                report("\(member.service.name) did not end within \(grace) and is cancelled")
                member.task.cancel()
            }
        }
        defer { deadline?.cancel() }
        guard case .failure(let error) = await member.task.result, !(error is CancellationError) else { return nil }
        return error
    }
}
