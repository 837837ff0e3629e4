import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One thread that waits for many descriptors and calls a handler when one is ready.
///
/// Dispatch sources would do this, but on Linux their list of descriptors is not safe when sources come and go on
/// several threads: events get lost, or it crashes (https://github.com/swiftlang/swift-corelibs-libdispatch/issues/949).
/// Handlers run on the reactor's thread, one after the other; they must not block.
///
/// It is also an executor: a task that prefers it goes on where the event was noticed, without a change of threads.
/// Such a task must not block either.
public final class Reactor: TaskExecutor {
    /// What to wait for.
    public enum Interest: Sendable {
        /// Something to read, or the end.
        case reading
        /// Room to write, or nobody who reads.
        case writing
    }

    private struct Entry {
        var descriptor: Int32
        var interest: Interest
        var isPaused: Bool
        /// How often it may call its handler, where that is limited.
        var budget: WakeBudget?
        /// Its budget is used up until then.
        var restsUntil: ContinuousClock.Instant?
        var handler: @Sendable () -> Void
        var onCancel: @Sendable () -> Void
    }

    private struct State {
        var last = 0
        var entries: [Int: Entry] = [:]
        var jobs: [@Sendable () -> Void] = []
        /// A byte is in the wake-up pipe already.
        var isWoken = false
        /// The reactor's own, once it runs.
        nonisolated(unsafe) var thread: pthread_t?

        var isOnThread: Bool { thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
    }

    /// The process's own; it never ends.
    public static let shared = Reactor()

    private let state = Mutex(State())
    private let wakeUp: (reading: Int32, writing: Int32)

    private init() {
        var ends: [Int32] = [-1, -1]
        // Made once, and nothing goes without it. What a machine lacks now it may have in a moment.
        var tries = 0
        while pipe(&ends) != 0 { Self.waitForMachine("open files", &tries) }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        wakeUp = (ends[0], ends[1])
        // A thread of our own for good: a worker of Dispatch that never returns would count as busy in its pool.
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        // Signals are for the threads that wait for them; here one would meet its default action.
        var (all, old) = (sigset_t(), sigset_t())
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &old)
        defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
        let context = Unmanaged.passRetained(self).toOpaque()
        while pthread_create(&thread, nil, runReactor, context) != 0 { Self.waitForMachine("threads", &tries) }
        #if canImport(Darwin)
            pthread_detach(thread!)
        #else
            pthread_detach(thread)
        #endif
    }

    /// Gives the machine some seconds to have what is missing, and then ends the process with a word.
    private static func waitForMachine(_ missing: String, _ tries: inout Int) {
        tries += 1
        guard tries > 50 else {
            usleep(100_000)
            return
        }
        let words = Array("error: this machine has no \(missing) left for tt; see: ulimit -a\n".utf8)
        _ = write(2, words, words.count)
        exit(5)
    }

    /// Calls `handler` whenever `descriptor` is ready, until the registration is cancelled.
    ///
    /// - Parameters:
    ///   - isPaused: whether to wait for `resume()` first.
    ///   - budget: how often the handler may be called, for descriptors that others can make ready as often as they like.
    ///     What is ready in between waits.
    ///   - onCancel: called once, on the reactor's thread, when the descriptor is no longer used: the place to close it.
    public func register(
        _ descriptor: Int32, for interest: Interest, isPaused: Bool = false,
        budget: WakeBudget? = nil, onCancel: @escaping @Sendable () -> Void = {},
        handler: @escaping @Sendable () -> Void
    ) -> Registration {
        let entry = Entry(
            descriptor: descriptor, interest: interest, isPaused: isPaused, budget: budget, handler: handler,
            onCancel: onCancel)
        let id = change { state in
            state.last += 1
            state.entries[state.last] = entry
            return state.last
        }
        return Registration(id: id, reactor: self)
    }

    /// Runs `job` on the reactor's thread, after what is being handled now.
    public func perform(_ job: @escaping @Sendable () -> Void) {
        change { $0.jobs.append(job) }
    }

