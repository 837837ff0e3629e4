public import Model
import Redis
import StoreVerbs

extension RedisStore {
    // MARK: Messages

    public func send(_ messages: [Message], limits: SendLimits) async throws(StoreError) -> [Receipt] {
        let reply = try await call("send", sends: messages.count, now: messages.first?.createdAt) { arguments in
            arguments.add(sending: messages, limits)
        }
        return Self.receipts(reply, of: messages)
    }

    static func receipts(_ reply: RedisValue, of messages: [Message]) -> [Receipt] {
        zip(messages, reply.elements).map { message, reply in
            var receipt = Receipt(
                id: reply[0].text.flatMap { MessageID($0) } ?? message.id, isDuplicate: reply[1].isTrue)
            receipt.refusal = reply[2].text
            return receipt
        }
    }

    private static func deliveries(_ reply: RedisValue) -> [Delivery] {
        reply.elements.compactMap { Delivery(reply: $0) }
    }

    public func inbox(_ agent: AgentID, page: Page) async throws(StoreError) -> [Delivery] {
        try await paged(page) { page throws(StoreError) in
            try await self.call("inbox") { arguments in
                arguments.add(agent)
                arguments.add(page.offset)
                arguments.add(page.limit)
                arguments.add(self.present)
            }
        }
    }

    /// Reads a page of any length in calls of some hundred messages. A reply says where the next one begins.
    private func paged(
        _ page: Page, _ read: (Page) async throws(StoreError) -> RedisValue
    ) async throws(StoreError) -> [Delivery] {
        var (found, offset) = ([Delivery](), max(0, page.offset))
        while true {
            let limit = max(0, min(page.limit - found.count, 500))
            let reply = try await read(Page(offset: offset, limit: limit))
            found += Self.deliveries(reply[1])
            guard found.count < page.limit, let next = reply[0].text.flatMap({ Int($0) }) else { return found }
            offset = next
        }
    }

    public func take(_ agent: AgentID, limit: Int, now: Timestamp) async throws(StoreError) -> [Delivery] {
        var (taken, left) = ([Delivery](), limit)
        while true {
            let most = min(left, 100)
            do throws(StoreError) {
                let reply = try await call("take") { arguments in
                    arguments.add(agent)
                    arguments.add(most)
                    arguments.add(now)
                }
                taken += Self.deliveries(reply)
                left -= most
                if left <= 0 || reply.elements.count < most { return taken }
            } catch {
                // What was taken is the caller's, and nobody else gets it any more.
                guard !taken.isEmpty else { throw error }
                return taken
            }
        }
    }

    public func acknowledge(_ message: MessageID, of agent: AgentID, now: Timestamp) async throws(StoreError) -> Bool {
        try await call("acknowledge") { arguments in
            arguments.add(message)
            arguments.add(agent)
            arguments.add(now)
        }.isTrue
    }

    public func delivery(_ id: MessageID) async throws(StoreError) -> Delivery? {
        Delivery(reply: try await call("delivery", { $0.add(id) }))
    }

    public func deadLetters(page: Page) async throws(StoreError) -> [Delivery] {
        try await paged(page) { page throws(StoreError) in
            try await self.call("deadLetters") { arguments in
                arguments.add(page.offset)
                arguments.add(page.limit)
            }
        }
    }

    public func retryDead(_ id: MessageID, to agent: AgentID?, now: Timestamp) async throws(StoreError) {
        _ = try await call("retryDead") { arguments in
            arguments.add(id)
            arguments.add(optional: agent?.description)
            arguments.add(now)
        }
    }

    public func dropDead(_ id: MessageID, now: Timestamp) async throws(StoreError) {
        _ = try await call("dropDead") { arguments in
            arguments.add(id)
            arguments.add(now)
        }
    }

    public func queueCounts() async throws(StoreError) -> QueueCounts {
        let reply = try await counted("queueCounts")
        return QueueCounts(waiting: reply[0].number, leased: reply[1].number, dead: reply[2].number)
    }

    public func waitingCounts() async throws(StoreError) -> [AgentID: [String: Int]] {
        var counts: [AgentID: [String: Int]] = [:]
        for box in try await counted("waitingCounts").elements {
            guard let agent = box[0].text.flatMap({ AgentID($0) }) else { continue }
            counts[agent] = box[1].record.compactMapValues { Figure.int($0, in: Figure.counts) }
        }
        return counts
    }

    /// What a verb counts, after what other programs pushed was taken in: where that is much, in several calls.
    private func counted(_ verb: String) async throws(StoreError) -> RedisValue {
        var first = 0
        while true {
            let from = first
            let reply = try await call(verb) { arguments in
                arguments.add(present)
                arguments.add(from)
            }
            guard let next = reply[0].text.flatMap({ Int($0) }) else { return reply[1] }
            first = next
        }
    }

    public func tidy(_ retention: Retention, now: Timestamp) async throws(StoreError) {
        var isMore = true
        while isMore {
            let reply = try await call("tidy", rings: false) { arguments in
                arguments.add(now - retention.doneMessages)
                arguments.add(500)
                arguments.add(retention.events)
            }
            isMore = reply.isTrue
        }
    }

    // MARK: Turns

    public func lease(_ request: LeaseRequest) async throws(StoreError) -> Lease? {
        try Self.lease(try await call("lease") { $0.add(request) })
    }

    static func lease(_ reply: RedisValue) throws(StoreError) -> Lease? {
        if reply == .null { return nil }
        guard let record = LeaseRecord(fields: reply[0].record) else {
            throw StoreError(.corrupt, "the lease that was just written cannot be read")
        }
        var tasks: [AgentTask] = []
        for task in reply[3].elements { tasks.append(try Self.task(task)) }
        return Lease(
            record: record, agent: try Self.agent(reply[1]), deliveries: Self.deliveries(reply[2]), tasks: tasks)
    }

    public func renew(_ token: LeaseToken, until: Timestamp, now: Timestamp) async throws(StoreError) {
        _ = try await call("renew", rings: false) { arguments in
            arguments.add(token)
            arguments.add(until)
            arguments.add(now)
        }
    }

    public func note(_ token: LeaseToken, session: HarnessSession, now: Timestamp) async throws(StoreError) {
        _ = try await call("note", rings: false) { arguments in
            arguments.add(token)
            arguments.add(session.fields)
            arguments.add(now)
        }
    }

    public func commit(_ turn: TurnCommit) async throws(StoreError) -> Agent {
        try Self.agent(try await call("commit") { $0.add(turn) }[0])
    }

    public func release(
        _ token: LeaseToken, cause: ReleaseCause, maxHostDeaths: Int, now: Timestamp
    ) async throws(StoreError) {
        _ = try await call("release") { arguments in
            arguments.add(token)
            arguments.add(cause.phrase)
            arguments.add(now)
            arguments.add(cause == .hostDied)
            arguments.add(maxHostDeaths)
        }
    }

    public func leases() async throws(StoreError) -> [LeaseRecord] {
        try await call("leases").elements.compactMap { LeaseRecord(fields: $0.record) }
    }
}
