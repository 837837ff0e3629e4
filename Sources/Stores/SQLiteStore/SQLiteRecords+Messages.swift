package import Model
import SQLite

extension SQLiteRecords {
    package func delivery(_ id: MessageID) throws(StoreError) -> Delivery? {
        try first("select * from messages where id = ?", id, row: Self.delivery)
    }

    private static func delivery(_ row: borrowing Row) -> Delivery { MessageColumns.read(row).delivery }

    package func message(withKey key: String) throws(StoreError) -> MessageID? {
        try first("select id from messages where key = ?", key) { $0[0] }
    }

    @discardableResult
    package func insert(_ delivery: Delivery) throws(StoreError) -> Int64 {
        let message = delivery.message
        let columns = MessageColumns(message)
        try run(
            "insert into messages values (null, ?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", message.id,
            delivery.state.code, message.to, message.from, message.lane.rawValue, message.priority.rawValue,
            message.body.wakes, message.body.type, delivery.attempts, delivery.deliveries, delivery.changedAt,
            message.createdAt, message.hops, message.body.task, message.correlation, message.conversation,
            message.idempotencyKey, delivery.lastError, columns.extra, columns.text, columns.detail,
            delivery.hostDeaths, message.verified)
        return db.lastInsertRowID
    }

    package func update(_ delivery: Delivery, was old: Delivery) throws(StoreError) {
        if delivery.lastError == old.lastError {
            try run(
                """
                update messages set state = ?, attempts = ?, deliveries = ?, host_deaths = ?, changed_at = ?
                where seq = ?
                """, delivery.state.code, delivery.attempts, delivery.deliveries, delivery.hostDeaths,
                delivery.changedAt, delivery.sequence)
        } else {
            try run(
                """
                update messages set state = ?, attempts = ?, deliveries = ?, host_deaths = ?, changed_at = ?, last_error = ?
                where seq = ?
                """, delivery.state.code, delivery.attempts, delivery.deliveries, delivery.hostDeaths,
                delivery.changedAt, delivery.lastError, delivery.sequence)
        }
    }

    package func remove(_ delivery: Delivery) throws(StoreError) {
        try run("delete from messages where seq = ?", delivery.sequence)
    }

    package func firstWaiting(_ agent: AgentID, limit: Int, now: Timestamp) throws(StoreError) -> [Delivery] {
        while true {
            let found = try all(
                "select * from messages where recipient = ? and state = 2 order by lane, seq limit ?",
                agent,
                max(0, limit), row: MessageColumns.read)
            let unreadable = found.filter { !$0.isReadable }
            if unreadable.isEmpty { return found.map(\.delivery) }
            for (delivery, _) in unreadable { try setAside(delivery, now: now) }
        }
    }

    // Its row stays as it is: what was written can still be looked at, by hand or by a program that knows it.
    private func setAside(_ delivery: Delivery, now: Timestamp) throws(StoreError) {
        try run(
            "update messages set state = 5, changed_at = ?, last_error = ? where seq = ?", now,
            "its stored form cannot be read", delivery.sequence)
        var event = Event(.messageIllegible, at: now)
        event.agent = delivery.message.to
        event.message = delivery.message.id
        try append(event)
    }

    package func leased(_ agent: AgentID) throws(StoreError) -> [Delivery] {
        try all(
            "select * from messages where recipient = ? and state = 3 order by lane, seq", agent,
            row: Self.delivery)
    }

    package func hasWork(_ agent: AgentID) throws(StoreError) -> Bool {
        try first(
            "select 1 from tallies where recipient = ? and state = 2 and wakes = 1 and n > 0 limit 1", agent
        ) { $0[0] } ?? false
    }

    package func waitingAssignments(of task: TaskID) throws(StoreError) -> [Delivery] {
        try all(
            "select * from messages where task = ? and state = 2 and type = 'task_assign' order by seq", task,
            row: Self.delivery)
    }

    package func inbox(_ agent: AgentID, page: Page) throws(StoreError) -> [Delivery] {
        let leased = try leased(agent)
        let start = leased.dropFirst(max(0, page.offset)).prefix(max(0, page.limit))
        let waiting = try all(
            "select * from messages where recipient = ? and state = 2 order by lane, seq limit ? offset ?",
            agent,
            max(0, page.limit - start.count), max(0, page.offset - leased.count), row: Self.delivery)
        return start + waiting
    }

    package func deadLetters(page: Page) throws(StoreError) -> [Delivery] {
        try all(
            "select * from messages where state = 5 order by changed_at desc, seq desc limit ? offset ?",
            max(0, page.limit), max(0, page.offset), row: Self.delivery)
    }

    package func queueCounts() throws(StoreError) -> QueueCounts {
        var counts = QueueCounts()
        let sums = try all("select state, sum(n) from tallies group by state") { row in
            (state: row[0] as Int, n: row.count(1))
        }
        for sum in sums { if sum.state == 2 { counts.waiting = sum.n } else { counts.dead = sum.n } }
        // A turn's messages are few, and there are no more turns than agents.
        counts.leased =
            try first(
                """
                select count(*) from leases cross join messages on messages.recipient = leases.agent and messages.state = 3
                """
            ) { $0[0] } ?? 0
        return counts
    }

    package func waitingCount(of agent: AgentID) throws(StoreError) -> Int {
        try first("select coalesce(sum(n), 0) from tallies where recipient = ? and state = 2", agent) { $0[0] } ?? 0
    }

    package func waitingCounts() throws(StoreError) -> [AgentID: [String: Int]] {
        var counts: [AgentID: [String: Int]] = [:]
        let rows = try all("select recipient, type, n from tallies where state = 2 and n > 0") { row in
            (agent: row[0] as AgentID, type: row[1] as String, n: row.count(2))
        }
        for row in rows { counts[row.agent, default: [:]][row.type, default: 0] += row.n }
        return counts
    }
}
