import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A number of places that are given out in the order in which they are asked for.
final class Queue: Sendable {
    /// One more than there are processors, because most tests wait for something.
    static let width = max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN))) + 1
    /// The one of this run.
    static let shared = Queue(places: width)
    /// Whether the current task has a place.
    @TaskLocal static var isInside = false

    private struct State {
        var free: Int
        var waiting: ArraySlice<(places: Int, turn: CheckedContinuation<Void, Never>)> = []

        mutating func next() -> [CheckedContinuation<Void, Never>] {
            var called: [CheckedContinuation<Void, Never>] = []
            // Who needs many places is not overtaken.
            while let first = waiting.first, first.places <= free {
                free -= first.places
                called.append(first.turn)
                waiting.removeFirst()
            }
            return called
        }
    }
    private let state: Mutex<State>

    init(places: Int) { state = Mutex(State(free: places)) }

    func enter(_ places: Int) async {
        await withCheckedContinuation { turn in
            let called = state.withLock { state in
                state.waiting.append((places, turn))
                return state.next()
            }
            for turn in called { turn.resume() }
        }
    }

    func leave(_ places: Int) {
        let called = state.withLock { state in
            state.free += places
            return state.next()
        }
        for turn in called { turn.resume() }
    }
}
