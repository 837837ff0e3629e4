public import Model

extension Verbs {
    /// See `Store.remove`.
    public func remove(_ id: AgentID, now: Timestamp) throws(StoreError) -> Removal {
        let agent = try requireAgent(id)
        try requireEnded(agent)
        var removal = Removal(tasks: try requeueTasks(of: id, now: now))
        for old in try rows.firstWaiting(id, limit: .max, now: now) {
            if try settlePointer(old, now: now) { continue }
            var dead = old
            dead.state = .dead
            dead.lastError = "its agent was removed"
            dead.changedAt = now
            try rows.update(dead, was: old)
            removal.deadLetters += 1
            let message = old.message
            try log(
                .messageOrphaned, [.kind: message.body.type, .to: agent.name], at: now, agent: id,
                task: message.body.task, message: message.id)
            // What it wrote to itself has nobody left to be told.
            guard message.body.wakes, message.from != id else { continue }
            try notify(
                message, Notice.receiverRemoved.text([.kind: message.body.type, .agent: agent.name]),
                purpose: Purpose.deathNotice, number: old.sequence, now: now)
        }
        try settle(.agent(id), now: now)
        try settle(.waiting(id), now: now)
        try rows.remove(id)
        try log(
            .agentRemoved,
            [
                .agent: agent.name, .tasks: removal.tasks.isEmpty ? nil : String(removal.tasks.count),
                .letters: removal.deadLetters > 0 ? String(removal.deadLetters) : nil,
            ], at: now, agent: id, old: agent.state.rawValue)
        return removal
    }

    private func requireEnded(_ agent: Agent) throws(StoreError) {
        guard agent.state.isTerminal, try rows.lease(of: agent.id) == nil else {
            throw StoreError(.illegalMove, "\(agent.name) is \(agent.state.rawValue); stop it first")
        }
    }

    private func requeueTasks(of agent: AgentID, now: Timestamp) throws(StoreError) -> [TaskID] {
        var moved: [TaskID] = []
        while true {
            let open = try rows.tasks(Self.open(agent), page: Page(limit: 500))
            if open.isEmpty { return moved }
            for task in open {
                _ = try move(task.id, .requeue, by: .supervisor, announcement: Self.noMessage, now: now)
                moved.append(task.id)
            }
        }
    }

    // A pending task with an owner waits for others.
    private static func open(_ agent: AgentID) -> TaskFilter {
        TaskFilter(states: [.pending, .assigned, .running], assignee: agent)
    }

    // A requeue tells nobody, so no message is made of this.
    private static var noMessage: MessageID { MessageID(high: 0, low: 0) }

    /// Ends a waiting message that only points to a task which has ended, has another owner, or is offered elsewhere.
    private func settlePointer(_ old: Delivery, now: Timestamp) throws(StoreError) -> Bool {
        let body = old.message.body
        if body.offeredTask == nil {
            guard case .taskAssign(let id) = body, let task = try rows.task(id) else { return false }
            if !task.state.isTerminal, task.assignedTo == old.message.to { return false }
        }
        try finish(old, now: now)
        return true
    }

    // MARK: Reclaiming

    /// See `Store.reclaim`.
    public func reclaim(from id: AgentID, to destination: Destination, now: Timestamp) throws(StoreError) -> Reclaimed {
        let name = try name(of: id)
        if let agent = try rows.agent(id) { try requireEnded(agent) }
        var moved = Reclaimed()
        switch destination {
        case .backlog:
            moved.tasks = try requeueTasks(of: id, now: now)
            for old in try rows.firstWaiting(id, limit: .max, now: now) {
                if try settlePointer(old, now: now) { continue }
                if let task = try taskInBacklog(of: old, now: now) { moved.made.append(task) } else { moved.left += 1 }
            }
        case .agent(let target):
            let owner = try requireAgent(target)
            guard target != id else {
                throw StoreError(.illegalMove, "\(name) already has this work")
            }
            moved.tasks = try reassignTasks(of: id, to: target, now: now)
            for old in try rows.firstWaiting(id, limit: .max, now: now) {
                if try settlePointer(old, now: now) { continue }
                if case .shutdown = old.message.body {
                    moved.left += 1
                } else {
                    try readdress(old, from: name, to: owner, now: now)
                    moved.messages.append(old.message.id)
                }
            }
        }
        return moved
    }

    private func reassignTasks(of id: AgentID, to target: AgentID, now: Timestamp) throws(StoreError) -> [TaskID] {
        var moved: [TaskID] = []
        while true {
            let open = try rows.tasks(Self.open(id), page: Page(limit: 500))
            if open.isEmpty { return moved }
            for task in open {
                if task.state == .running {
                    _ = try move(task.id, .requeue, by: .supervisor, announcement: Self.noMessage, now: now)
                }
                // A task may come back to an agent that had it before, and is announced anew.
                let announcement = MessageID(
                    from: [task.id.words, target.words, (0, UInt64(bitPattern: now.microseconds))],
                    purpose: Purpose.reclaimed)
                _ = try move(task.id, .assign(target), by: .supervisor, announcement: announcement, now: now)
                moved.append(task.id)
            }
        }
    }

    /// Makes a task in the backlog of a message that describes one; nil for other messages.
    private func taskInBacklog(of old: Delivery, now: Timestamp) throws(StoreError) -> TaskID? {
        guard case .task(let description) = old.message.body else { return nil }
        var task = AgentTask(
            id: TaskID(from: [old.message.id.words], purpose: Purpose.reclaimed), description: description,
            createdBy: old.message.from, createdAt: now)
        task.inBacklog = true
        try create([NewTask(task)])
        try finish(old, now: now)
        return task.id
    }

    /// Moves a waiting message to the end of another inbox, as the same message.
    private func readdress(_ old: Delivery, from: String, to target: Agent, now: Timestamp) throws(StoreError) {
        var new = old
        new.message.to = target.id
        new.attempts = 0
        new.hostDeaths = 0
        new.lastError = nil
        new.changedAt = now
        try rows.remove(old)
        try rows.insert(new)
        try settleMail(of: old.message.to, now: now)
        try log(
            .messageMoved, [.kind: old.message.body.type, .from: from, .to: target.name], at: now, agent: target.id,
            task: old.message.body.task, message: old.message.id)
    }

    // MARK: Reset

    /// See `Store.reset`.
    public func reset(now: Timestamp) throws(StoreError) {
        if let lease = try rows.leases().first {
            let name = try name(of: lease.record.token.agent)
            throw StoreError(.illegalMove, "\(name) takes a turn; end it first")
        }
        try log(.townReset, at: now)
        try rows.removeEverything()
    }
}
