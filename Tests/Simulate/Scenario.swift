import Engine
import Model
import Operations

/// One life of a simulated town: people send work while hosts die, clocks jump and answers are lost; then all becomes
/// calm, and every message has to be accounted for.
struct Scenario {
    let world: World

    func run() async {
        let agents = await makeAgents()
        world.makeCircle(of: agents)
        for machine in world.machines { world.startHost(on: machine) }
        let followers = (world.machines + ["m"]).map { world.follow(on: $0) }
        let senders = (0..<world.number(1..<4)).map { number in
            Task { await self.send(from: number, to: agents) }
        }
        for _ in 0..<world.number(5..<25) {
            await world.pause(upTo: 120)
            await disturb(agents)
            await check()
        }
        for sender in senders { await sender.value }
        world.becomeCalm()
        // What outlived its host on a machine ends with the next one there.
        if world.isSpread { for machine in world.machines { world.startHost(on: machine) } }
        await rest()
        let morning = Morning(world: world)
        await morning.look()
        await sleepAndWake()
        world.becomeCured()
        await morning.dealWithEverything()
        await rest()
        // What somebody was asked to do before they were dealt with, they do now: some stop.
        for _ in 0..<20 {
            let (nothingWaits, nobodyStopped) = (await decide(), await morning.letContinue())
            if nothingWaits, nobodyStopped { break }
            await rest()
        }
        await morning.lookAgain()
        world.end()
        for host in world.hosts {
            host.stop.finish()
            await host.task.value
        }
        for follower in followers { await follower.value }
        await account()
    }

    private var now: Timestamp { Timestamp(microseconds: Scheduler.shared.now) }

    private func makeAgents() async -> [AgentID] {
        var ids: [AgentID] = []
        for number in 0..<world.number(1..<6) {
            var agent = Agent(id: AgentID(random: world.random), name: "agent-\(number)", cli: "script", createdAt: now)
            agent.maxTurns = world.chance(0.2) ? world.number(3..<10) : 0
            agent.role = [nil, "backend", "tester", "worker"][world.number(0..<4)]
            let new = agent
            await attempt { () async throws(StoreError) in try await world.store.register(new, maxAgents: 10) }
            ids.append(agent.id)
        }
        return ids
    }

    private func send(from number: Int, to agents: [AgentID]) async {
        let store = world.client()
        var created: [TaskID] = []
        for index in 0..<world.number(5..<30) {
            await world.pause(upTo: 30)
            let to = agents[world.number(0..<agents.count)]
            if world.chance(0.15) {
                await shelve("shelved \(number)/\(index)", in: store)
                continue
            }
            if !created.isEmpty, world.chance(0.15) { await revise(created, store) }
            if world.chance(0.4) {
                var task = AgentTask(
                    id: TaskID(random: world.random), description: "task \(number)/\(index)", createdBy: .supervisor,
                    createdAt: now)
                if !created.isEmpty, world.chance(0.4) { task.dependsOn = [created[world.number(0..<created.count)]] }
                if !created.isEmpty, world.chance(0.1) { task.parent = created[world.number(0..<created.count)] }
                created.append(task.id)
                let new = NewTask(
                    task, assignee: Assignment(agent: to, announcement: MessageID(random: world.random)))
                await attempt { () async throws(StoreError) in try await store.create([new]) }
                await world.ensureHost()
                continue
            }
            let text = "message \(number)/\(index)"
            var message = Message(
                id: MessageID(random: world.random), from: .supervisor, to: to,
                body: world.chance(0.7)
                    ? .task(description: text)
                    : world.chance(0.5) ? .query(question: text) : .informational(summary: text),
                createdAt: now)
            message.priority = world.chance(0.2) ? .urgent : .normal
            let letter = message
            for _ in 0..<(world.chance(0.2) ? 2 : 1) {
                await attempt { () async throws(StoreError) in _ = try await store.send([letter], limits: SendLimits())
                }
            }
            await world.ensureHost()
        }
    }

    /// Puts a task into the backlog, for any agent with time.
    private func shelve(_ description: String, in store: some Store) async {
        var task = AgentTask(
            id: TaskID(random: world.random), description: description, createdBy: .supervisor, createdAt: now,
            tags: [[], ["api"], ["qa"]][world.number(0..<3)])
        task.inBacklog = true
        let new = NewTask(task)
        await attempt { () async throws(StoreError) in try await store.create([new]) }
        await world.ensureHost()
    }

    /// Changes what a task waits for, as an edited plan does. What was started and what would go in circles is refused.
    private func revise(_ created: [TaskID], _ store: any Store) async {
        let id = created[world.number(0..<created.count)]
        guard let task = try? await world.store.task(id) else { return }
        var revision = TaskRevision(task)
        revision.description += "."
        revision.dependsOn = world.chance(0.3) ? [] : [created[world.number(0..<created.count)]]
        let wanted = revision
        await attempt { () async throws(StoreError) in
            do throws(StoreError) { try await store.revise([wanted], now: now) } catch {
                guard [.illegalMove, .dependencyCycle].contains(error.code) else { throw error }
            }
        }
    }

