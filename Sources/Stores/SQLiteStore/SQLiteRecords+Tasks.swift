package import Model
import SQLite
import StoreVerbs

extension SQLiteRecords {
    package func task(_ id: TaskID) throws(StoreError) -> AgentTask? {
        try first("select * from tasks where id = ?", id, row: Self.task)
    }

    static func task(_ row: borrowing Row) -> AgentTask {
        var task = AgentTask(id: row[1], description: row[2], createdBy: row[5], createdAt: row[6])
        task.state = TaskState(code: row[3])
        task.assignedTo = row[4]
        task.updatedAt = row[7]
        task.startedAt = row[8]
        task.completedAt = row[9]
        task.result = row[10]
        task.parent = row[11]
        task.tags = (row[12] as String?).map { $0.split(separator: tagSeparator).map(String.init) } ?? []
        task.inBacklog = row[13]
        task.reminders = row.count(14)
        task.dependsOn = row.withBytes(15, dependencies)
        task.isWaiting = row[16]
        task.isGroup = row[17]
        task.priority = (row[18] as String?).flatMap(Priority.init) ?? .normal
        return task
    }

    // A character that no tag holds; tags are words for people.
    private static let tagSeparator: Character = "\u{1F}"

    private static func tags(_ task: AgentTask) -> String? {
        task.tags.isEmpty ? nil : task.tags.joined(separator: String(tagSeparator))
    }

