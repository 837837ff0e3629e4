import FoundationEssentials
import Model
import Redis
import RedisServers
import TestOrder
import Testing

@testable import RedisStore

/// The verbs in Lua follow the model, case by case: each move of agents and tasks, and each kind of message.
@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct ModelInLua {
    /// Runs a piece of Lua that stands behind the parts, as a verb would; returns the texts that it replies.
    private func run(_ lua: String, _ arguments: [String], on program: ServerProgram) async throws -> [String?] {
        let server = try await PrivateServer(program)
        let client = server.client()
        defer { client.close() }
        let parts = TownScript.base.union(TownScript.tasks).union(["message-verbs"])
        let script = TownScript.script(parts, then: "begin(KEYS, ARGV)\n" + lua)
        return try await client.run(script, keys: ["tt:t:"], arguments: arguments).elements.map(\.text)
    }

    @Test(arguments: ServerProgram.all) func `every sentence says the same of the same facts`(_ program: ServerProgram)
        async throws
    {
        typealias Place = Facts.Place
        func places(_ parts: [Template.Part]) -> (always: Set<Place>, sometimes: Set<Place>) {
            var (always, sometimes) = (Set<Place>(), Set<Place>())
            for part in parts {
                switch part {
                case .words: continue
                case .fact(let place), .number(let place, _): always.insert(place)
                case .maybe(let needs, let excludes, _): sometimes.formUnion(needs + excludes)
                }
            }
            return (always, sometimes.subtracting(always))
        }
        // A notice is told from a sentence by a point.
        let texts =
            EventSentence.allCases.map { ($0.rawValue, $0.parts) }
            + Notice.allCases.map { (".\($0.rawValue)", $0.parts) }
        // With all that may be known, with nothing more than is always known, and with one thing more.
        var cases: [(name: String, known: [Place])] = []
        for (name, parts) in texts {
            let (always, sometimes) = places(parts)
            for more in [[], Array(sometimes)] + sometimes.map({ [$0] }) { cases.append((name, always + more)) }
        }
        let said = try await run(
            """
            local answers, at = {}, 1
            while ARGV[at] do
              local facts = {}
              for i = at + 2, at + 1 + ARGV[at + 1] do facts[ARGV[i]] = ARGV[i] == 'count' and '1' or ARGV[i] .. "'{x}" end
              local notice = ARGV[at]:match('^%.(.*)')
              if notice then
                answers[#answers + 1] = MODEL.notice(notice, facts)
              else
                answers[#answers + 1], answers[#answers + 2] = MODEL.sentence(ARGV[at], facts)
              end
              at = at + 2 + ARGV[at + 1]
            end
            return answers
            """,
            cases.flatMap { [$0.name, String($0.known.count)] + $0.known.map(\.rawValue) }, on: program)
        var expected: [String] = []
        for (name, known) in cases {
            var facts: Facts = [:]
            for place in known { facts.add(place, place == .count ? "1" : place.rawValue + "'{x}") }
            if let sentence = EventSentence(rawValue: name) {
                expected += [sentence.type.rawValue, sentence.text(facts)]
            } else {
                expected.append(try #require(Notice(rawValue: String(name.dropFirst()))).text(facts))
            }
        }
        #expect(said == expected)
    }

    @Test(arguments: ServerProgram.all) func `every signal leads to the same state`(_ program: ServerProgram)
        async throws
    {
        let cases = AgentSignal.allCases.flatMap { signal in AgentState.allCases.map { (state: $0, signal: signal) } }
        let said = try await run(
            """
            local answers = {}
            for i = 1, #ARGV, 2 do
              local agent = {id = 'a', name = 'ada', ordinal = '1', state = ARGV[i]}
              local ok, why = pcall(A.signal, agent, ARGV[i + 1])
              answers[#answers + 1] = ok and agent.state or why.text
            end
            return answers
            """, cases.flatMap { [$0.state.rawValue, $0.signal.rawValue] }, on: program)
        #expect(said.count == cases.count)
        for (one, said) in zip(cases, said) {
            let expected =
                switch Result(catching: { () throws(IllegalMove) in try one.state.after(one.signal) }) {
                case .success(let state): state.rawValue
                case .failure(let refusal): "ada is \(one.state.rawValue): \(refusal)"
                }
            #expect(said == expected, "\(one.signal) while \(one.state)")
        }
    }

    private struct TaskCase {
        var task: AgentTask
        var move: TaskMove
        var name: String { "\(move.name) of \(task.fields)" }
    }

    /// Tasks in every state, with everything set that a move could take away.
    private static var tasks: [AgentTask] {
        let time = Timestamp(microseconds: 1_700_000_000_000_000)
        var found: [AgentTask] = []
        for state in TaskState.allCases {
            for flags in 0..<16 {
                var task = AgentTask(
                    id: TaskID(high: 0, low: 7), description: "it", createdBy: .supervisor, createdAt: time)
                task.state = state
                task.isWaiting = flags & 1 != 0
                task.isGroup = flags & 2 != 0
                task.assignedTo = flags & 4 != 0 ? AgentID(high: 0, low: 8) : nil
                task.inBacklog = flags & 8 != 0
                (task.startedAt, task.completedAt, task.result, task.reminders) = (time, time, "before", 1)
                found.append(task)
            }
        }
        return found
    }

    @Test(arguments: ServerProgram.all) func `every move makes the same task`(_ program: ServerProgram) async throws {
        let owner = AgentID(high: 0, low: 9)
        let moves: [(TaskMove, String)] = [
            (.assign(owner), owner.description), (.start, ""), (.complete("after"), "after"), (.fail("why"), "why"),
            (.cancel("no"), "no"), (.requeue, ""), (.release, ""), (.retry, ""),
        ]
        let now = Timestamp(microseconds: 1_800_000_000_000_000)
        let cases = Self.tasks.flatMap { task in moves.map { TaskCase(task: task, move: $0.0) } }
        var arguments = [String(now.microseconds)]
        for task in Self.tasks {
            let fields = String(decoding: try JSONEncoder().encode(task.fields), as: UTF8.self)
            for (move, value) in moves { arguments += [fields, move.name, value] }
        }
        let said = try await run(
            """
            local answers = {}
            for i = 2, #ARGV, 3 do
              local ok, t = pcall(T.after, cjson.decode(ARGV[i]), ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[1]))
              answers[#answers + 1] = ok and said(t) or t.text
            end
            return answers
            """, arguments, on: program)
        #expect(said.count == cases.count)
        for (one, said) in zip(cases, said) {
            let said = try #require(said)
            switch Result(catching: { () throws(IllegalMove) in try one.task.after(one.move, at: now) }) {
            case .success(let task):
                #expect(FlatJSON.fields(Array(said.utf8)).flatMap { AgentTask(fields: $0) } == task, "\(one.name)")
            case .failure(let refusal):
                #expect(said == "task 0000 cannot be changed so: \(refusal)", "\(one.name)")
            }
        }
    }

    /// What is pushed to an inbox: each type, custom kinds of one word and of several, and each with a member less.
    private static var pushed: [String] {
        get throws {
            let task = TaskID(high: 0, low: 7)
            let kinds =
                MessageBody.kindWords.flatMap(\.self) + [
                    "free", "Update", "thanks query", "query-info", "info.thanks", "statuses", "backlog_offer", "",
                ]
            let bodies: [MessageBody] =
                [
                    .task(description: "d"), .query(question: "q"), .informational(summary: "s"), .taskAssign(task),
                    .taskDone(task, result: "r"), .taskFailed(task, error: "e"), .statusRequest,
                    .statusResponse(state: "idle", currentTask: nil), .ping, .pong, .shutdown,
                    .confirmation(.received), .confirmation(.acknowledged), .confirmation(.thanks),
                    .confirmation(.approved), .confirmation(.rejected(reason: "r")),
                ] + kinds.map { .custom(kind: $0, payload: task.description) }
            var found: [String] = []
            for body in bodies {
                let message = Message(
                    id: MessageID(high: 0, low: 1), from: AgentID(high: 0, low: 2), to: AgentID(high: 0, low: 3),
                    body: body, createdAt: Timestamp(microseconds: 1_700_000_000_000_000))
                found.append(message.wire)
                // An inbox says to whom it is, and a confirmation has an object inside.
                if case .confirmation = body { continue }
                let fields = try #require(
                    FlatJSON.fields(Array(message.wire.utf8), exceptFor: ["correlation_id", "current_task"]))
                for name in fields.keys where name != "to" {
                    var less = fields
                    less[name] = nil
                    found.append(String(decoding: try JSONEncoder().encode(less), as: UTF8.self))
                }
            }
            return found + [#"{"type":"confirmation"}"#] + found.map { $0.replacing("thanks", with: "nonsense") }
        }
    }

    @Test(arguments: ServerProgram.all) func `every message is read alike`(_ program: ServerProgram) async throws {
        let pushed = try Self.pushed
        let said = try await run(
            """
            local answers = {}
            for i = 1, #ARGV do
              local m = described(ARGV[i])
              answers[i] = m and m.type .. ' ' .. (m.wakes or '0') .. ' ' .. (m.task or '') or 'refused'
            end
            return answers
            """, pushed, on: program)
        #expect(said.count == pushed.count)
        for (text, said) in zip(pushed, said) {
            let body = (try? JSONDecoder().decode(Message.self, from: Data(text.utf8)))?.body
            let expected = body.map { "\($0.type) \($0.wakes ? 1 : 0) \($0.task?.description ?? "")" } ?? "refused"
            #expect(said == expected, "\(text)")
        }
    }
}