    private func disturb(_ agents: [AgentID]) async {
        let hosts = world.hosts
        switch world.number(0..<(world.personSleeps ? 5 : 10)) {
        case 0...2:
            if world.isSpread, world.chance(0.5) {
                world.cut(world.machines[world.number(0..<2)], for: world.number(5..<180))
            } else if !hosts.isEmpty {
                world.kill(hosts[world.number(0..<(world.isSpread ? hosts.count : 1))])
            }
        case 3: hosts.first?.stop.finish()
        case 4 where !world.isSpread: hosts.last?.time.jump(to: Int64(world.number(-7200..<7200)) * 1_000_000)
        case 5: await change(agents, .interrupt(reason: nil))
        case 6: await change(agents, .stop([.afterTurn, .now, .whenEmpty][world.number(0..<3)]))
        case 7: await change(agents, .restart(maxTurns: 0))
        case 8:
            // Refused unless the first has ended.
            let (from, to) = (agents[world.number(0..<agents.count)], agents[world.number(0..<agents.count)])
            // Whether or not the answer arrives, the person knows where this mail went.
            let mail = try? await world.store.inbox(from, page: Page(limit: 100_000))
            world.witness.moved((mail ?? []).map(\.message.id), to: to)
            _ = try? await world.client().reclaim(from: from, to: .agent(to), now: now)
            await world.ensureHost()
        case 4: break
        default: await change(agents, .resume)
        }
        if !world.isGuarded { await world.look() }
        // Any number of hosts may share a town.
        if world.chance(0.2) { world.startHost(on: world.machines[world.number(0..<world.machines.count)]) }
    }

    private func change(_ agents: [AgentID], _ change: AgentChange) async {
        let id = agents[world.number(0..<agents.count)]
        _ = try? await world.client().change(id, change, now: now)
        await world.ensureHost()
    }

    /// Lets the town do all that it can by itself. Nothing fails any more, and nobody gives a command where hosts have
    /// guardians.
    private func rest() async {
        var quietLooks = 0
        for _ in 0..<400 {
            if !world.isGuarded { await world.look() }
            var isQuiet = true
            do {
                for pulse in try await world.store.pulse() where !isAtRest(pulse) { isQuiet = false }
            } catch { world.witness.violation("the calm store refused: \(error)") }
            // A host may still be about to offer something to an agent that became idle a moment ago.
            quietLooks = isQuiet ? quietLooks + 1 : 0
            if quietLooks == 2 { return }
            // Far more than what is begun here can lead to.
            if world.witness.turns > 5000 { break }
            try? await Scheduler.shared.sleep(microseconds: 600_000_000)
        }
        world.witness.violation("liveness: the town does not come to rest")
    }

    /// Whether nothing will happen to an agent unless somebody does something.
    private func isAtRest(_ pulse: AgentPulse) -> Bool {
        let agent = pulse.agent
        if pulse.lease != nil { return false }
        if agent.state == .paused { return agent.stopRequest == nil || pulse.hasWork }
        if agent.stopRequest != nil || pulse.hasWork || agent.isOutOfRounds { return false }
        // Who backs off is offered something afterwards.
        return agent.role == nil || !agent.isBackingOff(at: now)
    }

    /// Hours pass: who has nothing to do sleeps, and wakes for mail.
    private func sleepAndWake() async {
        guard world.idleTimeout > .zero else { return }
        // Clocks that were wrong may have put an agent's last turn into the future.
        try? await Scheduler.shared.sleep(microseconds: 4 * 3600 * 1_000_000)
        do {
            var sleepers: [AgentID] = []
            for pulse in try await world.store.pulse() {
                let isIdle = pulse.agent.state == .idle || pulse.agent.state == .starting
                if isIdle, !pulse.expectsWork, !world.hosts.isEmpty {
                    world.witness.violation("\(pulse.agent.name) does not fall asleep although a host serves")
                }
                if pulse.agent.state == .cold { sleepers.append(pulse.agent.id) }
            }
            for id in sleepers {
                let letter = Message(
                    id: MessageID(random: world.random), from: .supervisor, to: id, body: .task(description: "late"),
                    createdAt: now)
                await attempt { () async throws(StoreError) in
                    _ = try await world.client().send([letter], limits: SendLimits())
                }
                await world.ensureHost()
            }
            await rest()
            for id in sleepers {
                if let pulse = try await world.store.pulse().first(where: { $0.agent.id == id }), pulse.hasWork,
                    pulse.agent.state != .paused
                {
                    world.witness.violation("\(pulse.agent.name) sleeps on although mail came")
                }
            }
        } catch { world.witness.violation("the store cannot be read: \(error)") }
    }

