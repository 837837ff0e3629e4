import Model
import Synchronization
import TestSupport

/// Sees everything that really happens in a simulated town, and says what must not happen.
final class Witness: Sendable {
    private struct State {
        var violations: [String] = []
        var turns = 0
        var sent: [MessageID: Message] = [:]
        var tasks: Set<TaskID> = []
        /// Which tasks of the backlog each agent was offered.
        var offers: [AgentID: Set<TaskID>] = [:]
        var leases: [TurnID: Lease] = [:]
        var finished: [MessageID: Int] = [:]
        /// The highest epoch seen for each agent.
        var epochs: [AgentID: Int64] = [:]
        /// Turns that hold an agent now.
        var holding: [AgentID: TurnID] = [:]
        /// Turns that seemed to hold an agent when it was leased again, and when that was. What a verb did is heard a
        /// moment after it happened, so the end of such a turn must be heard before the clock moves.
        var overlapping: [TurnID: (time: Int64, text: String)] = [:]
        /// Agents that a failure paused, and that nobody resumed since.
        var paused: Set<AgentID> = []
        /// Since when the turns of an agent have failed, in true time, and whether they have for long.
        var failing: [AgentID: (since: Int64, isLong: Bool)] = [:]
        /// How often the turns of an agent failed for long, by its name.
        var longOutages: [String: Int] = [:]
        /// Agents that the person asked to stop.
        var stopped: Set<AgentID> = []
        /// Mail that the person moved to an agent.
        var moved: [MessageID: AgentID] = [:]
        /// Dead letters that the person deleted.
        var dropped: Set<MessageID> = []
        /// Processes that live, by agent and machine.
        var processes: [String: TurnID] = [:]
        /// Turns whose process did its work to the end.
        var worked: Set<TurnID> = []
        var committed: Set<TurnID> = []
        var trace: [String] = []
        var end: [TownRecord] = []

        /// Notes how long the agent of a turn has been failing. Told is only who waits and was not cut off by a wrong clock,
        /// so the shortest time that counts is longer than the one after which a person is told.
        mutating func note(_ turn: TurnCommit) {
            let agent = turn.token.agent
            guard case .failed(let failure, let verdict, _) = turn.outcome else {
                failing[agent] = nil
                return
            }
            let now = Scheduler.shared.now
            var known = failing[agent] ?? (now, false)
            defer { failing[agent] = known }
            guard failure.kind == .network, verdict.pause == nil, !known.isLong, now - known.since > 5 * 3_600_000_000
            else { return }
            known.isLong = true
            if let name = leases[turn.token.turn]?.agent.name { longOutages[name, default: 0] += 1 }
        }

        /// Notes that a turn ended; false where it held nothing.
        mutating func end(_ token: LeaseToken) -> Bool {
            if let overlap = overlapping[token.turn], overlap.time == Scheduler.shared.now {
                overlapping[token.turn] = nil
                return true
            }
            guard holding[token.agent] == token.turn else { return false }
            holding[token.agent] = nil
            return true
        }
    }

    private let state = Mutex(State())
    /// Whether the town's hosts run on several machines.
    let isSpread: Bool

    init(isSpread: Bool) { self.isSpread = isSpread }

    var violations: [String] {
        state.withLock { $0.violations + $0.overlapping.values.map(\.text) }
    }
    var turns: Int { state.withLock { $0.turns } }
    var sentMessages: [Message] { state.withLock { Array($0.sent.values) }.sorted { $0.id < $1.id } }
    var tasks: [TaskID] { state.withLock { Array($0.tasks) }.sorted() }
    var trace: [String] { state.withLock { $0.trace } }

    /// What the town came to.
    var end: [TownRecord] { state.withLock { $0.end } }
    func ended(with records: [TownRecord]) { state.withLock { $0.end = records } }

    func violation(_ text: String) { state.withLock { $0.violations.append(text) } }
    func note(_ text: @autoclosure () -> String) {
        let line = "\(Double(Scheduler.shared.now - 1_800_000_000_000_000) / 1e6) \(text())"
        state.withLock { $0.trace.append(line) }
    }

    /// What a client had the store do.
    func saw(_ deed: StoreDeed) {
        switch deed {
        case .sent(let messages, let receipts): sent(messages, receipts)
        case .leased(let lease): leased(lease)
        case .committed(let turn): committed(turn)
        case .released(let token): released(token)
        case .changed(let agent, let change): changed(agent, change)
        case .offered(let task, let agent): offered(task, agent)
        case .announced: break
        case .created(let tasks): for new in tasks { created(new.task, new.assignee) }
        }
    }

    func sent(_ messages: [Message], _ receipts: [Receipt]) {
        state.withLock { state in
            for (message, receipt) in zip(messages, receipts) where !receipt.isDuplicate {
                if receipt.id != message.id { state.violations.append("\(message.id) got another id as a new message") }
                if state.sent[message.id] != nil {
                    state.violations.append("promise 5: \(message.id) was accepted twice")
                }
                state.sent[message.id] = message
            }
        }
    }

    func created(_ task: AgentTask, _ assignment: Assignment?) {
        state.withLock { if assignment != nil { $0.tasks.insert(task.id) } }
    }

    func offered(_ task: TaskID, _ agent: AgentID) {
        note("offer \(task.short) to \(agent.short)")
        state.withLock { state in
            if !state.offers[agent, default: []].insert(task).inserted {
                state.violations.append("W20: task \(task.short) was offered twice to \(agent.short)")
            }
        }
    }

