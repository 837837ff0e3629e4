import Model

/// The person looks in the morning: one message for each thing that needs them, none for anything else, and none that is left
/// when they have dealt with it.
struct Morning {
    let world: World

    private var now: Timestamp { Timestamp(microseconds: Scheduler.shared.now) }

    /// Compares what the person is told with what is the case. The town is at rest, and nobody has read anything yet.
    func look() async {
        do {
            let told = try await needs()
            let (must, may) = try await things()
            for need in must where !told.keys.contains(need) {
                world.witness.violation("the person is not told of \(need.key)")
            }
            for need in told.keys where !must.contains(need) && !may.contains(need) {
                world.witness.violation("the person is told of \(need.key), which needs nobody")
            }
            let said = try await tellings()
            guard world.personSleeps else { return }
            lookBack(said)
            // Those have gone by themselves.
            let count = said.count { !$0.contains(" waits by itself: ") }
            if count != told.count {
                world.witness.violation("the person was told \(count) times of \(told.count) things")
            }
        } catch { world.witness.violation("the store cannot be read: \(error)") }
    }

    /// Nothing is left when everything is dealt with.
    func lookAgain() async {
        do {
            for need in try await needs().keys {
                world.witness.violation("\(need.key) is dealt with, and still in the person's mailbox")
            }
        } catch { world.witness.violation("the store cannot be read: \(error)") }
    }

    /// What waits in the person's mailbox, by thing.
    private func needs() async throws -> [PersonalNeed: MessageID] {
        var found: [PersonalNeed: MessageID] = [:]
        for delivery in try await world.store.inbox(.supervisor, page: Page(limit: 100_000)) {
            guard let need = PersonalNeed(delivery.message) else { continue }
            if found.updateValue(delivery.message.id, forKey: need) != nil {
                world.witness.violation("the person has two messages about \(need.key)")
            }
        }
        return found
    }

    /// Of what the person was told, each time.
    private func tellings() async throws -> [String] {
        try await world.store.latestEvents(limit: 100_000, filter: EventFilter(types: [.messageSent]))
            .map(\.text).filter { $0.hasPrefix("the town to ") }
    }

    /// Who waited by themselves for long said so once, and says nothing any more.
    private func lookBack(_ said: [String]) {
        for (agent, outages) in world.witness.longOutages {
            let count = said.count { $0.contains(" \(agent) waits by itself: ") }
            if count < outages {
                world.witness.violation("\(agent) waited long \(outages) times, and the person was told \(count) times")
            }
        }
    }

    // MARK: What is the case

    /// What the person has to be told of, and what they may be told of besides.
    private func things() async throws -> (must: Set<PersonalNeed>, may: Set<PersonalNeed>) {
        var (must, may): (Set<PersonalNeed>, Set<PersonalNeed>) = ([], [])
        for task in try await world.store.tasks(TaskFilter(states: [.failed]), page: Page(limit: 100_000)) {
            // Of a circle the person is told once, and not again for each task in it.
            if task.result?.hasPrefix("its assignment was held back") ?? false {
                may.insert(.task(task.id))
            } else {
                must.insert(.task(task.id))
            }
        }
        for dead in try await world.store.deadLetters(page: Page(limit: 100_000)) { judge(dead, &must, &may) }
        for agent in try await world.store.agents() {
            let mail = try await world.store.inbox(agent.id, page: Page(limit: 100_000)).filter(\.message.body.wakes)
            if agent.state == .paused, world.witness.wasPausedByFailure(agent.id) { must.insert(.agent(agent.id)) }
            if agent.state == .paused || (agent.state.isTerminal && !mail.isEmpty) { may.insert(.agent(agent.id)) }
            if agent.state.isTerminal, agent.isOutOfRounds, !world.witness.wasStopped(agent.id),
                mail.contains(where: {
                    $0.message.from != .supervisor && !world.witness.wasMoved($0.message.id, to: agent.id)
                })
            {
                must.insert(.agent(agent.id))
            }
        }
        return (must, may)
    }

    private func judge(_ dead: Delivery, _ must: inout Set<PersonalNeed>, _ may: inout Set<PersonalNeed>) {
        let message = dead.message
        if dead.lastError?.isEmpty ?? true { world.witness.violation("dead letter \(message.id) has no reason") }
        if dead.deliveries == 0 {
            // It was held back before anybody saw it.
            let need = PersonalNeed.root(message.root ?? message.id)
            if message.from == .supervisor, message.path.isEmpty { may.insert(need) } else { must.insert(need) }
        } else if case .taskAssign = message.body {
            // Its task failed with it, or had failed before.
            may.insert(.letter(message.id))
        } else {
            must.insert(.letter(message.id))
        }
    }

    // MARK: What the person does

    func dealWithEverything() async {
        do {
            for (need, message) in try await needs().sorted(by: { $0.key.key < $1.key.key }) {
                try await deal(with: need, message)
            }
        } catch { world.witness.violation("the person cannot deal with it: \(error)") }
        _ = await letContinue()
    }

    /// Lets everybody continue who does not by themselves.
    /// - Returns: whether there was nobody.
    func letContinue() async -> Bool {
        var count = 0
        do {
            for agent in try await world.store.agents() where agent.state == .paused || agent.state.isTerminal {
                count += 1
                try await change(agent.id, agent.state == .paused ? .resume : .restart(maxTurns: 0))
            }
            // The agent that passed a task on may have died between letting it go and giving it away.
            let (agents, known) = (try await world.store.agents(), Set(world.witness.tasks))
            for task in try await world.store.tasks(.backlog, page: Page()) where known.contains(task.id) {
                count += 1
                _ = try await world.client().move(
                    task.id, .assign(agents[0].id), by: .supervisor, announcement: MessageID(random: world.random),
                    now: now)
            }
        } catch { world.witness.violation("the person cannot deal with it: \(error)") }
        await world.ensureHost()
        return count == 0
    }

    private func deal(with need: PersonalNeed, _ message: MessageID) async throws {
        let store = world.client()
        switch need {
        case .task(let id) where world.chance(0.6):
            // Something else may have opened it again meanwhile.
            guard try await store.task(id)?.state == .failed else { return }
            _ = try await store.move(
                id, .retry, by: .supervisor, announcement: MessageID(random: world.random), now: now)
        case .letter(let id) where world.chance(0.5): try await store.retryDead(id, to: nil, now: now)
        case .letter(let id) where world.chance(0.5):
            world.witness.dropped(id)
            try await store.dropDead(id, now: now)
        case .agent(let id):
            guard let agent = try await store.agent(id) else { return }
            try await change(id, agent.state == .paused ? .resume : .restart(maxTurns: 0))
        // They have read it, and leave it at that.
        case .task, .letter, .root, .waiting: _ = try await store.acknowledge(message, of: .supervisor, now: now)
        }
    }

    private func change(_ agent: AgentID, _ change: AgentChange) async throws {
        _ = try await world.client().change(agent, change, now: now)
    }
}
