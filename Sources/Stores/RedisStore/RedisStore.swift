import Concurrency
public import Model
public import Redis
import StoreVerbs
import Synchronization

/// A town's state in Redis or Valkey, for many machines. Each verb is one script; see `LuaParts` and
/// docs/architecture.md for which key holds what.
public final class RedisStore: Store {
    let client: RedisClient
    private let subscriber = Mutex<RedisSubscriber?>(nil)
    /// `tt:{town}:`, what every key begins with.
    let prefix: String
    let bell = ChangeBell()
    /// For what a reading verb finds to have happened: messages of other programs that nobody can read.
    let time: any TimeSource
    private let isClosed = Mutex(false)

    var present: Timestamp { time.now() }

    public var clock: (any TimeSource)? { time as? ServerClock }

    /// Where its server is, with everything that it asks for.
    public var endpoint: RedisEndpoint { client.endpoint }

    init(_ client: RedisClient, town: String, time: any TimeSource) {
        self.client = client
        self.time = time
        prefix = "tt:\(town):"
    }

    /// Which form our own records have; kept in `meta`. Another form is not touched.
    static let format = "2"

    /// Opens a town; what another program made of it is taken into our indexes once.
    ///
    /// - Parameters:
    ///   - client: reaches the server; the store closes it.
    ///   - town: the name of the town, which is part of every key. It may hold no colon and no character that a
    ///     pattern of Redis gives a meaning, because one town's keys could be taken for another's (W31).
    ///   - maxEntry: the most bytes of an entry that another program pushes; what is longer becomes a dead letter. Kept in
    ///     the town; nil leaves it as it is.
    /// - Throws: `unavailable`; `illegalMove` for a name that cannot be part of a key.
    public static func open(
        _ client: RedisClient, town: String, time: any TimeSource, maxEntry: Int? = nil
    ) async throws(StoreError) -> RedisStore {
        guard !town.isEmpty, !town.contains(where: { ":*?[]\\".contains($0) }) else {
            throw StoreError(
                .illegalMove,
                "a town in Redis cannot be named '\(town)': its name is part of every key, without : * ? [ ] and \\")
        }
        let store = RedisStore(client, town: town, time: time)
        try await store.indexForeignTown(maxEntry)
        return store
    }

    /// Carries out one verb of the scripts.
    /// - Parameters:
    ///   - rings: whether a change is announced to those who follow.
    ///   - timeout: for verbs that may take longer than others.
    ///   - sends: how many messages or tasks the verb brings into the town.
    ///   - now: nil if it brings none.
    func call(
        _ verb: String, rings: Bool = true, timeout: Duration? = nil, sends: Int = 0, now: Timestamp? = nil,
        _ fill: (inout Arguments) -> Void = { _ in }
    )
        async throws(StoreError) -> RedisValue
    {
        if isClosed.withLock({ $0 }) { throw StoreError(.closed, "the store is closed") }
        var arguments = Arguments()
        arguments.add(verb)
        arguments.add(Self.guarding(rings, sends: sends, now: now))
        fill(&arguments)
        let list = arguments.list
        let end = ContinuousClock.now.advanced(by: Self.readingPatience)
        while true {
            let reply = try await redis { client throws(RedisError) in
                try await client.call(
                    TownScript.library, otherwise: TownScript.holding(verb), keys: [self.prefix], arguments: list,
                    timeout: timeout, isRepeatable: Self.reading.contains(verb))
            }
            guard reply[0].text == "no" else { return reply[1] }
            switch reply[1].text {
            case "held": try await waitForReader(until: end)
            case "renewing": try await finishRenewal()
            case let code: throw StoreError(Self.code(code ?? ""), reply[2].text ?? "the store refused")
            }
        }
    }