    /// Whether this is the reactor's thread.
    public var isCurrent: Bool { state.withLock { $0.isOnThread } }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        perform { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// One descriptor that is waited for. Letting go of it changes nothing: cancel it.
    public struct Registration: Sendable {
        fileprivate let id: Int
        fileprivate let reactor: Reactor

        /// Stops calling the handler until `resume()`. A call under way goes on.
        public func pause() { reactor.change { $0.entries[id]?.isPaused = true } }

        /// Calls the handler again when the descriptor is ready.
        public func resume() { reactor.change { $0.entries[id]?.isPaused = false } }

        /// Ends it; `onCancel` follows. Calling it again changes nothing.
        public func cancel() {
            reactor.change { state in
                guard let entry = state.entries.removeValue(forKey: id) else { return }
                state.jobs.append(entry.onCancel)
            }
        }
    }

    /// Changes the state and lets the thread see it.
    private func change<Value>(_ body: (inout State) -> Value) -> Value where Value: Sendable {
        let (value, wake) = state.withLock { state in
            let value = body(&state)
            // The thread itself looks at the state once more before it waits.
            if state.isOnThread { return (value, false) }
            defer { state.isWoken = true }
            return (value, !state.isWoken)
        }
        if wake { _ = write(wakeUp.writing, "w", 1) }
        return value
    }

    fileprivate func run() {
        state.withLock { $0.thread = pthread_self() }
        while true {
            // Between here and poll() nothing on this thread closes a descriptor of the set: jobs come first.
            let jobs = state.withLock { state in
                defer { state.jobs = [] }
                return state.jobs
            }
            for job in jobs { job() }
            let (ids, waiting, patience) = descriptors()
            var set = waiting
            guard poll(&set, nfds_t(set.count), patience) > 0 else { continue }
            if set[0].revents != 0 { drainWakeUps() }
            for (id, slot) in zip(ids, set.dropFirst()) where slot.revents != 0 {
                let entry = state.withLock { $0.entries[id] }
                guard let entry, !entry.isPaused else { continue }
                if slot.revents & Int16(POLLNVAL) != 0 {
                    // Closed behind our back; waiting on would spin.
                    Registration(id: id, reactor: self).cancel()
                } else {
                    entry.handler()
                    if entry.budget != nil { count(id) }
                }
            }
        }
    }

    /// Counts a wake-up of an entry with a budget.
    private func count(_ id: Int) {
        let now = ContinuousClock.now
        state.withLock { state in
            guard var budget = state.entries[id]?.budget else { return }
            let rest = budget.count(at: now)
            state.entries[id]?.budget = budget
            state.entries[id]?.restsUntil = rest.map { now + $0 }
        }
    }

    /// The wake-up pipe first, then everything that is neither paused nor at rest; and how many milliseconds to wait:
    /// none if a job came from a job meanwhile, without end if nothing is at rest.
    private func descriptors() -> (ids: [Int], set: [pollfd], patience: Int32) {
        state.withLock { state in
            var ids: [Int] = []
            var patience: Int32 = state.jobs.isEmpty ? -1 : 0
            var set = [pollfd(fd: wakeUp.reading, events: Int16(POLLIN), revents: 0)]
            // A job that came since the jobs were taken still has its byte in the pipe.
            for (id, entry) in state.entries where !entry.isPaused {
                if let until = entry.restsUntil {
                    let left = ContinuousClock.now.duration(to: until)
                    if left > .zero {
                        // Rounded up: poll() would come back too early and look again.
                        let milliseconds = Int32(min(left / .milliseconds(1), 1000)) + 1
                        patience = patience < 0 ? milliseconds : min(patience, milliseconds)
                        continue
                    }
                    state.entries[id]?.restsUntil = nil
                }
                ids.append(id)
                let events = entry.interest == .reading ? POLLIN : POLLOUT
                set.append(pollfd(fd: entry.descriptor, events: Int16(events), revents: 0))
            }
            return (ids, set, patience)
        }
    }

    private func drainWakeUps() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(wakeUp.reading, &bytes, bytes.count) > 0 {}
        // After reading: a change before this needs no byte, because it is looked at next; one after this writes its
        // own. The other way round that byte could be swallowed here, and no later change would write another.
        state.withLock { $0.isWoken = false }
    }
}

// At file scope, because C calls it on a thread of its own.
#if canImport(Darwin)
    private func runReactor(_ reactor: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        Unmanaged<Reactor>.fromOpaque(reactor).takeUnretainedValue().run()
        return nil
    }
#else
    private func runReactor(_ reactor: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        if let reactor { Unmanaged<Reactor>.fromOpaque(reactor).takeUnretainedValue().run() }
        return nil
    }
#endif
