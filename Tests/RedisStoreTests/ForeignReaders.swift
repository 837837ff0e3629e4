import Model
import Redis
import RedisServers
import StoreSupport
import TestOrder
import Testing

/// What a reader of Tinytown finds in what this program writes, field by field: names, forms, and what is left out.
/// Expectations are written by hand from the description of its records.
@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct ForeignReaders {
    /// As in hashes: six digits of a second, and the offset in full.
    private static func isTime(_ text: String?) -> Bool {
        guard let text else { return false }
        return text.utf8.count == 32 && text.hasSuffix("+00:00") && Timestamp(text) != nil
    }

    private static let supervisor = "00000000-0000-0000-0000-000000000001"

    @Test func `states and priorities are spelled as Tinytown spells them`() {
        #expect(
            Set(AgentState.allCases.map(\.rawValue))
                == ["cold", "starting", "idle", "working", "paused", "draining", "stopped", "error"])
        #expect(
            TaskState.allCases.map(\.rawValue)
                == ["pending", "assigned", "running", "completed", "failed", "cancelled"])
        #expect(Set(Priority.allCases.map(\.rawValue)) == ["low", "normal", "high", "urgent"])
        #expect(TaskState(wireName: "in_flight") == .running)
        #expect(AgentID.supervisor.description == Self.supervisor)
    }

    @Test(arguments: ServerProgram.all)
    func `an agent is a hash with Tinytown's fields, in its forms, and without those that say nothing`(
        _ program: ServerProgram
    ) async throws {
        try await ForeignTown.run(program) { place in
            let town = place.town
            let parent = try await town.spawn("parent")
            let plain = try await place.fields("agent:\(parent)")
            for name in ["nickname", "role_id", "parent_agent_id", "current_task"] { #expect(plain[name] == nil) }
            let ada = try await town.spawn("ada lovelace/ä:*") { agent in
                (agent.nickname, agent.role, agent.parent) = ("Ruth", "backend", parent)
            }
            let task = try await town.task("build it", for: ada)
            _ = try await town.lease(ada)
            let fields = try await place.fields("agent:\(ada)")
            let texts = [
                "id": ada.description, "name": "ada lovelace/ä:*", "nickname": "Ruth", "role_id": "backend",
                "parent_agent_id": parent.description, "spawn_mode": "fresh", "agent_type": "worker",
                "state": "working", "cli": "echo", "current_task": task.description, "tasks_completed": "0",
                "rounds_completed": "0",
            ]
            for (name, text) in texts { #expect(fields[name] == text, "\(name)") }
            for name in ["created_at", "last_heartbeat", "last_active_at"] {
                #expect(Self.isTime(fields[name]), "\(name)")
            }
            #expect(try await place.redis("TYPE", "@agent:\(ada)").text == "hash")
        }
    }

    @Test(arguments: ServerProgram.all)
    func `a task is a hash with Tinytown's fields through its whole life`(_ program: ServerProgram) async throws {
        try await ForeignTown.run(program) { place in
            let (town, ada) = (place.town, try await place.town.spawn("ada"))
            let parent = try await town.task("first")
            try await town.move(parent, .complete("done"))
            var task = AgentTask(
                id: town.id(), description: "Fix \"login\"\nä", createdBy: .supervisor, createdAt: town.start,
                tags: ["auth", "api/v1", "q\"uote"])
            (task.parent, task.inBacklog) = (parent, true)
            try await town.store.create(task, assignee: nil)
            func fields() async throws -> [String: String] { try await place.fields("task:\(task.id)") }

            var found = try await fields()
            #expect(found["id"] == task.id.description && found["description"] == "Fix \"login\"\nä")
            #expect(found["state"] == "pending" && found["parent_id"] == parent.description)
            #expect(found["tags"] == #"["auth","api/v1","q\"uote"]"#)
            for name in ["assigned_to", "started_at", "completed_at", "result"] { #expect(found[name] == nil) }
            for name in ["created_at", "updated_at"] { #expect(Self.isTime(found[name])) }
            #expect(try await place.list("backlog") == [task.id.description])

            try await town.move(task.id, .assign(ada))
            found = try await fields()
            #expect(found["state"] == "assigned" && found["assigned_to"] == ada.description)
            try await town.move(task.id, .start)
            found = try await fields()
            #expect(found["state"] == "running" && Self.isTime(found["started_at"]))
            try await town.move(task.id, .requeue)
            found = try await fields()
            #expect(found["state"] == "pending" && found["assigned_to"] == nil && found["started_at"] == nil)
            try await town.move(task.id, .assign(ada))
            try await town.move(task.id, .complete("it works"))
            found = try await fields()
            #expect(found["state"] == "completed" && found["result"] == "it works")
            #expect(Self.isTime(found["completed_at"]))
            #expect(try await place.fields("agent:\(ada)")["tasks_completed"] == "1")
        }
    }

    private static func payload(_ body: MessageBody) -> String {
        let task = "99999999-8888-4777-8666-555555555555"
        return switch body {
        case .task: #""description":"a \"b\" / ä\n\t\u0001","#
        case .query: #""question":"why?","#
        case .informational: #""summary":"so","#
        case .confirmation(.rejected): #""ack_type":{"type":"rejected","reason":"no tests"},"#
        case .confirmation(let kind): #""ack_type":{"type":"\#(kind.name)"},"#
        case .taskAssign: #""task_id":"\#(task)","#
        case .taskDone: #""task_id":"\#(task)","result":"ok","#
        case .taskFailed: #""task_id":"\#(task)","error":"bad","#
        case .statusResponse(_, nil): #""state":"busy","current_task":null,"#
        case .statusResponse: #""state":"busy","current_task":"x","#
        case .custom: #""kind":"k","payload":"{\"a\":1}","#
        case .statusRequest, .ping, .pong, .shutdown: ""
        }
    }

    private static let bodies: [MessageBody] = {
        let task = TaskID("99999999-8888-4777-8666-555555555555")!
        return [
            .task(description: "a \"b\" / ä\n\t\u{1}"), .query(question: "why?"), .informational(summary: "so"),
            .confirmation(.received), .confirmation(.acknowledged), .confirmation(.thanks), .confirmation(.approved),
            .confirmation(.rejected(reason: "no tests")), .taskAssign(task), .taskDone(task, result: "ok"),
            .taskFailed(task, error: "bad"), .statusRequest, .statusResponse(state: "busy", currentTask: nil),
            .statusResponse(state: "busy", currentTask: "x"), .ping, .pong, .shutdown,
            .custom(kind: "k", payload: #"{"a":1}"#),
        ]
    }()

    @Test(arguments: ServerProgram.all)
    func `every type of message is written byte for byte as Tinytown writes it, and read from the same bytes`(
        _ program: ServerProgram
    ) async throws {
        try await ForeignTown.run(program) { place in
            let (town, ada, bob) = (
                place.town, try await place.town.spawn("ada"), try await place.town.spawn("bob")
            )
            func text(_ message: Message) -> String {
                #"{"id":"\#(message.id)","from":"\#(Self.supervisor)","to":"\#(message.to)","type":"\#(message.body.type)","#
                    + Self.payload(message.body)
                    + #""priority":"normal","created_at":"2023-11-14T22:13:20.000000Z","correlation_id":null}"#
            }
            var expected: [String] = []
            for body in Self.bodies {
                let message = town.message(ada, body: body)
                expected.append(text(message))
                _ = try await town.store.send([message], limits: SendLimits())
            }
            #expect(try await place.list("inbox:\(ada)") == expected)
            // The same from the other side: every one that is pushed is understood and stays as it is.
            var pushed: [String] = []
            for body in Self.bodies { pushed.append(text(town.message(bob, body: body))) }
            for text in pushed { try await place.redis("RPUSH", "@inbox:\(bob)", text) }
            let found = try await town.store.inbox(bob, page: Page())
            #expect(found.map(\.message.body) == Self.bodies)
            #expect(found.allSatisfy { $0.message.priority == .normal && $0.message.createdAt == town.start })
            #expect(try await place.list("inbox:\(bob)") == pushed)
            #expect(try await town.store.queueCounts().dead == 0)
        }
    }

    @Test(arguments: ServerProgram.all)
    func `priorities name their lane, and a correlation is an id`(_ program: ServerProgram) async throws {
        try await ForeignTown.run(program) { place in
            let (town, ada) = (place.town, try await place.town.spawn("ada"))
            for (priority, lane) in [
                (Priority.low, "inbox"), (.normal, "inbox"), (.high, "urgent"), (.urgent, "urgent"),
            ] {
                var message = town.message(ada, priority: priority)
                message.correlation = town.id()
                _ = try await town.store.send([message], limits: SendLimits())
                // What is urgent is pushed at the head, as Tinytown does; what is not, at the tail.
                let text = try await place.redis("LINDEX", "@\(lane):\(ada)", lane == "urgent" ? "0" : "-1").text ?? ""
                #expect(text.contains(#""priority":"\#(priority.rawValue)","created_at""#))
                #expect(text.hasSuffix(#""correlation_id":"\#(message.correlation!)"}"#))
            }
        }
    }

    @Test(arguments: ServerProgram.all)
    func `what Tinytown's program writes to an inbox with its own clock and ids is read whole`(
        _ program: ServerProgram
    ) async throws {
        try await ForeignTown.run(program) { place in
            let (town, ada) = (place.town, try await place.town.spawn("ada"))
            // Fractions of 0 to 9 digits, any offset, ids in every form that its parser takes, unknown keys.
            let times = [
                "2026-03-09T20:03:14Z", "2026-03-09T20:03:14.667Z", "2026-03-09T20:03:14.667655123Z",
                "2026-03-09T22:03:14.5+02:00",
            ]
            let ids = [
                "aaaaaaaa-bbbb-4ccc-8ddd-000000000001", "AAAAAAAA-BBBB-4CCC-8DDD-000000000002",
                "aaaaaaaabbbb4ccc8ddd000000000003", "{aaaaaaaa-bbbb-4ccc-8ddd-000000000004}",
            ]
            for (time, id) in zip(times, ids) {
                try await place.redis(
                    "RPUSH", "@inbox:\(ada)",
                    #"{"later":{"deep":[1]},"id":"\#(id)","from":"\#(Self.supervisor)","to":"\#(ada)","type":"ping","#
                        + #""priority":"low","created_at":"\#(time)","correlation_id":null}"#)
            }
            let lease = try #require(try await town.lease(ada))
            #expect(
                lease.deliveries.map(\.message.id.description)
                    == (1...4).map { "aaaaaaaa-bbbb-4ccc-8ddd-00000000000\($0)" })
            #expect(
                lease.deliveries.map(\.message.createdAt.microseconds) == [
                    1_773_086_594_000_000, 1_773_086_594_667_000, 1_773_086_594_667_655, 1_773_086_594_500_000,
                ])
        }
    }

    @Test(arguments: ServerProgram.all)
    func `an event is in the town's stream and its agent's, in Tinytown's two fields, trimmed as there`(
        _ program: ServerProgram
    ) async throws {
        try await ForeignTown.run(program) { place in
            let (town, ada) = (place.town, try await place.town.spawn("ada"))
            let task = try await town.task("build \"it\" / ä", for: ada)
            try await town.move(task, .complete("ok"))
            try await town.store.change(ada, .interrupt(reason: nil), now: town.start)
            try await town.store.change(ada, .resume, now: town.start)
            try await town.store.change(ada, .stop(.afterTurn), now: town.start)
            let known = [
                "agent_state_changed", "agent_spawned", "agent_stopped", "task_assigned", "task_completed",
                "task_failed", "agent_interrupted", "agent_resumed", "agent_completed", "agent_failed",
            ]
            for key in ["events", "events:agent:\(ada)"] {
                let entries = try #require(try await place.redis("XRANGE", "@" + key, "-", "+").array)
                #expect(entries.count >= 5)
                for entry in entries {
                    let fields = entry.array?.last?.array?.map { $0.text ?? "" } ?? []
                    #expect(fields.count == 4 && fields[0] == "event_type" && fields[2] == "data")
                    #expect(known.contains(fields[1]), "\(fields[1])")
                    let start = #"{"event_type":"\#(fields[1])","agent_id":"\#(ada)""#
                    #expect(
                        fields[3].hasPrefix(start)
                            && fields[3].hasSuffix(#""timestamp":"2023-11-14T22:13:20.000000Z"}"#))
                    #expect(!fields[3].contains("null"), "what says nothing is left out")
                }
            }
            for number in 0..<300 {
                let isOdd = number.isMultiple(of: 2)
                if try await town.agent(ada).state.isTerminal {
                    try await town.store.change(ada, .restart(maxTurns: nil), now: town.start)
                }
                try await town.store.change(ada, isOdd ? .interrupt(reason: nil) : .resume, now: town.start)
            }
            #expect((try await place.redis("XLEN", "@events:agent:\(ada)").integer ?? 0) < 300)
        }
    }

    @Test(arguments: ServerProgram.all)
    func `a stop flag is a text that ends after an hour, and goes with a restart`(_ program: ServerProgram)
        async throws
    {
        try await ForeignTown.run(program) { place in
            let (town, ada) = (place.town, try await place.town.spawn("ada"))
            try await town.store.change(ada, .stop(.afterTurn), now: town.start)
            #expect(try await place.redis("GET", "@stop:\(ada)").text == "1")
            let seconds = try await place.redis("TTL", "@stop:\(ada)").integer ?? 0
            #expect(seconds > 3500 && seconds <= 3600)
            try await town.store.change(ada, .restart(maxTurns: nil), now: town.start)
            #expect(try await place.redis("EXISTS", "@stop:\(ada)").integer == 0)
        }
    }

    @Test(arguments: ServerProgram.all)
    func `keys that this program does not know are never touched`(_ program: ServerProgram) async throws {
        let strangers = [
            ["RPUSH", "activity:x", "a line"], ["XADD", "docket:tasks", "1-1", "task_id", "x", "type", "task_assign"],
            ["XADD", "docket:events", "1-1", "event", "x"], ["XADD", "events:mission:x", "1-1", "event_type", "e"],
            ["SET", "something else", "\u{1}"], ["SADD", "a set", "1"],
        ]
        try await ForeignTown.run(
            program,
            prepare: { client, prefix in
                for var words in strangers {
                    words[1] = prefix + words[1]
                    try await client.send(RedisCommand(words[0], arguments: Array(words.dropFirst())))
                }
            },
            { place in
                var before: [RedisValue] = []
                for words in strangers { before.append(try await place.redis("DUMP", "@" + words[1])) }
                try await WholeTown.full(place.town)
                try await place.town.store.tidy(Retention(), now: place.town.start)
                let records = try await WholeTown.read(place.town.store)
                try await WholeTown.fill(place.town.store, records, ReplaceTerms(overwrites: true))
                try await place.town.store.reset(now: place.town.start)
                for (index, words) in strangers.enumerated() {
                    #expect(try await place.redis("DUMP", "@" + words[1]) == before[index], "\(words[1])")
                }
            })
    }
}
