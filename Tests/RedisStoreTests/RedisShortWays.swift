import Model
import Redis
import RedisServers
import RedisStore
import StoreSupport
import TestOrder
import TestSupport
import Testing

/// The same work with functions, which have short ways, and as a user without them, who has the long ones: every answer
/// and every key is the same.
@Suite(.timeLimit(.minutes(2)), .serialized, .queued) struct RedisShortWays {
    /// One town by both ways, on servers of their own.
    private struct Pair {
        let servers: [PrivateServer]
        let towns: [Town]

        init(_ program: ServerProgram) async throws {
            servers = [try await PrivateServer(program), try await PrivateServer(program)]
            let admin = servers[1].client()
            try await admin.send([
                "ACL", "SETUSER", "scripts", "on", ">pass", "~*", "&*", "+@all", "-fcall", "-function",
            ])
            admin.close()
            let clients = [
                servers[0].client(),
                RedisClient(try RedisEndpoint(url: "unix://scripts:pass@\(servers[1].socket)"), options: .patient),
            ]
            var towns: [Town] = []
            for client in clients {
                towns.append(Town(store: try await RedisStore.open(client, town: "t", time: StillTime())))
            }
            self.towns = towns
        }

        /// Does something in both, and compares what comes of it.
        func both<Value>(_ what: String, _ body: (Town) async throws -> Value) async throws -> [Value] {
            var values: [Value] = []
            var said: [String] = []
            for town in towns {
                do {
                    let value = try await body(town)
                    values.append(value)
                    said.append("\(value)")
                } catch let error as StoreError {
                    said.append("\(error.code): \(error.message)")
                }
            }
            #expect(said[0] == said[1], "\(what)")
            return values
        }

        func close() async {
            for town in towns { await town.store.close() }
        }
    }

    @Test(arguments: ServerProgram.all)
    func `whatever happens, both ways say and write the same`(_ program: ServerProgram) async throws {
        let pair = try await Pair(program)
        var agents: [AgentID] = []
        for name in ["ada", "ben", "cy"] {
            agents.append(
                try await pair.both("spawn") { try await $0.spawn(name) { $0.maxTurns = name == "cy" ? 9 : 0 } }[0])
        }
        let random = SeededRandomness(seed: 5)
        func below(_ n: UInt64) -> Int { Int(random.next() % n) }
        var sent: [Message] = []
        // What both have leased, in the order of `pair.towns`.
        var turns: [AgentID: [Lease]] = [:]
        for step in 0..<1200 {
            let agent = agents[below(3)]
            // Who does not work is brought back, or little would happen.
            let state = try await pair.towns[0].agent(agent).state
            if state == .paused || state.isTerminal, below(4) == 0 {
                let change: AgentChange = state == .paused ? .resume : .restart(maxTurns: nil)
                _ = try await pair.both("\(change)") { try await $0.store.change(agent, change, now: $0.start) }
            }
            let now = pair.towns[0].start + .milliseconds(step * 300)
            switch below(20) {
            case 0..<7:
                let message = Self.message(to: agent, from: agents, sent, below, pair.towns.map { $0.id() }[0], now)
                sent.append(message)
                let limits = SendLimits(maxHops: below(9) == 0 ? 1 : 20)
                _ = try await pair.both("send \(message)") { try await $0.store.send([message], limits: limits) }
            case 7..<13:
                let most = [1, 2, 100][below(3)]
                let leases = try await pair.both("lease") { try await $0.lease(agent, at: now, max: most) }
                if leases.count == 2, let first = leases[0], let second = leases[1] { turns[agent] = [first, second] }
            case 13..<18:
                guard let leases = turns.removeValue(forKey: agent) else { continue }
                // Ben's turns fail more often.
                let (ending, spent, host) = (agent == agents[1] ? below(3) == 0 ? 5 : 0 : below(8), below(3), below(12))
                if host == 0 { turns[agent] = leases }  // it is not theirs, and goes on
                let reply = Self.message(
                    to: agents[below(3)], from: [agent], sent, below, pair.towns.map { $0.id() }[0], now)
                _ = try await pair.both("commit \(ending)") { town in
                    let lease = leases[town === pair.towns[0] ? 0 : 1]
                    var commit = ending == 0 ? town.failed(lease, counts: spent > 0) : town.finished(lease, at: now)
                    if ending == 1 { commit.sends = [reply] }
                    if ending == 2 { commit.dropsSession = true }
                    if ending > 4 {
                        commit.session = HarnessSession(
                            id: "s\(step)", harness: "echo",
                            totals: Usage(
                                inputTokens: step, outputTokens: 2, cacheWriteTokens: spent == 0 ? step : nil,
                                costUSD: spent == 0 ? 0.5 : nil))
                    }
                    if host == 0 { commit.token.host = HostID(high: 1, low: 1) }
                    return try await town.store.commit(commit)
                }
            case 18:
                let changes: [AgentChange] = [
                    .attention("look"), .attention(nil), .interrupt(reason: nil), .stop(.whenEmpty),
                ]
                let change = changes[below(4)]
                _ = try await pair.both("change \(change)") { try await $0.store.change(agent, change, now: now) }
            default:
                // Tasks go the long way, so there are few.
                if below(3) == 0 { _ = try await pair.both("assign") { try await $0.task(for: agent) } }
                for task in try await pair.towns[0].store.tasks(TaskFilter(assignee: agent), page: Page())
                where !task.state.isTerminal && below(2) == 0 {
                    _ = try await pair.both("complete") { try await $0.move(task.id, .complete("done")) }
                }
            }
        }
        _ = try await pair.both("everything") { try await $0.dump() }
        let (short, long) = (try await pair.servers[0].keys(), try await pair.servers[1].keys())
        #expect(short.count > 100)
        for (key, value) in short { #expect(long[key] == value, "\(key)") }
        #expect(Set(short.keys) == Set(long.keys))
        #expect(try await pair.towns[0].events(.turnStarted).count > 60, "enough happened")
        await pair.close()
    }

    private static func message(
        to agent: AgentID, from agents: [AgentID], _ sent: [Message], _ below: (UInt64) -> Int, _ id: MessageID,
        _ now: Timestamp
    ) -> Message {
        // Now and then something that was sent before.
        if below(12) == 0, let old = sent.last { return old }
        let bodies: [MessageBody] = [
            .task(description: "do\nit"), .query(question: "why?"), .informational(summary: "so \"it\" is"),
            .custom(kind: "note", payload: "x"), .shutdown,
        ]
        let sender = below(2) == 0 ? AgentID.supervisor : agents[below(UInt64(agents.count))]
        var message = Message(
            id: id, from: sender, to: below(15) == 0 ? .supervisor : agent, body: bodies[below(15) == 0 ? 4 : below(4)],
            priority: below(8) == 0 ? .urgent : .normal, createdAt: now)
        if below(5) == 0 { message.hops = below(3) }
        if below(5) == 0 { message.conversation = ID(high: 7, low: UInt64(below(3))) }
        if below(9) == 0 { message.idempotencyKey = "key \(below(4))" }
        return message
    }
}

extension PrivateServer {
    /// Every key with what it holds. Tinytown's streams carry the server's time, so of those only what they say.
    func keys() async throws -> [String: String] {
        let client = self.client()
        defer { client.close() }
        var found: [String: String] = [:]
        for key in try await client.send(["KEYS", "*"]).array?.compactMap(\.text) ?? [] {
            switch try await client.send(["TYPE", key]).text {
            case "string": found[key] = try await client.send(["GET", key]).text
            case "hash":
                let fields = try await client.send(["HGETALL", key]).fields ?? [:]
                found[key] = fields.sorted { $0.key < $1.key }.map { "\($0): \($1.text ?? "")" }.joined(separator: "\n")
            case "list": found[key] = "\(try await client.send(["LRANGE", key, "0", "-1"]).array?.map(\.text) ?? [])"
            case "zset":
                found[key] =
                    "\(try await client.send(["ZRANGE", key, "0", "-1", "WITHSCORES"]).array?.map(\.text) ?? [])"
            default:
                let entries = try await client.send(["XRANGE", key, "-", "+"]).array ?? []
                let isOurs = key.hasSuffix(":log")
                found[key] = entries.map { entry in
                    let elements = entry.array ?? []
                    let fields = elements.last?.array?.map { $0.text ?? "" } ?? []
                    return (isOurs ? "\(elements[0].text ?? "") " : "") + fields.joined(separator: " ")
                }.joined(separator: "\n")
            }
        }
        return found
    }
}
