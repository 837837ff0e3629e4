package import Model
import SQLite
package import StoreVerbs

/// The rows of one connection, inside whatever transaction is open on it.
package final class SQLiteRecords: Records {
    let db: Connection
    /// Whether commits wait for the disk, where the store's durability asks for that at all.
    var isSyncing = true

    init(_ db: Connection) { self.db = db }

    // The same calls as the connection's, with the port's error.

    func run<each Value: Bindable>(_ sql: SQL, _ values: repeat each Value) throws(StoreError) {
        do throws(SQLiteError) {
            try db.run(sql, repeat each values)
        } catch {
            throw StoreError(error)
        }
    }

    func all<each Value: Bindable, Result>(
        _ sql: SQL, _ values: repeat each Value, row: (borrowing Row) -> Result
    ) throws(StoreError) -> [Result] {
        do throws(SQLiteError) {
            return try db.all(sql, repeat each values, row: row)
        } catch {
            throw StoreError(error)
        }
    }

    func first<each Value: Bindable, Result>(
        _ sql: SQL, _ values: repeat each Value, row: (borrowing Row) -> Result
    ) throws(StoreError) -> Result? {
        do throws(SQLiteError) {
            return try db.first(sql, repeat each values, row: row)
        } catch {
            throw StoreError(error)
        }
    }

    // MARK: Leases

    package func lease(of agent: AgentID) throws(StoreError) -> LeaseRow? {
        try first("select * from leases where agent = ?", agent, row: Self.lease)
    }

    package func leases() throws(StoreError) -> [LeaseRow] { try all("select * from leases", row: Self.lease) }

    private static func lease(_ row: borrowing Row) -> LeaseRow {
        let token = LeaseToken(agent: row[0], epoch: row[1], turn: row[2], host: row[3])
        return LeaseRow(
            record: LeaseRecord(token: token, startedAt: row[4], expiresAt: row[5], proof: row[8]), hops: row.count(6),
            conversation: row[7])
    }

    package func put(_ lease: LeaseRow) throws(StoreError) {
        let (record, token) = (lease.record, lease.record.token)
        try run(
            "insert or replace into leases values (?, ?, ?, ?, ?, ?, ?, ?, ?)", token.agent, token.epoch, token.turn,
            token.host, record.startedAt, record.expiresAt, lease.hops, lease.conversation, record.proof)
    }

    package func removeLease(of agent: AgentID) throws(StoreError) {
        try run("delete from leases where agent = ?", agent)
    }

    package func nextEpoch(of agent: AgentID) throws(StoreError) -> Int64 {
        try first("update agents set epoch = epoch + 1 where id = ? returning epoch", agent) { $0[0] } ?? 1
    }

    package func sendCount(of agent: AgentID) throws(StoreError) -> SendCount? {
        try first("select turn, in_turn, since, in_minute from sends where agent = ?", agent) { row in
            SendCount(turn: row[0], inTurn: row.count(1), since: row[2], inMinute: row.count(3))
        }
    }

    package func put(_ count: SendCount, of agent: AgentID) throws(StoreError) {
        try run(
            "insert or replace into sends values (?, ?, ?, ?, ?)", agent, count.turn, count.inTurn, count.since,
            count.inMinute)
    }

    // MARK: Hosts, events, settings

    package func host(_ id: HostID) throws(StoreError) -> Host? {
        try first("select * from hosts where id = ?", id, row: Self.host)
    }

    package func hosts() throws(StoreError) -> [Host] {
        try all("select * from hosts order by ordinal", row: Self.host)
    }

    private static func host(_ row: borrowing Row) -> Host {
        Host(
            id: row[1], machine: row[2], process: row[3], startedAt: row[4], expiresAt: row[5], isForeground: row[6],
            lacks: Set((row[7] as String).split(separator: "\n").map(String.init)))
    }

    package func put(_ host: Host) throws(StoreError) {
        try run(
            """
            insert into hosts values (null, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do update set machine = excluded.machine,
            process = excluded.process, started_at = excluded.started_at, expires_at = excluded.expires_at,
            foreground = excluded.foreground, lacks = excluded.lacks
            """, host.id, host.machine, host.process, host.startedAt, host.expiresAt, host.isForeground,
            host.lacks.sorted().joined(separator: "\n"))
    }

    package func remove(_ host: HostID) throws(StoreError) { try run("delete from hosts where id = ?", host) }

    package func append(_ event: Event) throws(StoreError) {
        try run(
            "insert into events values (null, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", event.type.rawValue, event.text,
            event.timestamp, event.agent, event.task, event.turn, event.message, event.oldState, event.newState,
            event.detail.map(DetailText.text))
    }

    package func events(after: Int64, limit: Int, filter: EventFilter) throws(StoreError) -> [Event] {
        let types = Self.condition(filter)
        let found: [Event?]
        if let agent = filter.agent {
            found = try all(
                SQL(composed: "select * from events where agent = ? and seq > ?\(types) order by seq limit ?"), agent,
                after, max(0, limit), row: Self.event)
        } else {
            found = try all(
                SQL(composed: "select * from events where seq > ?\(types) order by seq limit ?"), after,
                max(0, limit), row: Self.event)
        }
        return found.compactMap(\.self)
    }

    package func latestEvents(limit: Int, filter: EventFilter) throws(StoreError) -> [Event] {
        let types = Self.condition(filter)
        let found: [Event?]
        if let agent = filter.agent {
            found = try all(
                SQL(composed: "select * from events where agent = ?\(types) order by seq desc limit ?"), agent,
                max(0, limit), row: Self.event)
        } else {
            found = try all(
                SQL(composed: "select * from events where true\(types) order by seq desc limit ?"), max(0, limit),
                row: Self.event)
        }
        return found.compactMap(\.self).reversed()
    }

    // The names come from our own enumeration, never from outside.
    private static func condition(_ filter: EventFilter) -> String {
        guard let types = filter.types else { return "" }
        return " and type in (" + types.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ") + ")"
    }

    private static func event(_ row: borrowing Row) -> Event? {
        guard let type = EventType(rawValue: row[1]) else { return nil }
        var event = Event(type, row[2], at: row[3])
        event.sequence = row[0]
        event.agent = row[4]
        event.task = row[5]
        event.turn = row[6]
        event.message = row[7]
        event.oldState = row[8]
        event.newState = row[9]
        event.detail = (row[10] as String?).flatMap(DetailText.detail)
        return event
    }

    package func maxAgents() throws(StoreError) -> Int? {
        try first("select value from settings where name = 'max_agents'") { $0.count(0) }
    }

    package func setMaxAgents(_ count: Int) throws(StoreError) {
        try run("insert or replace into settings values ('max_agents', ?)", count)
    }

    package func removeEverything() throws(StoreError) {
        try run("delete from events where seq < (select max(seq) from events)")
        // Whatever tables there are, so that what a later version adds is forgotten as well. What triggers count goes
        // last.
        let tables: [String] = try all(
            """
            select name from sqlite_schema where type = 'table' and name not in ('events', 'hosts')
            and name not like 'sqlite_%' order by name like '%tallies', name
            """
        ) { $0[0] }
        for table in tables { try run(SQL(composed: "delete from \"\(table)\"")) }
    }

    package func tidy(doneBefore: Timestamp, events: Int, limit: Int) throws(StoreError) -> Bool {
        try run(
            """
            delete from messages where seq in (select seq from messages where state = 4 and changed_at < ? limit ?)
            and seq < (select max(seq) from messages)
            """, doneBefore, limit)
        let messages = try changes()
        try run(
            """
            delete from events where seq in (select seq from events where seq <= (select max(seq) from events) - ?
            order by seq limit ?)
            """, max(1, events), limit)
        let removedEvents = try changes()
        // Counts of what a root has led to; an agent's are kept as long as the agent.
        try run("delete from sends where since < ? and agent not in (select id from agents)", doneBefore)
        return messages >= limit || removedEvents >= limit
    }

    private func changes() throws(StoreError) -> Int { try first("select changes()") { $0[0] } ?? 0 }
}
