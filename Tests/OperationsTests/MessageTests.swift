import FoundationEssentials
import Configuration
import Model
import Operations
import Testing

@Suite(.timeLimit(.minutes(1))) struct MessageTests {
    @Test func `a repeated key is one message`() async throws {
        let town = makeTown()
        _ = try await SpawnAgent.call(.init(name: "backend"), in: town)
        let first = try await SendMessage.call(.init(to: "backend", message: "once", key: "k"), in: town)
        let second = try await SendMessage.call(.init(to: "backend", message: "once", key: "k"), in: town)
        #expect(!first.duplicate && second.duplicate && first.id == second.id)
        #expect(try await ReadInbox.call(.init(agent: "backend"), in: town).messages.count == 1)
    }

    @Test func `the sender is what was said, else the turn's agent by id, else by name, else the supervisor`()
        async throws
    {
        var town = makeTown()
        for name in ["one", "two", "three"] { _ = try await SpawnAgent.call(.init(name: name), in: town) }
        let one = try await town.agent("one")
        #expect(try await town.sender(nil) == .supervisor)
        town.caller = Caller(agentName: "two")
        #expect(try await town.sender(nil).name == "two")
        town.caller = Caller(agentID: one.id.description, agentName: "two")
        #expect(try await town.sender(nil).name == "one")
        #expect(try await town.sender("three").name == "three")
    }

    @Test func `W4 a long text is kept whole`() async throws {
        let town = makeTown()
        _ = try await SpawnAgent.call(.init(name: "backend"), in: town)
        let text = String(repeating: "line of text\n", count: 50_000)
        _ = try await SendMessage.call(.init(to: "backend", message: text), in: town)
        #expect(try await ReadInbox.call(.init(agent: "backend"), in: town).messages.first?.text == text)
    }

    @Test func `W23 the supervisor's mailbox can be emptied, an agent's inbox cannot`() async throws {
        let town = makeTown()
        _ = try await SpawnAgent.call(.init(name: "backend"), in: town)
        _ = try await SendMessage.call(.init(to: "supervisor", message: "done", from: "backend", kind: .info), in: town)
        _ = try await SendMessage.call(.init(to: "backend", message: "more"), in: town)
        let taken = try await TakeInbox.call(.init(), in: town)
        #expect(taken.messages.map(\.text) == ["done"])
        #expect(taken.messages.first?.fromLabel == "backend (unverified)")
        #expect(try await TakeInbox.call(.init(), in: town).messages.isEmpty)
        #expect(
            await failure { _ = try await TakeInbox.call(.init(agent: "backend"), in: town) }?.code.kind == .conflict)
        #expect(try await ReadInbox.call(.init(agent: "backend"), in: town).messages.count == 1)
    }

    @Test func `W43 a word inside another word does not make a confirmation`() async throws {
        let town = makeTown()
        let agent = try await SpawnAgent.call(.init(name: "w"), in: town).agent
        var message = Message(
            id: town.newID(), from: .supervisor, to: agent.id, body: .custom(kind: "feedback", payload: "package"),
            createdAt: town.time.now())
        message.correlation = nil
        _ = try await town.store.send([message], limits: SendLimits())
        #expect(try await ReadInbox.call(.init(agent: "w"), in: town).messages.first?.category == .task)
    }

    @Test func `a message's JSON is Tinytown's flat form with its place in the store`() async throws {
        let town = makeTown()
        _ = try await SpawnAgent.call(.init(name: "backend"), in: town)
        _ = try await SendMessage.call(
            .init(to: "backend", message: "Which port?", kind: .query, urgent: true), in: town)
        let output = try await ReadInbox.call(.init(agent: "backend"), in: town)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let data = try encoder.encode(output)
        let json = String(decoding: data, as: UTF8.self)
        for part in [
            "\"type\":\"query\"", "\"question\":\"Which port?\"", "\"priority\":\"urgent\"",
            "\"created_at\":\"2026-03-09T20:03:14.000000Z\"", "\"correlation_id\":null", "\"state\":\"queued\"",
            "\"attempts\":0", "\"last_error\":null", "\"from_label\":\"supervisor\"",
        ] {
            #expect(json.contains(part), "\(part) is missing")
        }
        #expect(try JSONDecoder().decode(ReadInbox.Output.self, from: data) == output)
    }

    @Test func `a status response keeps its own state beside its place in the store`() throws {
        let body = MessageBody.statusResponse(state: "busy", currentTask: nil)
        let message = Message(
            id: MessageID(high: 0, low: 7), from: .supervisor, to: .supervisor, body: body,
            createdAt: Timestamp(microseconds: 0))
        let view = MessageView(Delivery(message: message, sequence: 1, changedAt: Timestamp(microseconds: 0)))
        let data = try JSONEncoder().encode(view)
        #expect(try JSONDecoder().decode(MessageView.self, from: data) == view)
    }

    @Test func `dead letters need to be named or all be meant`() async throws {
        let town = makeTown()
        for input in [DeadLettersInput(), DeadLettersInput(ids: ["abcd"], all: true)] {
            #expect(await failure { _ = try await RetryDeadLetters.call(input, in: town) }?.code == .invalid)
        }
        #expect(
            await failure { _ = try await DropDeadLetters.call(.init(ids: ["abcd"]), in: town) }?.code.kind == .notFound
        )
        #expect(try await DropDeadLetters.call(.init(all: true), in: town).ids.isEmpty)
    }

    @Test func `a dead letter is shown, retried and dropped by the beginning of its id`() async throws {
        let town = makeTown()
        _ = try await SpawnAgent.call(.init(name: "backend"), in: town)
        let agent = try await town.agent("backend")
        for number in 0..<2 {
            var message = Message(
                id: town.newID(), from: .supervisor, to: agent.id, body: .task(description: "loop \(number)"),
                createdAt: town.time.now())
            message.hops = 99
            _ = try await town.store.send([message], limits: SendLimits(maxHops: 20))
        }
        let list = try await ListDeadLetters.call(.init(), in: town).messages
        #expect(list.count == 2 && list.allSatisfy { $0.delivery.lastError != nil })
        let prefixes = list.map { String($0.message.id.description.prefix(8)) }
        #expect(try await ShowDeadLetter.call(.init(id: prefixes[0]), in: town).message == list[0])
        #expect(try await RetryDeadLetters.call(.init(ids: [prefixes[0]]), in: town).ids == [list[0].message.id])
        #expect(try await DropDeadLetters.call(.init(all: true), in: town).ids == [list[1].message.id])
        #expect(try await ListDeadLetters.call(.init(), in: town).messages.isEmpty)
        #expect(try await ReadInbox.call(.init(agent: "backend"), in: town).messages.count == 1)
    }

    @Test func `the town's limits hold for what is sent by hand`() async throws {
        var town = makeTown()
        town.configuration.maxHops = 1
        for name in ["one", "two", "three"] { _ = try await SpawnAgent.call(.init(name: name), in: town) }
        // A message of each turn goes on to the next agent.
        var refusals: [String?] = []
        for (from, to) in [("supervisor", "one"), ("one", "two"), ("two", "three")] {
            if from != "supervisor" {
                let agent = try await town.agent(from)
                let request = LeaseRequest(
                    agent: agent.id, host: HostID(high: 1, low: 1), turn: TurnID(high: 1, low: agent.id.low),
                    now: town.time.now())
                _ = try #require(try await town.store.lease(request))
            }
            refusals.append(
                try await SendMessage.call(.init(to: to, message: "go on", from: from), in: town).refusal)
        }
        #expect(refusals[0] == nil && refusals[1] == nil)
        #expect(refusals[2]?.contains("the limit is 1") == true, "\(refusals)")
        #expect(try await ListDeadLetters.call(.init(), in: town).messages.count == 1)
    }

    @Test func `the status counts what waits in the categories that the inbox shows`() async throws {
        let town = makeTown()
        _ = try await SpawnAgent.call(.init(name: "ada"), in: town)
        let ada = try await town.agent("ada").id
        let bodies: [MessageBody] =
            [
                .task(description: "a"), .query(question: "b"), .informational(summary: "c"), .ping, .shutdown,
                .confirmation(.thanks), .taskFailed(town.newID(), error: "d"), .offer(town.newID()),
            ] + ["status update", "Question?", "ack", "deploy", "fyi"].map { .custom(kind: $0, payload: "e") }
        for agent in [ada, .supervisor] {
            for body in bodies {
                let message = Message(
                    id: town.newID(), from: ada, to: agent, body: body, createdAt: town.time.now())
                _ = try await town.store.send([message], limits: SendLimits())
            }
        }
        let shown = try await ReadInbox.call(.init(agent: "ada"), in: town).messages.map(\.category)
        let status = try await ReadStatus.call(Nothing(), in: town)
        let pending = try #require(status.agents.first).pending
        #expect(
            [pending.task, pending.query, pending.informational, pending.confirmation, pending.other]
                == MessageBody.Category.allCases.map { category in shown.count { $0 == category } })
        #expect((pending.total, pending.informational) == (bodies.count, 5))
        #expect(status.needsYou.count == 5, "tasks and questions, not what somebody calls an update")
    }
}
