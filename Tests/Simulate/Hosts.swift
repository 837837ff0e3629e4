import Configuration
import Engine
import Model
import Synchronization
import Operations
import Towns

/// The hosts of a simulated town: how they begin, die, and come back.
extension World {
    final class RunningHost: Sendable {
        let id: HostID
        let machine: String
        let task: Task<Void, Never>
        let stop: AsyncStream<Never>.Continuation
        let time: SimulatedTime

        init(
            id: HostID, machine: String, task: Task<Void, Never>, stop: AsyncStream<Never>.Continuation,
            time: SimulatedTime
        ) {
            self.id = id
            self.machine = machine
            self.task = task
            self.stop = stop
            self.time = time
        }
    }

    /// Those that live.
    var hosts: [RunningHost] {
        running.withLock { hosts in
            hosts.removeAll { deaths.isDead($0.id) }
            return hosts
        }
    }

    /// - Parameter earlier: hosts that died in a row before this one, all of them young.
    @discardableResult
    func startHost(on machine: String = "m", after earlier: Int = 0) -> RunningHost {
        let id = HostID(random: random)
        let time = SimulatedTime()
        clocks.withLock { $0.append(time) }
        let own = processStore()
        let tools = TurnTools(
            store: client(on: machine, of: own.store, isDead: { [deaths] in deaths.isDead(id) }),
            harnesses: ScriptedHarness(world: self, host: id, machine: machine),
            time: time, random: random, journal: SilentJournal(), files: NoFiles(),
            town: TurnContext(name: "sim", root: "/town", environment: [:], scratchFolder: "/town/.tt/turns"),
            settings: settings())
        let now = time.now()
        let host = HostLoop(
            tools: tools, janitor: SimulatedJanitor(processes: processes, deaths: deaths, machine: machine),
            host: Host(
                id: id, machine: machine, process: "1:1", startedAt: now, expiresAt: now + .seconds(60),
                isForeground: false))
        let (stopping, stop) = AsyncStream.makeStream(of: Never.self)
        witness.note("host \(id.short) starts on \(machine)")
        let begun = Scheduler.shared.now
        let task = Task {
            if self.isSpread { await self.processes.endForgotten(on: machine, isDead: self.deaths.isDead) }
            var hasFailed = false
            do { try await host.run(until: stopping) } catch { hasFailed = true }
            let wasKilled = self.deaths.isDead(id)
            self.witness.note("host \(id.short) ends")
            // However it ended, its process is gone now.
            self.deaths.die(id)
            own.close()
            guard !self.isOver else { return }
            if wasKilled || hasFailed {
                let isOld = Scheduler.shared.now - begun >= 10_000_000
                // Nobody waits for the host that comes next.
                if self.isGuarded { Task { await self.bringBack(machine, deaths: isOld ? 1 : earlier + 1) } }
            } else {
                // What came while it made up its mind was left to it.
                await self.ensureHost()
            }
        }
        let new = RunningHost(id: id, machine: machine, task: task, stop: stop, time: time)
        running.withLock { $0.append(new) }
        return new
    }

    private func processStore() -> (store: any Store, close: @Sendable () -> Void) {
        do { return try stores.another() } catch {
            witness.violation("a host cannot open the store: \(error)")
            return (store, {})
        }
    }

    private func settings() -> HostSettings {
        var settings = HostSettings()
        settings.maxConcurrentTurns = number(1..<4)
        settings.idleTimeout = idleTimeout
        settings.renewsHost = isSpread
        settings.turnLimits.turn = .seconds(600)
        settings.failurePolicy.maxAttempts = 3
        settings.drainGrace = .seconds(number(0..<60))
        return settings
    }

    /// SIGKILL: nothing that the host does from now on reaches the store, and nothing that it started ends.
    func kill(_ host: RunningHost) {
        witness.note("host \(host.id.short) is killed")
        deaths.die(host.id)
        host.task.cancel()
    }

    /// What a guardian does: another host, at once or after a pause that grows; in the end none.
    private func bringBack(_ machine: String, deaths: Int) async {
        guard deaths <= 15 else { return witness.note("the guardian gives up") }
        let pause = deaths == 1 ? 0 : min(100_000 << (deaths - 2), 60_000_000)
        // Starting takes its time as well.
        guard (try? await Scheduler.shared.sleep(microseconds: Int64(pause + number(20_000..<400_000)))) != nil else {
            return
        }
        startHost(on: machine, after: deaths)
    }

    // MARK: Commands

    /// What a command does that brought work: it starts a host if the town needs one and none lives.
    func ensureHost() async {
        if !hosts.isEmpty { return }
        if (try? await town.needsHost()) == true, hosts.isEmpty { startHost() }
    }

    /// What a command does that only looks: it starts a host if something is left alone.
    func look() async {
        if (try? await town.isLeftAlone()) == true, hosts.isEmpty { startHost() }
    }

    /// The town as commands see it.
    private var town: OpenTown {
        OpenTown(
            root: "/town", configuration: TownConfiguration(name: "sim"), store: store, time: SimulatedTime(),
            random: random, janitor: SimulatedJanitor(processes: processes, deaths: deaths, machine: "m"))
    }
}