    /// Verbs that only read: if an answer is lost, they are asked again instead of failing.
    private static let reading: Set<String> = [
        "agent", "agents", "deadLetters", "delivery", "document", "documentsOf", "due", "events", "hosts", "inbox",
        "leases", "pulse", "task", "taskCounts", "tasks",
    ]

    /// `1` where a change is announced; for a turn's own commands also what the script checks first.
    private static func guarding(_ rings: Bool, sends: Int, now: Timestamp?) -> String {
        let flag = rings ? "1" : "0"
        guard let turn = ActingTurn.current else { return flag }
        let (token, limits) = (turn.token, turn.limits)
        let words = [
            token.agent.description, String(token.epoch), token.turn.description, token.host.description,
            String(now == nil ? 0 : sends), String(now?.microseconds ?? 0), limits.perTurn.map { String($0) } ?? "-",
            limits.perMinute.map { String($0) } ?? "-", String(limits.maxHops), String(limits.sameAgent),
            String(limits.pingPong), String(limits.perRoot),
        ]
        return flag + " " + words.joined(separator: " ")
    }

    private static func code(_ word: String) -> StoreError.Code {
        let codes: [StoreError.Code] = [
            .leaseLost, .agentNotFound, .taskNotFound, .messageNotFound, .nameTaken, .tooManyAgents, .notEmpty, .inUse,
            .illegalMove, .dependencyCycle, .corrupt, .inboxFull, .tooManySends, .conflict, .invalid,
        ]
        return codes.first { $0.description == word } ?? .corrupt
    }

    /// The agent of a reply, which has to be one.
    static func agent(_ reply: RedisValue) throws(StoreError) -> Agent {
        guard let agent = Agent(fields: reply.record) else {
            throw StoreError(.corrupt, "the record of an agent cannot be read: \(reply.record["id"] ?? "no id")")
        }
        return agent
    }

    static func task(_ reply: RedisValue) throws(StoreError) -> AgentTask {
        guard let task = AgentTask(fields: reply.record) else {
            throw StoreError(.corrupt, "the record of a task cannot be read: \(reply.record["id"] ?? "no id")")
        }
        return task
    }

    /// Uses the client, with its errors as the store's.
    func redis<Value>(_ body: (RedisClient) async throws(RedisError) -> Value) async throws(StoreError) -> Value {
        do throws(RedisError) {
            return try await body(client)
        } catch {
            throw StoreError(error)
        }
    }

    func command(_ words: [String]) async throws(StoreError) -> RedisValue {
        // None of them does harm when it is carried out twice.
        let command = RedisCommand(words[0], arguments: Array(words.dropFirst()), isRepeatable: true)
        return try await redis { client throws(RedisError) in try await client.send(command) }
    }

    // MARK: Changes

    public func changes() async throws(StoreError) -> AsyncStream<Void> {
        if isClosed.withLock({ $0 }) { throw StoreError(.closed, "the store is closed") }
        let stream = bell.follow()
        await askForNotifications()
        // One connection serves every follower of this process, from the first on.
        subscriber.withLock { subscriber in
            if subscriber == nil { subscriber = listen() }
        }
        return stream
    }

    // Our own verbs publish. What plain programs push is noticed by the server's own notifications of pushes, where it
    // may be asked for them. Whenever the connection begins to listen something may have been missed before.
    private func listen() -> RedisSubscriber {
        let (bell, own) = (bell, prefix + "changes")
        // Others can publish as often as they like.
        let pacer = Pacer { bell.ring() }
        let lists = [prefix + "inbox:", prefix + "urgent:"]
        let pushes = ["rpush", "lpush"].map { "__keyevent@\(client.endpoint.database)__:\($0)" }
        return RedisSubscriber(client.endpoint, channels: Set(pushes + [own])) { events in
            let isNews = events.contains { event in
                switch event {
                case .listening, .message(own, _): return true
                case .message(_, let payload):
                    let key = String(decoding: payload, as: UTF8.self)
                    return lists.contains { key.hasPrefix($0) }
                case .lost: return false
                }
            }
            // A verb of ours that pushes is heard of twice at once; a follower has to look only once.
            if isNews { pacer.call() }
        }
    }

