import Model
import Synchronization

/// The processes of simulated machines: agents that outlive their hosts until somebody of their machine ends them.
final class SimulatedProcesses: Sendable {
    private struct Process {
        var machine: String
        var host: HostID
        var task: Task<HarnessResult, Never>
    }

    private let processes = Mutex([TurnID: Process]())
    private let witness: Witness

    init(witness: Witness) { self.witness = witness }

    /// Starts an agent's process; it runs whatever becomes of the caller.
    func start(
        _ turn: TurnID, agent: AgentID, on machine: String, by host: HostID, prompt: String,
        _ body: @escaping @Sendable () async -> HarnessResult
    ) -> Task<HarnessResult, Never> {
        witness.processStarted(agent, turn, on: machine, prompt: prompt)
        let task = Task {
            let result = await body()
            self.processes.withLock { _ = $0.removeValue(forKey: turn) }
            self.witness.processEnded(agent, turn, on: machine, didWork: !Task.isCancelled && result.failure == nil)
            return result
        }
        processes.withLock { $0[turn] = Process(machine: machine, host: host, task: task) }
        return task
    }

    /// What a host does before it begins: ends what dead hosts of its machine have left, even if
    /// their turns belong to others now.
    func endForgotten(on machine: String, isDead: (HostID) -> Bool) async {
        let forgotten = processes.withLock {
            $0.filter { $1.machine == machine && isDead($1.host) }.map(\.key).sorted()
        }
        for turn in forgotten { await kill(turn, on: machine) }
    }

    /// Kills a process of this machine and returns when it is gone. Those of others cannot be reached.
    func kill(_ turn: TurnID, on machine: String) async {
        guard let process = processes.withLock({ $0[turn] }), process.machine == machine else { return }
        process.task.cancel()
        _ = await process.task.value
    }
}

/// Ends survivors of hosts that died on this machine. Of other machines it sees nothing.
struct SimulatedJanitor: ProcessJanitor {
    let processes: SimulatedProcesses
    let deaths: Deaths
    let machine: String

    func isAlive(_ host: Host) -> Bool? { host.machine == machine ? !deaths.isDead(host.id) : nil }

    func waitForEnd(of host: Host) async throws {
        if host.machine == machine { return try await deaths.wait(for: host.id) }
        // Only a cancellation ends this.
        try await Scheduler.shared.sleep(microseconds: 1_000_000_000_000)
    }

    func endSurvivors(of turns: [TurnID]) async {
        for turn in turns { await processes.kill(turn, on: machine) }
    }
}

/// Which hosts died, and who waits for that.
final class Deaths: Sendable {
    private struct State {
        var dead: Set<HostID> = []
        var waiters: [(id: Int, host: HostID, continuation: CheckedContinuation<Bool, Never>)] = []
        var last = 0
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    func isDead(_ host: HostID) -> Bool { state.withLock { $0.dead.contains(host) } }

    func die(_ host: HostID) {
        let waiters = state.withLock { state in
            state.dead.insert(host)
            defer { state.waiters.removeAll { $0.host == host } }
            return state.waiters.filter { $0.host == host }
        }
        for waiter in waiters { waiter.continuation.resume(returning: true) }
    }

    func wait(for host: HostID) async throws {
        let id = state.withLock { state in
            state.last += 1
            return state.last
        }
        let died = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if state.dead.contains(host) { return true }
                    if state.cancelled.contains(id) { return false }
                    state.waiters.append((id, host, continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.cancelled.insert(id)
                let found = state.waiters.first { $0.id == id }
                state.waiters.removeAll { $0.id == id }
                return found
            }
            waiter?.continuation.resume(returning: false)
        }
        guard died else { throw CancellationError() }
    }
}
