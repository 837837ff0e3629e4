import Model
import TestSupport

/// One step of a walk.
struct WalkVerb {
    var name: String
    /// Carries it out on a side and gives the answer as text.
    var body: (WalkSide) async throws -> String
}

/// Chooses verbs and what they are told, all from one number. Of the oracle it only reads who is there.
struct Walker {
    private let random: SeededRandomness
    var now = Timestamp(microseconds: 1_700_000_000_000_000)
    var agents: [AgentID] = []
    var hosts: [HostID] = []
    private var sent: [Message] = []
    private var names = 0
    /// The ids that the walk made; a store makes more.
    private(set) var known: Set<String> = []

    init(seed: UInt64) {
        random = SeededRandomness(seed: seed &* 0x9E37_79B9_7F4A_7C15)
        hosts = [id(), id()]
    }

    mutating func id<Entity>() -> ID<Entity> {
        let id = ID<Entity>(random: random)
        known.insert(id.description)
        return id
    }

    func below(_ count: Int) -> Int { Int(random.next() % UInt64(max(1, count))) }
    func chance(_ of: Int) -> Bool { below(of) == 0 }
    func one<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// What people and programs write: several lines, line ends of other systems, wide and joined characters, long lines.
    var text: String {
        one([
            "do it", "first line\nsecond line", "\n\n  late beginning", "wide 日本語の文字 and 👩‍👩‍👧‍👦 joined", "e\u{301}tude",
            String(repeating: "long ", count: 60), String(repeating: "🇩🇪", count: 70), "crlf\r\nnext",
            "tab\tand \"quotes\"\\",
            "nul-free \u{7}bell", String(repeating: "é", count: 130), " ", "x\u{2028}y", "ﬁ ligature İ",
        ])
    }

    mutating func next(_ oracle: WalkSide) async throws -> WalkVerb {
        now = now + .milliseconds(below(4000))
        if chance(12) { now = now + .seconds(7200) }
        if chance(90) { now = now - .seconds(3600) }
        if agents.count < 2 { return register() }
        var agent = one(agents)
        // Who cannot work is brought back soon, or little would happen; and turns are ended by those that take one.
        if let state = try await oracle.store.agent(agent)?.state, state == .paused || state.isTerminal, chance(2) {
            return change(agent, to: state == .paused ? .resume : .restart(maxTurns: nil))
        }
        let working = agents.filter { oracle.leases[$0] != nil }
        if chance(8) { return chance(4) ? documents() : batch(agent) }
        let dice = below(100)
        if (44..<62).contains(dice), !working.isEmpty { agent = one(working) }
        switch dice {
        case 0..<4: return register()
        case 4..<24: return send(to: agent)
        case 24..<44: return lease(agent)
        case 44..<62: return end(agent)
        case 62..<66: return change(agent)
        case 66..<74: return create()
        case 74..<82: return move()
        case 82..<84: return revise()
        case 84..<86: return offer(agent)
        case 86..<88: return letters(agent)
        case 88..<90: return read(agent)
        case 90..<92: return host()
        case 92..<93: return remove(agent)
        case 93..<95: return reclaim(agent)
        case 95..<97: return note(agent)
        case 97..<98: return tidy()
        default: return append(agent)
        }
    }

    // MARK: Agents and hosts

    private mutating func register() -> WalkVerb {
        names += 1
        let now = now
        let name = chance(6) ? one(["Agent1", "Über", "über", "ÜBER"]) : "agent\(names)"
        var agent = Agent(id: id(), name: name, cli: one(["claude", "codex"]), createdAt: now)
        agent.maxTurns = one([0, 0, 0, 1, 3])
        agent.role = chance(2) ? "backend" : nil
        agent.nickname = chance(4) ? one(["Ada", "Agent2", "Überfly"]) : nil
        agent.parent = chance(5) ? agents.last : nil
        if agents.count < 5 { agents.append(agent.id) }
        let most = chance(12) ? 2 : 20
        return WalkVerb(name: "register \(name)") { side in
            try await side.store.register(agent, maxAgents: most)
            return ""
        }
    }

    private mutating func change(_ agent: AgentID) -> WalkVerb {
        change(
            agent,
            to: one([
                .interrupt(reason: nil), .interrupt(reason: text, tellsPerson: true), .resume, .resume,
                .stop(.whenEmpty),
                .stop(.afterTurn), .stop(.now), .retire(reason: "idle"), .restart(maxTurns: nil),
                .restart(maxTurns: 2),
                .pin(hosts[0]), .pin(nil), .attention(text), .attention(text, tellsPerson: true), .attention(nil),
                .cli("codex"),
            ]))
    }