    // A server that does not let itself be configured is left as it is: then what a plain program pushes is noticed
    // with the next change.
    private func askForNotifications() async {
        guard let reply = try? await command(["CONFIG", "GET", "notify-keyspace-events"]) else { return }
        let flags = reply[1].text ?? ""
        let missing = "El".filter { flag in !flags.contains(flag) && !(flag == "l" && flags.contains("A")) }
        if missing.isEmpty { return }
        _ = try? await command(["CONFIG", "SET", "notify-keyspace-events", flags + missing])
    }

    // MARK: Towns that another program made

    private func indexForeignTown(_ maxEntry: Int?) async throws(StoreError) {
        let known = try await command(["HMGET", prefix + "meta", "indexed", "max_entry"])
        let indexed = known[0]
        if indexed.text == Self.format {
            guard let maxEntry, known[1].text != String(maxEntry) else { return }
            // A turn may not set it: an agent that edits tinytown.toml gets no other limit.
            _ = try? await command(["HSET", prefix + "meta", "max_entry", String(maxEntry)])
            return
        }
        if let other = indexed.text {
            throw StoreError(
                .corrupt,
                "another version of tt wrote this town (its form is \(other), this one's \(Self.format)); use that version, "
                    + "or take the town over as a file: tt save with that version, tt restore with this one")
        }
        let agents = try await foreign("agent")
        let tasks = try await foreign("task")
        // Where nothing is there, nothing is written: a town may be looked at without being made.
        if agents.isEmpty, tasks.isEmpty { return }
        for page in Self.pages(agents) { try await index(agents: page, tasks: [], [], isLast: false) }
        let listed = try await backlogEntries()
        for page in Self.pages(tasks) { try await index(agents: [], tasks: page, listed, isLast: false) }
        try await index(agents: [], tasks: [], [], isLast: true)
    }

    /// Takes some records into our indexes. An interruption before the last page means beginning anew.
    package func index(
        agents: [String], tasks: [String], _ listed: Set<String>, isLast: Bool
    ) async throws(StoreError) {
        _ = try await call("index", rings: isLast) { arguments in
            arguments.add(agents.count)
            for id in agents { arguments.add(id) }
            arguments.add(tasks.count)
            for id in tasks {
                arguments.add(id)
                arguments.add(listed.contains(id))
            }
            arguments.add(isLast)
        }
    }

    private static func pages(_ ids: [String]) -> [[String]] {
        stride(from: 0, to: ids.count, by: 200).map { Array(ids[$0..<min($0 + 200, ids.count)]) }
    }

    /// What the backlog lists. It is read in pieces, so that one may be missed that comes meanwhile, or when another goes;
    /// verbs that look at the list find it.
    private func backlogEntries() async throws(StoreError) -> Set<String> {
        var (listed, start) = (Set<String>(), 0)
        while true {
            let page = try await command(["LRANGE", prefix + "backlog", String(start), String(start + 999)]).texts
            listed.formUnion(page)
            if page.count < 1000 { return listed }
            start += page.count
        }
    }

    /// The ids of all records of one kind, by when they were made. Scanned, never listed at once.
    private func foreign(_ kind: String) async throws(StoreError) -> [String] {
        let start = "\(prefix)\(kind):"
        var made: [String: String] = [:]
        try await scan(start + "*", type: "hash") { keys throws(StoreError) in
            for (key, time) in zip(keys, try await self.creationTimes(of: keys)) {
                made[String(key.dropFirst(start.count))] = time
            }
        }
        return made.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
    }

    public func close() async {
        let wasClosed = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return isClosed
        }
        if wasClosed { return }
        bell.close()
        subscriber.withLock { $0 }?.close()
        client.close()
    }
}
