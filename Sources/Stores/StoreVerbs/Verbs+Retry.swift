import Model

/// Tasks that begin anew, and messages whose task is over.
extension Verbs {
    /// See `TaskMove.retry`.
    func retry(_ old: AgentTask, announcement: MessageID, now: Timestamp) throws(StoreError) -> AgentTask {
        let new = try begunAnew(old, for: old.assignedTo, now: now)
        if let id = new.assignedTo, !new.isWaiting {
            try announce(new, was: old, to: try requireAgent(id), from: new.createdBy, id: announcement, now: now)
        }
        return new
    }

    /// Reopens the task of a dead letter that is in an inbox again, for the one to whom it is sent.
    func reopen(_ id: TaskID, with letter: MessageID, for recipient: AgentID, now: Timestamp) throws(StoreError) {
        guard let old = try rows.task(id) else { return }
        if old.state == .completed {
            throw StoreError(
                .illegalMove,
                "its task \(id.short) is completed already; forget the message with: tt dead drop \(letter)")
        }
        guard old.state.isTerminal, try rows.agent(recipient) != nil else { return }
        let new = try begunAnew(old, for: recipient, now: now)
        // What it needs is not completed: it is announced when that is.
        if new.isWaiting, let waiting = try rows.delivery(letter) { try finish(waiting, now: now) }
    }

    private func begunAnew(_ old: AgentTask, for owner: AgentID?, now: Timestamp) throws(StoreError) -> AgentTask {
        var before = old
        before.assignedTo = nil
        if let owner, try rows.agent(owner) != nil { before.assignedTo = owner }
        var new = try Self.moved(before, .retry, now)
        if try isHeldBack(new) { new = new.held() }
        try rows.update(new, was: old)
        try settle(.task(old.id), now: now)
        try log(
            .taskRetried, [.title: old.title], at: now, agent: new.assignedTo, task: old.id, old: old.state.rawValue,
            new: new.state.rawValue)
        // What failed with its parts goes on with them.
        if let id = old.parent, let group = try rows.task(id), group.isGroup, group.state == .failed {
            _ = try begunAnew(group, for: nil, now: now)
        }
        return new
    }

    /// Ends a message that only points to a task which has ended, has another owner, or is already taken.
    /// - Returns: false for a message that has something to say.
    func settleMoot(_ old: Delivery, now: Timestamp) throws(StoreError) -> Bool {
        switch old.message.body {
        case .taskAssign(let id):
            guard let task = try rows.task(id),
                task.state.isTerminal || (task.assignedTo != nil && task.assignedTo != old.message.to)
            else { return false }
        default: return false
        }
        try finish(old, now: now)
        return true
    }

    /// Marks a waiting message done.
    /// - Parameter isRead: somebody read it.
    @discardableResult
    func finish(_ old: Delivery, isRead: Bool = false, now: Timestamp) throws(StoreError) -> Delivery {
        var new = old
        new.state = .done
        new.deliveries += isRead ? 1 : 0
        new.changedAt = now
        try rows.update(new, was: old)
        // What else a turn had that is ending is about to wait again; its agent is settled after that.
        if ending?.agent != old.message.to { try settleMail(of: old.message.to, now: now) }
        return new
    }
}