    private mutating func change(_ agent: AgentID, to change: AgentChange) -> WalkVerb {
        let now = now
        return WalkVerb(name: "change \(agent) \(change)") { side in
            "\(try await side.store.change(agent, change, now: now))"
        }
    }

    private mutating func remove(_ agent: AgentID) -> WalkVerb {
        let now = now
        return WalkVerb(name: "remove \(agent)") { side in
            var removal = try await side.store.remove(agent, now: now)
            removal.tasks.sort { $0.description < $1.description }
            return "\(removal)"
        }
    }

    private mutating func reclaim(_ agent: AgentID) -> WalkVerb {
        let (now, destination) = (now, chance(2) ? Destination.backlog : .agent(one(agents)))
        return WalkVerb(name: "reclaim \(agent) \(destination)") { side in
            "\(try await side.store.reclaim(from: agent, to: destination, now: now))"
        }
    }

    private mutating func host() -> WalkVerb {
        let (now, number) = (now, below(2))
        let host = Host(
            id: hosts[number], machine: "m/b/t", process: "\(number + 1):1", startedAt: now,
            expiresAt: now + .seconds(30), isForeground: chance(5), lacks: chance(3) ? ["codex"] : [])
        let died: Bool? = chance(2) ? nil : chance(2)
        return WalkVerb(name: "host \(number) \(died.map { $0 ? "died" : "ended" } ?? "is there")") { side in
            if let died {
                try await side.store.retire(host.id, died: died, now: now)
            } else {
                try await side.store.announce(host, now: now)
            }
            return ""
        }
    }

    // MARK: Messages

    mutating func message(to agent: AgentID) -> Message {
        if chance(14), let old = sent.last { return old }
        let bodies: [MessageBody] = [
            .task(description: text), .query(question: text), .informational(summary: text),
            .custom(kind: one(["note", "TASK-x", "Feedback", "Übertask", "a query", "ACK", "é task!"]), payload: text),
            .confirmation(.thanks),
            .confirmation(.rejected(reason: text)), .statusRequest, .ping, .pong, .shutdown,
            .statusResponse(state: "idle", currentTask: chance(2) ? "x" : nil),
        ]
        let sender = chance(2) ? AgentID.supervisor : one(agents)
        var message = Message(
            id: id(), from: sender, to: chance(12) ? .supervisor : chance(40) ? id() : agent, body: one(bodies),
            priority: one([.normal, .normal, .low, .high, .urgent]), createdAt: now)
        message.hops = chance(4) ? below(4) : 0
        message.conversation = chance(5) ? ID(high: 7, low: UInt64(below(3))) : nil
        message.correlation = chance(6) ? sent.last?.id : nil
        message.idempotencyKey = chance(8) ? "key \(below(5))" : nil
        message.author = chance(9) ? Author(channel: "telegram", id: "7", name: "Zoë") : nil
        message.attachments = chance(9) ? ["/a b/c", "/é"] : []
        if chance(6), let root = sent.first { (message.root, message.path) = (root.id, [one(agents), one(agents)]) }
        sent.append(message)
        return message
    }

    var limits: SendLimits {
        chance(6)
            ? SendLimits(maxHops: 1, maxInbox: 3, sameAgent: 2, pingPong: 2, perRoot: 3) : SendLimits(maxInbox: 1000)
    }

    private mutating func send(to agent: AgentID) -> WalkVerb {
        let messages = (0..<one([1, 1, 1, 2, 3])).map { _ in message(to: one(agents)) }
        let limits = limits
        return WalkVerb(name: "send \(messages) \(limits)") { side in
            "\(try await side.store.send(messages, limits: limits))"
        }
    }

    /// Acts on the message of a place, because each store has its own ids for what it wrote itself.
    private mutating func letters(_ agent: AgentID) -> WalkVerb {
        let (now, place, to) = (now, below(100), chance(3) ? one(agents) : nil)
        switch below(4) {
        case 0:
            return WalkVerb(name: "retry the dead letter \(place)") { side in
                let dead = try await side.store.deadLetters(page: Page())
                if dead.isEmpty { return "none" }
                try await side.store.retryDead(dead[place % dead.count].message.id, to: to, now: now)
                return ""
            }
        case 1:
            return WalkVerb(name: "drop the dead letter \(place)") { side in
                let dead = try await side.store.deadLetters(page: Page())
                if dead.isEmpty { return "none" }
                try await side.store.dropDead(dead[place % dead.count].message.id, now: now)
                return ""
            }
        case 2:
            let reader = chance(2) ? AgentID.supervisor : agent
            return WalkVerb(name: "acknowledge \(place) of \(reader)") { side in
                let inbox = try await side.store.inbox(reader, page: Page())
                if inbox.isEmpty { return "none" }
                let id = inbox[place % inbox.count].message.id
                return "\(try await side.store.acknowledge(id, of: reader, now: now))"
            }
        default:
            let (reader, most) = (chance(2) ? AgentID.supervisor : agent, 1 + below(3))
            return WalkVerb(name: "take \(most) of \(reader)") { side in
                "\(try await side.store.take(reader, limit: most, now: now).map(WalkSide.plain))"
            }
        }
    }

