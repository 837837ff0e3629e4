import Model
import Testing

@Suite struct AgentStateMachine {
    /// The state after each signal, in the order of the columns; `-` is refused.
    private static let moves: [AgentSignal: String] = [
        //                cold     starting idle     working  paused   draining stopped  error
        .turnStarted: "   working  working  working  -        -        draining -        -",
        .turnEnded: "     -        idle     idle     idle     paused   draining -        -",
        .interrupted: "   paused   paused   paused   paused   paused   paused   -        -",
        .resumed: "       -        -        -        -        idle     -        -        -",
        .askedToDrain: "  draining draining draining draining draining draining -        -",
        .stopped: "       stopped  stopped  stopped  stopped  stopped  stopped  stopped  -",
        .failed: "        error    error    error    error    error    error    -        -",
        .fellAsleep: "    -        cold     cold     -        -        -        -        -",
        .restarted: "     starting -        -        -        -        -        starting starting",
    ]
    private static let states: [AgentState] = [.cold, .starting, .idle, .working, .paused, .draining, .stopped, .error]

    @Test(arguments: AgentSignal.allCases)
    func `every move leads where the table says, or is refused with its name`(signal: AgentSignal) throws {
        #expect(Set(Self.states) == Set(AgentState.allCases))
        let wanted = try #require(Self.moves[signal]).split(separator: " ").map(String.init)
        try #require(wanted.count == Self.states.count)
        for (from, to) in zip(Self.states, wanted) {
            do {
                let next = try from.after(signal)
                #expect(next.rawValue == to, "\(signal) of \(from)")
            } catch {
                #expect(to == "-", "\(signal) of \(from)")
                #expect(error == IllegalMove(from: from.rawValue, signal: signal.rawValue))
            }
        }
    }

    @Test func `W15 - a pause made during a turn outlives the turn`() throws {
        #expect(try AgentState.working.after(.interrupted).after(.turnEnded) == .paused)
    }

    @Test func `W8 - an agent that is asked to drain is not shown as stopped while its turn runs`() throws {
        #expect(try AgentState.working.after(.askedToDrain) == .draining)
        #expect(try AgentState.draining.after(.turnEnded) == .draining)
    }
}

@Suite struct TaskStateMachine {
    static let moves: [TaskMove] = [
        .assign(.supervisor), .start, .complete("x"), .fail("x"), .cancel("x"), .requeue, .release,
    ]

    /// The state after each move, in the order of the columns; `-` is refused.
    private static let table: [(move: TaskMove, states: String)] = [
        //                         pending   assigned  running
        (.assign(.supervisor), "   assigned  assigned  -"),
        (.start, "                 -         running   running"),
        (.complete("x"), "         completed completed completed"),
        (.fail("x"), "             failed    failed    failed"),
        (.cancel("x"), "           cancelled cancelled cancelled"),
        (.requeue, "               pending   pending   pending"),
        (.release, "               -         -         -"),
        (.retry, "                 -         -         -"),
    ]

    @Test func `an open task moves where the table says, or is refused with the move's name`() throws {
        for (move, states) in Self.table {
            for (from, to) in zip([TaskState.pending, .assigned, .running], states.split(separator: " ")) {
                var task = AgentTask(
                    id: TaskID(high: 1, low: 1), description: "d", createdBy: .supervisor,
                    createdAt: Timestamp(microseconds: 0))
                task.state = from
                if from != .pending { task.assignedTo = .supervisor }
                do {
                    let moved = try task.after(move, at: Timestamp(microseconds: 1))
                    #expect(moved.state.rawValue == to, "\(move) of \(from)")
                } catch {
                    #expect(to == "-", "\(move) of \(from)")
                    #expect(error.signal == move.name)
                }
            }
        }
    }

    @Test(arguments: [TaskState.completed, .failed, .cancelled])
    func `W40 - an ended task never moves`(state: TaskState) throws {
        for move in Self.moves {
            var task = AgentTask(
                id: TaskID(high: 1, low: 1), description: "d", createdBy: .supervisor,
                createdAt: Timestamp(microseconds: 0))
            task.state = state
            #expect(throws: IllegalMove(from: state.rawValue, signal: move.name)) {
                try task.after(move, at: Timestamp(microseconds: 1))
            }
        }
    }

    @Test func `a retry begins what was not completed anew, with its owner or in the backlog`() throws {
        let (start, later) = (Timestamp(microseconds: 0), Timestamp(microseconds: 9))
        let task = AgentTask(id: TaskID(high: 1, low: 1), description: "d", createdBy: .supervisor, createdAt: start)
        let owner = AgentID(high: 7, low: 7)
        for end in [TaskMove.fail("no"), .cancel("no")] {
            let ended = try task.after(.assign(owner), at: start).after(.start, at: start).after(end, at: start)
            let again = try ended.after(.retry, at: later)
            #expect(again.state == .assigned && again.assignedTo == owner && !again.inBacklog)
            #expect(again.result == nil && again.completedAt == nil && again.startedAt == nil)
            #expect(again.id == task.id && again.updatedAt == later)
            let free = try task.after(end, at: start).after(.retry, at: later)
            #expect(free.state == .pending && free.inBacklog)
        }
        #expect(throws: IllegalMove(from: "completed", signal: "retry")) {
            try task.after(.complete("yes"), at: start).after(.retry, at: later)
        }
        #expect(throws: IllegalMove(from: "pending", signal: "retry")) { try task.after(.retry, at: later) }
    }

    @Test(arguments: moves)
    func `a task that waits stays pending until it is released or ends unfinished`(move: TaskMove) throws {
        let task = AgentTask(
            id: TaskID(high: 1, low: 1), description: "d", createdBy: .supervisor,
            createdAt: Timestamp(microseconds: 0)
        ).held()
        let next = try? task.after(move, at: Timestamp(microseconds: 1))
        switch move {
        case .start, .complete: #expect(next == nil)
        case .fail, .cancel: #expect(next?.state.isTerminal == true && next?.isWaiting == false)
        case .release: #expect(next?.isWaiting == false && next?.inBacklog == true)
        default: #expect(next?.state == .pending && next?.isWaiting == true && next?.inBacklog == false)
        }
    }

    @Test func `a requeued task has no owner and waits in the backlog`() throws {
        let task = AgentTask(
            id: TaskID(high: 1, low: 1), description: "d", createdBy: .supervisor,
            createdAt: Timestamp(microseconds: 0))
        let owner = AgentID(high: 7, low: 7)
        let running = try task.after(.assign(owner), at: .init(microseconds: 1)).after(
            .start, at: .init(microseconds: 2))
        #expect(running.state == .running && running.startedAt == Timestamp(microseconds: 2))
        let back = try running.after(.requeue, at: .init(microseconds: 3))
        #expect(back.state == .pending && back.assignedTo == nil && back.inBacklog && back.startedAt == nil)
    }
}
