public import Model

extension Verbs {
    /// See `Store.create`.
    public func create(_ news: [NewTask]) throws(StoreError) {
        // All rows are there before anything is decided, because tasks of one call may need each other.
        var made: [NewTask] = []
        for new in news where try rows.task(new.task.id) == nil {
            if let assignee = new.assignee { _ = try requireAgent(assignee.agent) }
            var new = new
            new.task = new.blank
            try rows.insert(new.task)
            made.append(new)
        }
        for new in made { try checkNeeds(of: new.task) }
        try checkCycles(from: made.map(\.task.id))
        for new in made { try begin(new) }
        for new in made where new.task.state.isTerminal { try endGroup(ofPart: new.task, now: new.task.createdAt) }
    }

    private func begin(_ new: NewTask) throws(StoreError) {
        var task = new.task
        try log(
            .taskCreated, [.backlog: Facts.flag(task.inBacklog), .title: task.title],
            at: task.createdAt, task: task.id, new: task.state.rawValue)
        if task.state.isTerminal { return }
        if try isHeldBack(task) { task = try hold(task, now: task.createdAt) }
        guard let assignee = new.assignee else { return }
        let owner = try requireAgent(assignee.agent)
        let assigned = try Self.moved(task, .assign(owner.id), task.createdAt)
        try rows.update(assigned, was: task)
        try announce(
            assigned, was: task, to: owner, from: task.createdBy, id: assignee.announcement, now: task.createdAt)
    }

    /// See `Store.move`.
    public func move(_ id: TaskID, _ move: TaskMove, by: AgentID, announcement: MessageID, now: Timestamp)
        throws(StoreError) -> AgentTask
    {
        guard let old = try rows.task(id) else { throw StoreError(.taskNotFound, "there is no task \(id)") }
        switch move {
        case .assign(let agent): return try assign(old, to: agent, by: by, announcement, now: now)
        case .release: return try release(old, by: by, now: now)
        case .retry: return try retry(old, announcement: announcement, now: now)
        default: break
        }
        let new = try Self.moved(old, move, now)
        try rows.update(new, was: old)
        switch move {
        case .assign, .release, .retry: break
        case .start:
            if let owner = new.assignedTo { try setCurrentTask(id, of: owner) }
            try log(
                .taskStarted, [.title: new.title], at: now, agent: new.assignedTo, task: id,
                old: old.state.rawValue, new: new.state.rawValue)
        case .requeue:
            try letGo(old, now: now)
            try log(
                .taskRequeued, [.waiting: Facts.flag(new.isWaiting), .title: new.title], at: now,
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
            throw StoreError(.illegalMove, "task \(old.id.short) already belongs to \(try name(of: other))")
        }
        let new = try Self.moved(old, .assign(agent), now)
        try letGo(old, now: now)
        try rows.update(new, was: old)
        try announce(new, was: old, to: owner, from: by, id: announcement, now: now)
        return new
    }

    /// Logs that an agent got a task, and tells it, unless the task waits.
    func announce(
        _ task: AgentTask, was old: AgentTask, to owner: Agent, from: AgentID, id: MessageID, now: Timestamp
    ) throws(StoreError) {
        try log(
            .taskAssigned, [.agent: owner.name, .title: task.title], at: now, agent: owner.id,
            task: task.id, old: old.state.rawValue, new: task.state.rawValue)
        if task.isWaiting { return }
        let message = Message(
            id: id, from: from, to: owner.id, body: .taskAssign(task.id), priority: task.priority, createdAt: now)
        try tell(message, now: now)
    }

    /// Delivers a message of the store's own, once, with what it inherits from its sender's turn.
    func tell(_ message: Message, now: Timestamp) throws(StoreError) {
        guard try rows.delivery(message.id) == nil else { return }
        let message = try inheriting(message)
        if let reason = try judged(message) {
            try hold(message, because: reason)
            return try failHeld(message, because: reason, now: now)
        }
        try deliver(message, now: now)
        if let receiver = try rows.agent(message.to) { try noteMail(message, for: receiver, now: now) }
    }

    /// A task whose assignment was held back will not be begun: it fails, and its giver has been told by the refusal.
    private func failHeld(_ message: Message, because reason: String, now: Timestamp) throws(StoreError) {
        guard case .taskAssign(let id) = message.body, let old = try rows.task(id), !old.state.isTerminal else {
            return
        }
        let new = try Self.moved(old, .fail("its assignment was held back because \(reason)"), now)
        try rows.update(new, was: old)
        try letGo(old, now: now)
        _ = try ended(
            new, was: old, by: new.createdBy,
            announcement: MessageID(
                from: [id.words, (0, UInt64(bitPattern: now.microseconds))], purpose: Purpose.taskFailed), isTold: true,
            now: now)
    }

    /// Takes a task from its owner or the backlog, and marks its pending announcements and offers as done.
    func letGo(_ task: AgentTask, now: Timestamp) throws(StoreError) {
        for old in try rows.waitingAssignments(of: task.id) { try finish(old, now: now) }
        if task.inBacklog { try withdrawOffers(of: task.id, now: now) }
        guard let id = task.assignedTo, var owner = try rows.agent(id), owner.currentTask == task.id else { return }
        owner.currentTask = nil
        try rows.update(owner)
    }

    /// Logs the end of a task, counts it, tells the one who gave it, and lets go what waited for it.
    /// - Parameters:
    ///   - by: who ended it; nil for the town itself.
    ///   - isTold: whether the person in charge knows of it already.
    /// - Returns: who was told.
    func ended(
        _ task: AgentTask, was old: AgentTask, by: AgentID?, announcement: MessageID, isTold: Bool = false,
        now: Timestamp
    ) throws(StoreError) -> AgentID? {
        let result = task.result ?? ""
        let sentence: EventSentence
        let body: MessageBody
        switch task.state {
        case .completed: (sentence, body) = (.taskCompleted, .taskDone(task.id, result: result))
        case .cancelled: (sentence, body) = (.taskCancelled, .taskFailed(task.id, error: "cancelled: \(result)"))
        default: (sentence, body) = (.taskFailed, .taskFailed(task.id, error: result))
        }
        if task.state == .completed, let id = task.assignedTo, var owner = try rows.agent(id) {
            owner.tasksCompleted += 1
            try rows.update(owner)
        }
        try log(
            sentence, [.title: task.title, .reason: result.isEmpty ? nil : result], at: now,
            agent: task.assignedTo ?? by, task: task.id, old: old.state.rawValue, new: task.state.rawValue)
        let told = try report(task, body, by: by, announcement: announcement, now: now)
        try settleDependents(of: task, by: by, now: now)
        if task.state == .failed, !isTold { try tellOfFailure(of: task, by: by, now: now) }
        return told
    }

    private func report(
        _ task: AgentTask, _ body: MessageBody, by: AgentID?, announcement: MessageID, now: Timestamp
    ) throws(StoreError) -> AgentID? {
        guard task.createdBy != .supervisor, task.createdBy != by, try rows.agent(task.createdBy) != nil else {
            return nil
        }
        let from = task.assignedTo ?? by ?? .supervisor
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
            new, was: old, by: nil,
            announcement: MessageID(
                from: [old.id.words, (0, UInt64(bitPattern: now.microseconds))], purpose: Purpose.taskFailed), now: now)
    }

    private func setCurrentTask(_ task: TaskID, of id: AgentID) throws(StoreError) {
        guard var owner = try rows.agent(id), owner.currentTask != task else { return }
        owner.currentTask = task
        try rows.update(owner)
    }
}
