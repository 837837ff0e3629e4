public import Model

extension Verbs {
    /// See `Store.create`.
    public func create(_ new: AgentTask, assignee: Assignment?) throws(StoreError) {
        guard try rows.task(new.id) == nil else { return }
        var task = new
        task.state = .pending
        task.assignedTo = nil
        task.inBacklog = new.inBacklog && assignee == nil
        let owner: Agent? = if let assignee { try requireAgent(assignee.agent) } else { nil }
        try rows.insert(task)
        try log(
            .taskCreated, "task \(task.id.short) created\(task.inBacklog ? " in the backlog" : ""): \(task.title)",
            at: task.createdAt, task: task.id, new: task.state.rawValue)
        guard let assignee, let owner else { return }
        let assigned = try Self.moved(task, .assign(owner.id), task.createdAt)
        try rows.update(assigned, was: task)
        try announce(
            assigned, was: task, to: owner, from: task.createdBy, id: assignee.announcement,
            priority: assignee.priority, now: task.createdAt)
    }

    /// See `Store.move`.
    public func move(_ id: TaskID, _ move: TaskMove, by: AgentID, announcement: MessageID, now: Timestamp)
        throws(StoreError) -> AgentTask
    {
        guard let old = try rows.task(id) else { throw StoreError(.taskNotFound, "there is no task \(id)") }
        if case .assign(let agent) = move { return try assign(old, to: agent, by: by, announcement, now: now) }
        let new = try Self.moved(old, move, now)
        try rows.update(new, was: old)
        switch move {
        case .assign: break
        case .start:
            if let owner = new.assignedTo { try setCurrentTask(id, of: owner) }
            try log(
                .taskStarted, "task \(id.short) started: \(new.title)", at: now, agent: new.assignedTo, task: id,
                old: old.state.rawValue, new: new.state.rawValue)
        case .requeue:
            try letGo(old, now: now)
            try log(
                .taskRequeued, "task \(id.short) is back in the backlog: \(new.title)", at: now,
                agent: old.assignedTo, task: id, old: old.state.rawValue, new: new.state.rawValue)
        case .complete, .fail, .cancel:
            try letGo(old, now: now)
            _ = try ended(new, was: old, by: by, announcement: announcement, now: now)
        }
        return new
    }

    private func assign(
        _ old: AgentTask, to agent: AgentID, by: AgentID, _ announcement: MessageID, now: Timestamp
    ) throws(StoreError) -> AgentTask {
        let owner = try requireAgent(agent)
        if old.assignedTo == agent, !old.state.isTerminal { return old }
        if let other = old.assignedTo, by == agent, !old.state.isTerminal {
            throw StoreError(.illegalMove, "task \(old.id.short) belongs to \(try name(of: other)) already")
        }
        let new = try Self.moved(old, .assign(agent), now)
        try letGo(old, now: now)
        try rows.update(new, was: old)
        try announce(new, was: old, to: owner, from: by, id: announcement, priority: .normal, now: now)
        return new
    }

    private func announce(
        _ task: AgentTask, was old: AgentTask, to owner: Agent, from: AgentID, id: MessageID, priority: Priority,
        now: Timestamp
    ) throws(StoreError) {
        try log(
            .taskAssigned, "task \(task.id.short) assigned to \(owner.name): \(task.title)", at: now, agent: owner.id,
            task: task.id, old: old.state.rawValue, new: task.state.rawValue)
        let message = Message(
            id: id, from: from, to: owner.id, body: .taskAssign(task.id), priority: priority, createdAt: now)
        try tell(message, now: now)
    }

    /// Delivers a message of the store's own, once, with what it inherits from its sender's turn.
    private func tell(_ message: Message, now: Timestamp) throws(StoreError) {
        guard try rows.delivery(message.id) == nil else { return }
        try deliver(Decisions.inheriting(message, from: try rows.lease(of: message.from)), now: now)
    }

    /// Takes a task from its owner: its waiting announcements have nothing left to say, and are done.
    private func letGo(_ task: AgentTask, now: Timestamp) throws(StoreError) {
        for old in try rows.waitingAssignments(of: task.id) {
            var new = old
            new.state = .done
            new.changedAt = now
            try rows.update(new, was: old)
        }
        guard let id = task.assignedTo, var owner = try rows.agent(id), owner.currentTask == task.id else { return }
        owner.currentTask = nil
        try rows.update(owner)
    }

    /// Logs the end of a task, counts it, and tells whoever gave it.
    /// - Returns: who was told.
    private func ended(
        _ task: AgentTask, was old: AgentTask, by: AgentID, announcement: MessageID, now: Timestamp
    ) throws(StoreError) -> AgentID? {
        let result = task.result ?? ""
        let type: EventType
        let body: MessageBody
        switch task.state {
        case .completed: (type, body) = (.taskCompleted, .taskDone(task.id, result: result))
        case .cancelled: (type, body) = (.taskCancelled, .taskFailed(task.id, error: "cancelled: \(result)"))
        default: (type, body) = (.taskFailed, .taskFailed(task.id, error: result))
        }
        if task.state == .completed, let id = task.assignedTo, var owner = try rows.agent(id) {
            owner.tasksCompleted += 1
            try rows.update(owner)
        }
        let why = task.state == .completed || result.isEmpty ? "" : " (\(result))"
        try log(
            type, "task \(task.id.short) \(task.state.rawValue): \(task.title)\(why)", at: now,
            agent: task.assignedTo ?? by, task: task.id, old: old.state.rawValue, new: task.state.rawValue)
        guard task.createdBy != .supervisor, task.createdBy != by, try rows.agent(task.createdBy) != nil else {
            return nil
        }
        let from = task.assignedTo ?? by
        try tell(Message(id: announcement, from: from, to: task.createdBy, body: body, createdAt: now), now: now)
        return task.createdBy
    }

    /// Fails a task on behalf of the town.
    /// - Returns: who was told.
    func fail(_ old: AgentTask, because reason: String, now: Timestamp) throws(StoreError) -> AgentID? {
        let new = try Self.moved(old, .fail(reason), now)
        try rows.update(new, was: old)
        try letGo(old, now: now)
        return try ended(
            new, was: old, by: .supervisor,
            announcement: MessageID(from: [old.id.words], purpose: Purpose.taskFailed), now: now)
    }

    private func setCurrentTask(_ task: TaskID, of id: AgentID) throws(StoreError) {
        guard var owner = try rows.agent(id), owner.currentTask != task else { return }
        owner.currentTask = task
        try rows.update(owner)
    }
}