    private mutating func read(_ agent: AgentID) -> WalkVerb {
        let page = Page(offset: below(3), limit: 1 + below(4))
        let filters = [
            TaskFilter(states: [.pending, .assigned]), TaskFilter(assignee: agent), TaskFilter.backlog,
            TaskFilter(isWaiting: true), TaskFilter(isWaiting: false), TaskFilter(idPrefix: "\(below(10))"),
        ]
        let filter = one(filters)
        let events = EventFilter(
            agent: chance(2) ? agent : nil, types: chance(2) ? [.turnFinished, .messageSent] : nil)
        return WalkVerb(name: "read \(page) \(filter) \(events)") { side in
            var lines = try await side.store.tasks(filter, page: page).map { "\($0)" }
            lines += try await side.store.inbox(agent, page: page).map { "\(WalkSide.plain($0))" }
            lines += try await side.store.deadLetters(page: page).map { "\(WalkSide.plain($0))" }
            for event in try await side.store.latestEvents(limit: page.limit, filter: events) {
                var plain = event
                plain.sequence = 0
                lines.append("\(plain)")
            }
            if let task = try await side.task(page.limit) {
                let needing = TaskFilter(needing: task.id)
                lines += try await side.store.tasks(needing, page: Page()).map { "\($0)" }
                lines.append("\(String(describing: try await side.store.task(task.id)))")
            }
            return lines.joined(separator: "\n")
        }
    }

    // MARK: Turns

    private mutating func lease(_ agent: AgentID) -> WalkVerb {
        let request = LeaseRequest(
            agent: agent, host: one(hosts), turn: id(), now: now, maxMessages: one([1, 2, 100]),
            proof: chance(2) ? String(repeating: "ab", count: 32) : nil)
        return WalkVerb(name: "lease \(request)") { side in
            guard var lease = try await side.store.lease(request) else { return "nothing" }
            side.leases[agent] = lease.token
            lease.deliveries = lease.deliveries.map(WalkSide.plain)
            return "\(lease)"
        }
    }

    private mutating func note(_ agent: AgentID) -> WalkVerb {
        let (now, isRenewal) = (now, chance(2))
        let session = HarnessSession(id: "s\(below(3))", harness: "claude")
        return WalkVerb(name: "\(isRenewal ? "renew" : "note") \(agent)") { side in
            guard let token = side.leases[agent] else { return "none" }
            if isRenewal {
                try await side.store.renew(token, until: now + .seconds(40), now: now)
            } else {
                try await side.store.note(token, session: session, now: now)
            }
            return ""
        }
    }

    // Every second one says what it wrote to a cache.
    private static func usage(_ tokens: Int, cost: Double) -> Usage {
        Usage(
            inputTokens: tokens, outputTokens: 3, cacheWriteTokens: tokens % 2 == 0 ? tokens / 2 : nil, costUSD: cost)
    }

    /// Ends the turn that the agent takes, or one that it took before.
    private mutating func end(_ agent: AgentID) -> WalkVerb {
        let now = now
        if chance(5) {
            let (cause, most) = (one([ReleaseCause.drained, .killed, .interrupted, .hostDied, .expired]), one([1, 5]))
            return WalkVerb(name: "release \(agent) \(cause)") { side in
                guard let token = side.leases[agent] else { return "none" }
                try await side.store.release(token, cause: cause, maxHostDeaths: most, now: now)
                side.leases[agent] = nil
                return ""
            }
        }
        let duration = Duration.milliseconds(below(90_000))
        let outcome: TurnCommit.Outcome
        if chance(3) {
            let failure = Failure(one(FailureClass.allCases), text)
            let verdict = FailurePolicy().verdict(on: failure, failures: 1 + below(3), now: now, jitter: 0.5)
            outcome = .failed(failure, verdict, maxAttempts: 1 + below(3))
        } else {
            outcome = .finished(reply: text)
        }
        let session =
            chance(3)
            ? HarnessSession(
                id: "s\(below(3))", harness: "claude",
                totals: Self.usage(below(9000), cost: 0.5)) : nil
        var sends = chance(4) ? [message(to: one(agents))] : []
        // What a turn sends comes from its agent, and its place in a chain follows from the turn.
        for index in sends.indices where sends[index].from != agent {
            (sends[index].from, sends[index].id, sends[index].root, sends[index].path) = (agent, id(), nil, [])
        }
        let (drops, usage, model) = (
            chance(9), chance(2) ? Self.usage(below(999), cost: 0.25) : nil, chance(2) ? "opus" : nil
        )
        let (retry, limits, forgets) = (chance(4) ? now + .seconds(20) : nil, limits, !chance(6))
        let made = sends
        return WalkVerb(name: "commit \(agent) \(outcome) sends \(sends) drops \(drops)") { side in
            guard let token = side.leases[agent] else { return "none" }
            var commit = TurnCommit(token: token, outcome: outcome, duration: duration, now: now)
            (commit.session, commit.dropsSession, commit.sends) = (session, drops, made)
            (commit.usage, commit.model, commit.cli) = (usage, model, "claude")
            (commit.retryIfOpen, commit.limits) = (retry, limits)
            let worker = try await side.store.commit(commit)
            // An old token comes back now and then.
            if forgets { side.leases[agent] = nil }
            return "\(worker)"
        }
    }

