import Configuration
import FoundationEssentials
import Model
import Operations
import Secrets
import TestSupport
import Testing

/// What agents may do in their turns, and by what a turn is known.
@Suite(.timeLimit(.minutes(1))) struct AuthorityTests {
    private static func agent(
        _ name: String, _ number: UInt64, role: String? = nil, kind: Agent.Kind = .worker
    ) -> Agent {
        var agent = Agent(
            id: AgentID(high: 5, low: number), name: name, cli: "c", createdAt: Timestamp(microseconds: 0))
        agent.role = role
        agent.kind = kind
        return agent
    }

    private let worker = agent("worker", 1)
    private let lead = agent("lead", 2, role: "lead")
    private let conductor = agent("goal-conductor", 3, role: "conductor", kind: .lead)
    private let other = AgentID(high: 5, low: 9)

    private func may(_ agent: Agent, _ deed: Authority.Deed) -> Bool { Authority.refusal(of: deed, by: agent) == nil }

    @Test func `of all operations that write, these and no others are an agent's`() {
        func allowed(_ agent: Agent) -> Set<String> {
            Set(
                Catalogue.all.map { $0.spec }.filter { $0.scope != .read && may(agent, .operation($0.name)) }.map(
                    \.name))
        }
        let everyone: Set<String> = [
            "message.send", "message.broadcast", "backlog.add", "backlog.claim", "backlog.remove", "task.complete",
            "task.fail",
            "task.cancel", "task.release", "agent.spawn", "agent.interrupt", "agent.resume", "agent.close",
            "agent.kill", "agent.restart",
        ]
        #expect(allowed(worker) == everyone)
        #expect(allowed(lead) == everyone.union(["task.assign", "backlog.assign_all"]))
        #expect(
            allowed(conductor)
                == everyone.union([
                    "task.assign", "backlog.assign_all", "plan.init", "plan.push", "plan.pull", "task.retry",
                ]))
    }

    @Test func `an agent speaks for itself, and only the conductor controls others`() {
        #expect(may(worker, .speak(as: worker.id)) && !may(worker, .speak(as: other)))
        #expect(!may(conductor, .speak(as: .supervisor)))
        #expect(may(worker, .control(worker.id)) && !may(worker, .control(other)))
        #expect(!may(lead, .control(other)) && may(conductor, .control(other)))
        #expect(may(worker, .give(to: worker.id)) && !may(worker, .give(to: other)) && may(lead, .give(to: other)))
    }

    @Test func `a new agent has a named CLI and no more rights than the one that adds it`() {
        #expect(may(worker, .spawn(cli: "claude", isNamed: true, role: "backend")))
        #expect(!may(worker, .spawn(cli: "sh -c x", isNamed: false, role: nil)))
        #expect(!may(conductor, .spawn(cli: "sh", isNamed: false, role: nil)))
        #expect(!may(worker, .spawn(cli: "claude", isNamed: true, role: "Conductor")))
        #expect(may(lead, .spawn(cli: "claude", isNamed: true, role: "lead")))
    }

    @Test func `a task is ended by its owner, called off by who gave it, and completed by nobody else`() {
        func task(owner: AgentID?, by: AgentID, tags: [String] = []) -> AgentTask {
            var task = AgentTask(
                id: TaskID(high: 6, low: 6), description: "t", createdBy: by, createdAt: Timestamp(microseconds: 0),
                tags: tags)
            task.assignedTo = owner
            return task
        }
        let own = task(owner: worker.id, by: other)
        let given = task(owner: other, by: worker.id)
        let foreign = task(owner: other, by: .supervisor)
        let goal = task(owner: nil, by: .supervisor, tags: ["goal"])
        for move: TaskMove in [.complete(""), .fail(""), .cancel("")] {
            #expect(may(worker, .end(own, move)))
            for agent in [worker, lead, conductor] { #expect(!may(agent, .end(foreign, move))) }
            #expect(may(conductor, .end(goal, move)) && !may(worker, .end(goal, move)))
        }
        #expect(!may(worker, .end(given, .complete(""))))
        #expect(may(worker, .end(given, .cancel(""))) && may(worker, .end(given, .fail(""))))
    }

    // MARK: By what a turn is known

    /// A town with two agents; `one` takes a turn whose secret is in a file.
    private struct Turn {
        var town: OpenTown
        let folder: ScratchFolder
        let lease: Lease

        init() async throws {
            town = makeTown()
            for name in ["one", "two"] { _ = try await SpawnAgent.call(.init(name: name), in: town) }
            _ = try await AssignTask.call(.init(agent: "one", task: "Mine"), in: town)
            _ = try await AssignTask.call(.init(agent: "two", task: "Not mine"), in: town)
            folder = try ScratchFolder()
            _ = try folder.write(String(repeating: "0123456789abcdef", count: 4), to: "token", mode: 0o600)
            let one = try await town.agent("one")
            // The SHA-256 of that text.
            let proof = "a8ae6e6ee929abea3afcfc5258c8ccd6f85273e0d4626d26c7279f3250f77c8e"
            lease = try #require(
                try await town.store.lease(
                    LeaseRequest(
                        agent: one.id, host: town.newID(), turn: town.newID(), now: town.time.now(), proof: proof)))
            town.caller = Caller(environment: ["TINYTOWN_PROOF_FILE": folder.path("token")])
        }
    }

    @Test func `the secret says who acts, whatever the variables say`() async throws {
        var turn = try await Turn()
        turn.town.caller = Caller(environment: [
            "TINYTOWN_PROOF_FILE": turn.folder.path("token"), "TINYTOWN_AGENT_NAME": "two",
            "TINYTOWN_AGENT_ID": try await turn.town.agent("two").id.description,
        ])
        let sent = try await SendMessage.call(.init(to: "two", message: "hello"), in: turn.town)
        #expect(sent.fromName == "one")
        #expect(try await turn.town.store.delivery(sent.id)?.message.verified == true)
        let from = await failure {
            _ = try await SendMessage.call(.init(to: "two", message: "hello", from: "supervisor"), in: turn.town)
        }
        #expect(from?.code == .needsPerson)
    }

    @Test func `what a turn sends holds no secret, in whatever kind of message`() async throws {
        var turn = try await Turn()
        turn.town.redactor = Redactor([Secret(name: "KEY", value: "s3cr3t-0123456789")])
        let (one, two) = (try await turn.town.agent("one").id, try await turn.town.agent("two").id)
        let bodies: [MessageBody] = [
            .query(question: "is s3cr3t-0123456789 right?"), .custom(kind: "log", payload: "s3cr3t-0123456789"),
            .taskDone(turn.town.newID(), result: "s3cr3t-0123456789"),
        ]
        for body in bodies {
            let sent = try await TownService(turn.town).acting(as: SendMessage.self) {
                try await $0.post([Draft(body, to: two)], from: one)
            }
            let kept = try #require(try await turn.town.store.delivery(sent.output[0].id)).message.body
            #expect(kept.type == body.type && !kept.text.contains("s3cr3t"), "\(kept)")
        }
    }

    @Test func `a message to all reaches all of them or nobody`() async throws {
        let town = makeTown()
        for name in ["one", "two"] { _ = try await SpawnAgent.call(.init(name: name), in: town) }
        let key = String(repeating: "k", count: TextRules.longestKey - 3)
        let refused = await failure { _ = try await Broadcast.call(.init(message: "hello", key: key), in: town) }
        #expect(refused?.code == .invalid)
        #expect(try await town.store.waitingCounts().isEmpty)
        let sent = try await Broadcast.call(.init(message: "hello", key: "k"), in: town)
        #expect(sent.messages.map(\.toName) == ["one", "two"] && sent.messages.allSatisfy { !$0.duplicate })
        let again = try await Broadcast.call(.init(message: "hello", key: "k"), in: town)
        #expect(again.messages.map(\.id) == sent.messages.map(\.id) && again.messages.allSatisfy(\.duplicate))
    }

    @Test func `what a turn may not do needs a person, and changes nothing`() async throws {
        let turn = try await Turn()
        let town = turn.town
        let two = try await town.agent("two")
        let foreign = try #require(try await town.store.tasks(TaskFilter(assignee: two.id), page: Page()).first)
        let attempts: [() async throws -> Void] = [
            { _ = try await CompleteTask.call(.init(task: foreign.id.description), in: town) },
            { _ = try await KillAgent.call(.init(agent: "two"), in: town) },
            { _ = try await InterruptAgent.call(.init(agent: "two"), in: town) },
            { _ = try await StopAllAgents.call(.init(), in: town) },
            { _ = try await SpawnAgent.call(.init(name: "esc", cli: "sh -c 'id >out'"), in: town) },
            { _ = try await SpawnAgent.call(.init(name: "esc", cli: "sh"), in: town) },
            { _ = try await AssignTask.call(.init(agent: "two", task: "more"), in: town) },
            { _ = try await TakeInbox.call(.init(), in: town) },
            { _ = try await PruneAgents.call(.init(), in: town) },
        ]
        for attempt in attempts { #expect(await failure { try await attempt() }?.code == .needsPerson) }
        #expect(try await town.store.agents().map(\.name) == ["one", "two"])
        #expect(try await town.store.task(foreign.id)?.state == .assigned)
        #expect(try await town.store.agent(two.id)?.state == two.state)
        _ = try await CompleteTask.call(.init(result: "mine"), in: town)
    }

    @Test func `a turn without its secret, or with one that is over, reads and does not write`() async throws {
        var turn = try await Turn()
        let known = turn.town.caller
        for caller in [
            Caller(environment: [:], isBeneathTurn: true), Caller(environment: ["TINYTOWN_TURN": "x"]),
            Caller(environment: ["TINYTOWN_AGENT_NAME": "one"]),
            Caller(environment: ["TINYTOWN_PROOF_FILE": "/dev/null"]),
            Caller(environment: ["TINYTOWN_PROOF_FILE": turn.folder.path("missing")]),
        ] {
            turn.town.caller = caller
            let town = turn.town
            let error = await failure { _ = try await SendMessage.call(.init(to: "two", message: "hello"), in: town) }
            #expect(error?.code == .notYourTurn)
            #expect(try await ListAgents.call(.init(), in: town).agents.count == 2)
        }
        turn.town.caller = known
        try await turn.town.store.release(turn.lease.token, cause: .drained, now: turn.town.time.now())
        let town = turn.town
        #expect(
            await failure { _ = try await SendMessage.call(.init(to: "two", message: "late"), in: town) }?.code
                == .notYourTurn)
    }

    @Test func `a person's --from is marked, and texts and inboxes have bounds`() async throws {
        var town = makeTown()
        _ = try await SpawnAgent.call(.init(name: "one"), in: town)
        _ = try await SendMessage.call(.init(to: "one", message: "hi", from: "one"), in: town)
        _ = try await SendMessage.call(.init(to: "one", message: "hi"), in: town)
        let views = try await ReadInbox.call(.init(agent: "one"), in: town).messages
        #expect(views[0].fromLabel.hasSuffix(" (unverified)") && views[0].message.verified == false)
        #expect(views[1].fromLabel == "supervisor" && views[1].message.verified == nil)
        town.configuration.maxMessageKB = 1
        town.configuration.maxResultKB = 1
        town.configuration.maxInbox = 3
        let long = String(repeating: "x", count: 1025)
        let bounded = town
        #expect(
            await failure { _ = try await SendMessage.call(.init(to: "one", message: long), in: bounded) }?.code
                == .tooLarge)
        #expect(
            await failure { _ = try await AddToBacklog.call(.init(description: long), in: bounded) }?.code == .tooLarge)
        let task = try await AssignTask.call(.init(agent: "one", task: "t"), in: bounded).task.id
        #expect(
            await failure {
                _ = try await CompleteTask.call(.init(task: task.description, result: long), in: bounded)
            }?.code == .tooLarge)
        #expect(
            await failure { _ = try await SendMessage.call(.init(to: "one", message: "x"), in: bounded) }?.code
                == .limit)
    }
}