    // Ids one after the other, 16 bytes each; nothing where there are none.
    private static func dependencies(_ bytes: UnsafeRawBufferPointer) -> [TaskID] {
        stride(from: 0, to: bytes.count / 16 * 16, by: 16).map { at in
            TaskID(
                high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self)))
        }
    }

    private static func bytes(_ ids: [TaskID]) -> [UInt8]? {
        if ids.isEmpty { return nil }
        return ids.flatMap { id in
            [id.high, id.low].flatMap { word in withUnsafeBytes(of: word.bigEndian) { Array($0) } }
        }
    }

    package func insert(_ task: AgentTask) throws(StoreError) {
        try run(
            "insert into tasks values (null, ?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", task.id, task.description,
            task.state.code, task.assignedTo, task.createdBy, task.createdAt, task.updatedAt, task.startedAt,
            task.completedAt, task.result, task.parent, Self.tags(task), task.inBacklog, task.reminders,
            Self.bytes(task.dependsOn), task.isWaiting, task.isGroup,
            task.priority == .normal ? nil : task.priority.rawValue)
        try link(task)
    }

    private func link(_ task: AgentTask) throws(StoreError) {
        for need in Set(task.dependsOn) { try run("insert into task_needs values (?, ?)", need, task.id) }
    }

    package func update(_ task: AgentTask, was old: AgentTask) throws(StoreError) {
        try run(
            """
            update tasks set state = ?, owner = ?, updated_at = ?, started_at = ?, completed_at = ?, result = ?,
            in_backlog = ?, reminders = ?, waiting = ? where id = ?
            """, task.state.code, task.assignedTo, task.updatedAt, task.startedAt, task.completedAt, task.result,
            task.inBacklog, task.reminders, task.isWaiting, task.id)
        if TaskRevision(task) == TaskRevision(old) { return }
        try run(
            "update tasks set description = ?, tags = ?, parent = ?, depends_on = ?, is_group = ? where id = ?",
            task.description, Self.tags(task), task.parent, Self.bytes(task.dependsOn), task.isGroup, task.id)
        for need in Set(old.dependsOn) {
            try run("delete from task_needs where need = ? and task = ?", need, task.id)
        }
        try link(task)
    }

    package func expectsWork(_ agent: AgentID) throws(StoreError) -> Bool {
        try first("select 1 from tasks where owner = ? and waiting = 1 limit 1", agent) { _ in true } ?? false
    }

    package func dependents(of task: TaskID) throws(StoreError) -> [AgentTask] {
        try all(
            """
            select * from tasks where id in (select task from task_needs where need = ? union
            select id from tasks where parent = ?) order by ordinal
            """, task, task, row: Self.task)
    }

    package func tasks(_ filter: TaskFilter, page: Page) throws(StoreError) -> [AgentTask] {
        if let task = filter.needing {
            let fitting = try dependents(of: task).filter(filter.fits)
            return Array(fitting.dropFirst(max(0, page.offset)).prefix(max(0, page.limit)))
        }
        guard let range = Self.range(ofPrefix: filter.idPrefix ?? "") else { return [] }
        let states = (filter.states ?? Set(TaskState.allCases)).reduce(0) { $0 | 1 << $1.code }
        let backlog = filter.inBacklog.map { $0 ? (1, 1) : (0, 0) } ?? (0, 1)
        let waiting = filter.isWaiting.map { $0 ? (1, 1) : (0, 0) } ?? (0, 1)
        let (limit, offset) = (max(0, page.limit), max(0, page.offset))
        if let owner = filter.assignee, let only = filter.states, only.isSubset(of: [.assigned, .running]) {
            return try all(
                """
                select * from tasks where owner = ? and state in (1, 2) and (? >> state) & 1
                and in_backlog between ? and ? and waiting between ? and ? and id between ? and ? order by ordinal limit ? offset ?
                """, owner, states, backlog.0, backlog.1, waiting.0, waiting.1, range.0, range.1, limit, offset,
                row: Self.task)
        }
        if let owner = filter.assignee {
            return try all(
                """
                select * from tasks where owner = ? and (? >> state) & 1 and in_backlog between ? and ?
                and waiting between ? and ? and id between ? and ? order by ordinal limit ? offset ?
                """, owner, states, backlog.0, backlog.1, waiting.0, waiting.1, range.0, range.1, limit, offset,
                row: Self.task)
        }
        if filter.inBacklog == true {
            return try all(
                """
                select * from tasks where in_backlog = 1 and (? >> state) & 1 and waiting between ? and ?
                and id between ? and ? order by ordinal limit ? offset ?
                """, states, waiting.0, waiting.1, range.0, range.1, limit, offset, row: Self.task)
        }
        if filter.idPrefix != nil {
            return try all(
                """
                select * from tasks where id between ? and ? and (? >> state) & 1 and in_backlog between ? and ?
                and waiting between ? and ? order by ordinal limit ? offset ?
                """, range.0, range.1, states, backlog.0, backlog.1, waiting.0, waiting.1, limit, offset, row: Self.task
            )
        }
        return try all(
            """
            select * from tasks where (? >> state) & 1 and in_backlog between ? and ? and waiting between ? and ?
            order by ordinal limit ? offset ?
            """, states, backlog.0, backlog.1, waiting.0, waiting.1, limit, offset, row: Self.task)
    }

    /// The smallest and the greatest id that begin with these digits; nil where none can.
    private static func range(ofPrefix prefix: String) -> (TaskID, TaskID)? {
        let digits = prefix.filter { $0 != "-" }
        guard digits.utf8.count <= 32 else { return nil }
        func padded(_ digit: String) -> TaskID? {
            TaskID(digits + String(repeating: digit, count: 32 - digits.utf8.count))
        }
        guard let low = padded("0"), let high = padded("f"), low.description.hasPrefix(prefix) else { return nil }
        return (low, high)
    }

    package func taskCounts() throws(StoreError) -> TaskCounts {
        var counts = TaskCounts()
        let rows = try all("select state, in_backlog, n from task_tallies where n > 0") { row in
            (state: TaskState(code: row[0]), inBacklog: row[1] as Bool, n: row.count(2))
        }
        for row in rows {
            counts.byState[row.state, default: 0] += row.n
            if row.inBacklog { counts.backlog += row.n }
        }
        return counts
    }
}