    /// Decides about all tasks that wait, as a person would who was asked.
    /// - Returns: whether there was none.
    private func decide() async -> Bool {
        do {
            let waiting = try await world.store.tasks(TaskFilter(isWaiting: true), page: Page())
            for task in waiting { try await decide(about: task) }
            await world.ensureHost()
            return waiting.isEmpty
        } catch {
            world.witness.violation("the calm store refused: \(error)")
            return true
        }
    }

    /// Lets a task go on where what it needs has ended otherwise than completed, as a person would who was asked. One
    /// that waits although all of it is completed was forgotten.
    private func decide(about task: AgentTask) async throws {
        var states: [TaskState] = []
        for need in needs(of: task) { if let state = try await world.store.task(need)?.state { states.append(state) } }
        if states.allSatisfy({ $0 == .completed }) {
            world.witness.violation("task \(task.id) waits although all that it needs is completed")
        }
        guard states.allSatisfy(\.isTerminal) else { return }
        _ = try await world.store.move(
            task.id, .release, by: .supervisor, announcement: MessageID(random: world.random), now: now)
    }

    private func needs(of task: AgentTask) -> [TaskID] { task.dependsOn + (task.parent.map { [$0] } ?? []) }

    /// The promises that can be seen at any moment.
    private func check() async {
        do {
            let turns = world.witness.turns
            let leases = try await world.store.leases()
            if Set(leases.map(\.token.agent)).count != leases.count {
                world.witness.violation("promise 4: an agent has two leases")
            }
            let counts = try await world.store.queueCounts()
            // A turn may have begun between the two looks.
            if counts.leased > 0, leases.isEmpty, world.witness.turns == turns {
                world.witness.violation("promise 1: leased messages without a lease")
            }
            // Read first: what it needs never leaves its end again.
            for task in try await world.store.tasks(
                TaskFilter(states: [.assigned, .running, .completed]), page: Page())
            {
                for need in needs(of: task) where try await world.store.task(need)?.state != .completed {
                    world.witness.violation("task \(task.id) is \(task.state) before what it needs")
                }
            }
        } catch { world.witness.violation("the store cannot be read: \(error)") }
    }

    private func account() async {
        let witness = world.witness
        do {
            for message in witness.sentMessages {
                guard let delivery = try await world.store.delivery(message.id) else {
                    if witness.wasDropped(message.id) { continue }
                    witness.violation("promise 1: \(message.id) is lost")
                    continue
                }
                let times = witness.timesFinished(message.id)
                switch delivery.state {
                case .done where message.to != .supervisor && times != 1:
                    witness.violation("promise 2: \(message.id) is done after \(times) finished turns")
                case .leased: witness.violation("promise 1: \(message.id) is still leased")
                case .queued where message.body.wakes && message.to != .supervisor:
                    witness.violation("liveness: \(message.id) still waits")
                case .dead where times != 0:
                    witness.violation("promise 1: \(message.id) is dead although it was handled")
                default: break
                }
            }
            for id in witness.tasks {
                guard let task = try await world.store.task(id) else {
                    witness.violation("task \(id) is lost")
                    continue
                }
                if !task.state.isTerminal { witness.violation("W5: task \(id) is forgotten in state \(task.state)") }
            }
            try await accountForBacklog()
            try await world.accountForFollowers()
            // Whatever a town came to, it can be saved, restored and taken to another store.
            do { witness.ended(with: try await world.stores.copy()) } catch {
                witness.violation("the town cannot be copied: \(error)")
            }
            if !(try await world.store.leases()).isEmpty { witness.violation("a lease is stuck") }
            if witness.livingProcesses > 0 { witness.violation("a process is left") }
        } catch { witness.violation("the store cannot be read: \(error)") }
    }

    /// Whatever still waits in the backlog was offered to each agent that it suits, and left by it (W20).
    private func accountForBacklog() async throws {
        let agents = try await world.store.agents()
        for task in try await world.store.tasks(.backlog, page: Page()) {
            for agent in agents where agent.role.map({ BacklogMatch.suits(role: $0, tags: task.tags) }) ?? false {
                if !world.witness.wasOffered(task.id, agent.id) {
                    world.witness.violation("W20: task \(task.id.short) was never offered to idle \(agent.name)")
                }
            }
        }
    }

    private func attempt(_ body: () async throws(StoreError) -> Void) async {
        for _ in 0..<200 {
            do throws(StoreError) { return try await body() } catch {
                guard [.busy, .unknownOutcome, .unavailable].contains(error.code) else {
                    world.witness.violation("a sender was refused: \(error)")
                    return
                }
                // A link that is down takes its time.
                await world.pause(upTo: error.code == .unavailable ? 20 : 0.5)
            }
        }
        world.witness.violation("a sender gave up")
    }
}
