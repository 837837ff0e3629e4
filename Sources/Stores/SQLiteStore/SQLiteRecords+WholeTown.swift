package import Model
import SQLite

extension SQLiteRecords {
    package func tasks(after position: Int64, limit: Int) throws(StoreError) -> [(position: Int64, task: AgentTask)] {
        try all("select * from tasks where ordinal > ? order by ordinal limit ?", position, limit) { row in
            (row[0], Self.task(row))
        }
    }

    package func messages(after sequence: Int64, limit: Int) throws(StoreError) -> [Delivery] {
        try all("select * from messages where seq > ? order by seq limit ?", sequence, limit) { row in
            var (delivery, isReadable) = MessageColumns.read(row)
            if !isReadable {
                delivery.state = .dead
                delivery.lastError = delivery.lastError ?? "its stored form cannot be read"
            }
            return delivery
        }
    }

    package func restore(_ delivery: Delivery) throws(StoreError) {
        try checkOrder(delivery.sequence, after: "select max(seq) from messages", "message")
        let added = try insert(delivery)
        if added != delivery.sequence {
            try run("update messages set seq = ? where seq = ?", delivery.sequence, added)
        }
    }

    package func restore(_ event: Event) throws(StoreError) {
        try checkOrder(event.sequence, after: "select max(seq) from events", "event")
        try append(event)
        if db.lastInsertRowID != event.sequence {
            try run("update events set seq = ? where seq = ?", event.sequence, db.lastInsertRowID)
        }
    }

    private func checkOrder(_ sequence: Int64, after sql: SQL, _ kind: String) throws(StoreError) {
        let last: Int64 = try first(sql) { $0[0] as Int64? }.flatMap(\.self) ?? 0
        guard sequence > last else { throw StoreError(.corrupt, "\(kind) \(sequence) is out of order") }
    }

    /// Removes everything, hosts and the log included.
    func removeAll() throws(StoreError) {
        try removeEverything()
        try run("delete from hosts")
        try run("delete from events")
    }
}