    func wasOffered(_ task: TaskID, _ agent: AgentID) -> Bool {
        state.withLock { $0.offers[agent]?.contains(task) ?? false }
    }

    func leased(_ lease: Lease) {
        note(
            "lease \(lease.agent.name) epoch \(lease.token.epoch) turn \(lease.token.turn.short): \(lease.deliveries.count) messages"
        )
        state.withLock { state in
            let token = lease.token
            state.turns += 1
            state.leases[token.turn] = lease
            if let other = state.holding[token.agent] {
                state.overlapping[other] = (
                    Scheduler.shared.now,
                    "promise 4: \(lease.agent.name) got a second lease while \(other.short) holds it"
                )
            }
            state.holding[token.agent] = token.turn
            if token.epoch <= state.epochs[token.agent] ?? 0 {
                state.violations.append("promise 3: epoch \(token.epoch) of \(lease.agent.name) is not new")
            }
            state.epochs[token.agent] = token.epoch
            let order = lease.deliveries.map { ($0.message.lane.rawValue, $0.sequence) }
            if zip(order, order.dropFirst()).contains(where: { $0.0 >= $0.1 }) {
                state.violations.append("promise 4: a lease of \(lease.agent.name) is out of order")
            }
            for delivery in lease.deliveries where state.finished[delivery.message.id] != nil {
                state.violations.append("promise 1: \(delivery.message.id) was leased after it was done")
            }
        }
    }

    func committed(_ turn: TurnCommit) {
        note("commit \(turn.token.turn.short)")
        state.withLock { state in
            state.committed.insert(turn.token.turn)
            if !state.end(turn.token) {
                state.violations.append("promise 3: turn \(turn.token.turn.short) committed without holding its agent")
            }
            if case .failed(_, let verdict, _) = turn.outcome, verdict.pause != nil {
                state.paused.insert(turn.token.agent)
            }
            state.note(turn)
            guard case .finished = turn.outcome else { return }
            for delivery in state.leases[turn.token.turn]?.deliveries ?? [] {
                state.finished[delivery.message.id, default: 0] += 1
                if state.finished[delivery.message.id]! > 1 {
                    state.violations.append("promise 2: \(delivery.message.id) took effect twice")
                }
            }
        }
    }

    func changed(_ agent: AgentID, _ change: AgentChange) {
        state.withLock { state in
            switch change {
            case .resume, .restart: state.paused.remove(agent)
            case .stop:
                state.paused.remove(agent)
                state.stopped.insert(agent)
            default: break
            }
        }
    }

    func moved(_ messages: [MessageID], to agent: AgentID) {
        state.withLock { state in for message in messages { state.moved[message] = agent } }
    }

    func wasMoved(_ message: MessageID, to agent: AgentID) -> Bool { state.withLock { $0.moved[message] == agent } }

    var longOutages: [String: Int] { state.withLock { $0.longOutages } }
    func wasPausedByFailure(_ agent: AgentID) -> Bool { state.withLock { $0.paused.contains(agent) } }
    func wasStopped(_ agent: AgentID) -> Bool { state.withLock { $0.stopped.contains(agent) } }
    func dropped(_ id: MessageID) {
        state.withLock { state in
            state.dropped.insert(id)
            // Nothing knows of an offer any more that a person deleted as a dead letter: it may be made again.
            for (agent, tasks) in state.offers {
                for task in tasks where MessageID(offering: task, to: agent) == id { state.offers[agent]?.remove(task) }
            }
        }
    }
    func wasDropped(_ id: MessageID) -> Bool { state.withLock { $0.dropped.contains(id) } }

    func released(_ token: LeaseToken) {
        note("release \(token.turn.short)")
        state.withLock { state in
            if !state.end(token) {
                state.violations.append("promise 3: turn \(token.turn.short) was released without holding its agent")
            }
        }
    }

    /// A process of a turn starts.
    func processStarted(_ agent: AgentID, _ turn: TurnID, on machine: String, prompt: String) {
        state.withLock { state in
            // A turn whose lease passed over to another machine while its own was cut off ends when its host hears of it.
            if let other = state.processes["\(agent) \(machine)"], !isSpread || state.holding[agent] == other {
                state.violations.append(
                    "promise 3: process of \(turn.short) started while that of \(other.short) lives")
            }
            state.processes["\(agent) \(machine)"] = turn
            for delivery in state.leases[turn]?.deliveries ?? [] {
                switch delivery.message.body {
                case .task(let text), .query(let text), .informational(let text):
                    if !prompt.contains(text) { state.violations.append("W4: a message is not whole in its prompt") }
                default: break
                }
            }
        }
    }

    func processEnded(_ agent: AgentID, _ turn: TurnID, on machine: String, didWork: Bool) {
        state.withLock { state in
            if state.processes["\(agent) \(machine)"] == turn { state.processes["\(agent) \(machine)"] = nil }
            if didWork { state.worked.insert(turn) }
        }
    }

    /// Turns whose work was done to the end, and how many of them did not count, so that it was done again.
    var work: (done: Int, inVain: Int) {
        state.withLock { ($0.worked.count, $0.worked.subtracting($0.committed).count) }
    }

    var livingProcesses: Int { state.withLock { $0.processes.count } }
    func timesFinished(_ id: MessageID) -> Int { state.withLock { $0.finished[id] ?? 0 } }
}