    // MARK: Tasks

    private mutating func create() -> WalkVerb {
        let (now, count, isGroup, priority) = (now, one([1, 1, 2, 3]), chance(8), one(Priority.allCases))
        var made: [(task: AgentTask, assignee: Assignment?, needs: Int?, parent: Int?)] = []
        for _ in 0..<count {
            let creator = chance(2) ? AgentID.supervisor : one(agents)
            var task = AgentTask(
                id: id(), description: text, createdBy: creator, createdAt: now,
                tags: chance(2) ? ["backend", "é"] : [])
            (task.isGroup, task.priority) = (isGroup, priority)
            let assignee =
                chance(2) && !isGroup ? Assignment(agent: one(agents), announcement: id(), priority: priority) : nil
            task.inBacklog = assignee == nil && !isGroup && chance(2)
            made.append((task, assignee, chance(3) ? below(100) : nil, chance(5) ? below(100) : nil))
        }
        return WalkVerb(name: "create \(made.map(\.task))") { side in
            var tasks: [NewTask] = []
            for one in made {
                var task = one.task
                if let need = one.needs, let other = try await side.task(need) { task.dependsOn = [other.id] }
                if let parent = one.parent, let other = try await side.task(parent) { task.parent = other.id }
                if one.needs != nil, let last = tasks.last { task.dependsOn.append(last.task.id) }
                tasks.append(NewTask(task, assignee: one.assignee))
            }
            try await side.store.create(tasks)
            return ""
        }
    }

    private mutating func move() -> WalkVerb {
        let moves: [TaskMove] = [
            .assign(one(agents)), .assign(one(agents)), .start, .complete(text), .complete(text), .fail(text),
            .cancel(text), .requeue, .release, .retry,
        ]
        let (move, by, announcement): (TaskMove, AgentID, MessageID) = (
            one(moves), chance(2) ? .supervisor : one(agents), id()
        )
        let (now, place) = (now, below(100))
        return WalkVerb(name: "move task \(place) \(move) by \(by)") { side in
            guard let task = try await side.task(place) else { return "none" }
            return "\(try await side.store.move(task.id, move, by: by, announcement: announcement, now: now))"
        }
    }

    private mutating func revise() -> WalkVerb {
        let (now, place, other, text, isGroup) = (now, below(100), below(100), text, chance(6))
        let (needs, becomesPart) = (chance(2), chance(4))
        return WalkVerb(name: "revise task \(place)") { side in
            guard let task = try await side.task(place), let second = try await side.task(other) else { return "none" }
            var revision = TaskRevision(task)
            (revision.description, revision.isGroup) = (text, isGroup)
            revision.dependsOn = needs ? [second.id] : []
            if becomesPart { revision.parent = second.id }
            try await side.store.revise([revision], now: now)
            return ""
        }
    }

    private mutating func offer(_ agent: AgentID) -> WalkVerb {
        let (now, place) = (now, below(100))
        return WalkVerb(name: "offer task \(place) to \(agent)") { side in
            let backlog = try await side.store.tasks(.backlog, page: Page())
            if backlog.isEmpty { return "none" }
            return "\(try await side.store.offer(backlog[place % backlog.count].id, to: agent, now: now))"
        }
    }

    // MARK: The log

    private mutating func append(_ agent: AgentID) -> WalkVerb {
        var event = Event(.agentAttention, text, at: now)
        event.agent = chance(2) ? agent : nil
        let made = event
        return WalkVerb(name: "append") { side in
            try await side.store.append([made])
            return ""
        }
    }

    private mutating func tidy() -> WalkVerb {
        let (now, keep) = (now, one([Duration.seconds(1), .seconds(86_400 * 7)]))
        return WalkVerb(name: "tidy \(keep)") { side in
            try await side.store.tidy(Retention(doneMessages: keep, events: 100_000), now: now)
            return ""
        }
    }
}
