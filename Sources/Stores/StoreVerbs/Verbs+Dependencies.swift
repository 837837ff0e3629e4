public import Model

extension Verbs {
    /// What has to be completed before `task` begins. A parent that only groups holds nothing back by itself; what it
    /// waits for, its parts wait for too.
    private func needs(of task: AgentTask) throws(StoreError) -> [TaskID] {
        var needs = task.dependsOn
        var next = task.parent
        var seen: Set<TaskID> = []
        while let id = next, seen.insert(id).inserted {
            guard let parent = try rows.task(id), parent.isGroup else {
                needs.append(id)
                break
            }
            needs += parent.dependsOn
            next = parent.parent
        }
        return needs
    }

    /// Whether something that it needs is not completed.
    func isHeldBack(_ task: AgentTask) throws(StoreError) -> Bool {
        for need in try needs(of: task) where try rows.task(need)?.state != .completed { return true }
        return false
    }

    /// Everything that it names has to be there.
    func checkNeeds(of task: AgentTask) throws(StoreError) {
        for need in task.dependsOn + (task.parent.map { [$0] } ?? []) where try rows.task(need) == nil {
            throw StoreError(.taskNotFound, "there is no task \(need), which task \(task.id.short) is to wait for")
        }
    }

    /// Refuses tasks that would wait for each other. Each task that is reachable is looked at once.
    func checkCycles(from roots: [TaskID]) throws(StoreError) {
        var finished: Set<TaskID> = []
        for root in roots where !finished.contains(root) {
            // The way from the root to where the search is, each with what is still to be tried.
            var way: [(id: TaskID, rest: ArraySlice<TaskID>)] = [(root, try edges(of: root)[...])]
            var onWay: Set<TaskID> = [root]
            while !way.isEmpty {
                let last = way.count - 1
                guard let next = way[last].rest.popFirst() else {
                    finished.insert(way[last].id)
                    onWay.remove(way.removeLast().id)
                    continue
                }
                if onWay.contains(next) {
                    let cycle = way.map(\.id).drop { $0 != next } + [next]
                    throw StoreError(
                        .dependencyCycle,
                        "tasks would wait for each other: " + cycle.map(\.short).joined(separator: " → "))
                }
                if finished.contains(next) { continue }
                way.append((next, try edges(of: next)[...]))
                onWay.insert(next)
            }
        }
    }

    // What a task waits for; a group waits for its parts. What has ended waits for nothing.
    private func edges(of id: TaskID) throws(StoreError) -> [TaskID] {
        guard let task = try rows.task(id), !task.state.isTerminal else { return [] }
        let needs = try needs(of: task)
        return task.isGroup ? needs + (try parts(of: id).map(\.id)) : needs
    }

    private func parts(of group: TaskID) throws(StoreError) -> [AgentTask] {
        try rows.dependents(of: group).filter { $0.parent == group }
    }

    /// Makes a task wait: what was announced and not begun is taken back.
    func hold(_ task: AgentTask, now: Timestamp) throws(StoreError) -> AgentTask {
        let held = task.held()
        try letGo(task, now: now)
        try rows.update(held, was: task)
        var names: [String] = []
        for need in try needs(of: task) {
            guard let needed = try rows.task(need), needed.state != .completed else { continue }
            names.append("\(need.short) (\(needed.state.rawValue))")
        }
        try log(
            .taskWaiting, [.needs: names.joined(separator: ", "), .title: task.title], at: now,
            agent: task.assignedTo, task: task.id, old: task.state.rawValue, new: held.state.rawValue)
        return held
    }

    /// After the end of a task: what waited for it goes on, or the one who gave that is asked.
    func settleDependents(of task: AgentTask, by: AgentID?, now: Timestamp) throws(StoreError) {
        let waiting = try rows.dependents(of: task.id).filter { $0.isWaiting && !$0.state.isTerminal }
        if task.state == .completed {
            for old in waiting where try !isHeldBack(old) { try letGoOn(old, now: now) }
        } else {
            // A part of a group does not need the group.
            var stuck: [AgentTask] = []
            for one in waiting where try needs(of: one).contains(task.id) { stuck.append(one) }
            try ask(about: stuck, because: task, by: by, now: now)
        }
        try endGroup(ofPart: task, now: now)
    }

    /// Ends a group when the last of its parts has ended.
    func endGroup(ofPart part: AgentTask, now: Timestamp) throws(StoreError) {
        guard let id = part.parent, let group = try rows.task(id), group.isGroup, !group.state.isTerminal,
            !group.isWaiting
        else { return }
        let parts = try parts(of: id)
        guard !parts.isEmpty, parts.allSatisfy(\.state.isTerminal) else { return }
        let undone = parts.count { $0.state != .completed }
        let move: TaskMove =
            undone == 0
            ? .complete(Notice.allCompleted.text([.number: String(parts.count)]))
            : .fail(Notice.someUndone.text([.count: String(undone), .number: String(parts.count)]))
        let new = try Self.moved(group, move, now)
        try rows.update(new, was: group)
        _ = try ended(
            new, was: group, by: nil,
            announcement: MessageID(
                from: [id.words, (0, UInt64(bitPattern: now.microseconds))], purpose: Purpose.groupEnded), now: now)
    }

    /// See `TaskMove.release`: only the one who gave a task, and the supervisor, may let it go on before its time.
    func release(_ old: AgentTask, by: AgentID, now: Timestamp) throws(StoreError) -> AgentTask {
        guard by == .supervisor || by == old.createdBy else {
            throw StoreError(
                .illegalMove,
                "only the supervisor and \(try name(of: old.createdBy)), who gave it, may release task \(old.id.short)")
        }
        return try letGoOn(old, now: now)
    }

    @discardableResult
    private func letGoOn(_ old: AgentTask, now: Timestamp) throws(StoreError) -> AgentTask {
        let new = try Self.moved(old, .release, now)
        try rows.update(new, was: old)
        try log(
            .taskReleased, [.title: new.title], at: now, agent: new.assignedTo,
            task: new.id, old: old.state.rawValue, new: new.state.rawValue)
        if let id = new.assignedTo, let owner = try rows.agent(id) {
            // A task may wait and be released more than once, and is announced each time.
            let announcement = MessageID(
                from: [new.id.words, (0, UInt64(bitPattern: now.microseconds))], purpose: Purpose.released)
            try announce(new, was: old, to: owner, from: new.createdBy, id: announcement, now: now)
            if owner.state.isTerminal { try ask(about: new, of: owner, now: now) }
        }
        if new.isGroup {
            try reconsiderParts(of: new, now: now)
            if let part = try parts(of: new.id).first { try endGroup(ofPart: part, now: now) }
        }
        return new
    }

    /// See `Store.revise`. Where nothing changes nothing happens.
    public func revise(_ revisions: [TaskRevision], now: Timestamp) throws(StoreError) {
        // All of them are written before any is judged: together they may turn a dependency round.
        var changed: [(old: AgentTask, new: AgentTask)] = []
        for revision in revisions {
            guard let old = try rows.task(revision.task) else {
                throw StoreError(.taskNotFound, "there is no task \(revision.task)")
            }
            if revision == TaskRevision(old) { continue }
            let new = try Self.revised(old, revision, now)
            try rows.update(new, was: old)
            changed.append((old, new))
        }
        for (_, new) in changed { try checkNeeds(of: new) }
        try checkCycles(from: changed.map(\.new.id))
        for (old, new) in changed { try settle(new, was: old, now: now) }
    }

    private static func revised(_ old: AgentTask, _ revision: TaskRevision, _ now: Timestamp) throws(StoreError)
        -> AgentTask
    {
        if revision.isGroup, old.assignedTo != nil {
            throw StoreError(.illegalMove, "task \(old.id.short) has an owner and cannot be a group")
        }
        do throws(IllegalMove) {
            return try old.revised(revision, at: now)
        } catch {
            throw StoreError(.illegalMove, "task \(old.id.short) cannot be changed so: \(error)")
        }
    }

    private func settle(_ revised: AgentTask, was old: AgentTask, now: Timestamp) throws(StoreError) {
        try log(
            .taskRevised, [.title: revised.title], at: now, agent: revised.assignedTo, task: revised.id)
        // Read again: what was settled before it may have moved it.
        guard var task = try rows.task(revised.id), !task.state.isTerminal else { return }
        let isHeld = try isHeldBack(task)
        if isHeld, !task.isWaiting { task = try hold(task, now: now) }
        if !isHeld, task.isWaiting { task = try letGoOn(task, now: now) }
        // The parts of a group wait for what it waits for, and for a task that is none they wait themselves.
        if old.isGroup || task.isGroup { try reconsiderParts(of: task, now: now) }
    }

    private func reconsiderParts(of task: AgentTask, now: Timestamp) throws(StoreError) {
        for part in try parts(of: task.id) where part.state == .pending || part.state == .assigned {
            let isHeld = try isHeldBack(part)
            if isHeld == part.isWaiting { continue }
            let moved = isHeld ? try hold(part, now: now) : try letGoOn(part, now: now)
            if isHeld, moved.isGroup { try reconsiderParts(of: moved, now: now) }
        }
    }

    /// Reports a task that can start but whose owner has ended.
    private func ask(about task: AgentTask, of owner: Agent, now: Timestamp) throws(StoreError) {
        try log(
            .taskOwnerEnded, [.agent: owner.name, .state: owner.state.rawValue, .title: task.title],
            at: now, agent: owner.id, task: task.id)
        let creator = try rows.agent(task.createdBy) != nil && task.createdBy != owner.id ? task.createdBy : .supervisor
        let question = Notice.ownerEnded.text([
            .id: task.id.description, .title: task.title, .agent: owner.name, .state: owner.state.rawValue,
        ])
        if creator == .supervisor { return try tellPerson(of: .agent(owner.id), question, now: now) }
        var message = Message(
            id: MessageID(
                from: [task.id.words, (0, UInt64(bitPattern: now.microseconds))], purpose: Purpose.ownerEnded),
            from: .supervisor, to: creator, body: .query(question: question), createdAt: now)
        message.priority = .high
        if try rows.delivery(message.id) == nil { try deliver(message, now: now) }
    }

    /// Says of tasks that what they wait for will not be completed, and asks those who gave them what to do.
    private func ask(about stuck: [AgentTask], because failed: AgentTask, by: AgentID?, now: Timestamp)
        throws(StoreError)
    {
        var told: [(creator: AgentID, tasks: [AgentTask])] = []
        for task in stuck {
            try log(
                .taskBlocked,
                [
                    .other: failed.id.short, .failed: Facts.flag(failed.state == .failed), .title: task.title,
                ], at: now, agent: task.assignedTo, task: task.id)
            let isKnown = try rows.agent(task.createdBy) != nil
            let creator = isKnown ? task.createdBy : .supervisor
            if let at = told.firstIndex(where: { $0.creator == creator }) {
                told[at].tasks.append(task)
            } else {
                told.append((creator, [task]))
            }
        }
        for (creator, tasks) in told where creator != by {
            let list = tasks.map { "- \($0.id): \($0.title)" }.joined(separator: "\n")
            let question = Notice.tasksBlocked.text([
                .id: failed.id.description, .title: failed.title, .failed: Facts.flag(failed.state == .failed),
                .reason: failed.result, .tasks: list, .task: String(failed.id.description.prefix(8)),
            ])
            if creator == .supervisor {
                try tellPerson(of: .task(failed.id), question, now: now)
                continue
            }
            // The task may be tried again, and fail again.
            var message = Message(
                id: MessageID(
                    from: [failed.id.words, creator.words, (0, UInt64(bitPattern: now.microseconds))],
                    purpose: Purpose.blocked),
                from: .supervisor, to: creator, body: .query(question: question), createdAt: now)
            message.priority = .high
            guard try rows.delivery(message.id) == nil else { continue }
            // It comes from the turn that made the task fail, whatever name stands over it.
            var cause = message
            cause.from = failed.assignedTo ?? by ?? .supervisor
            cause = try inheriting(cause)
            (message.hops, message.root, message.path) = (cause.hops, cause.root, cause.path)
            message.conversation = cause.conversation
            if let reason = try judged(message) {
                try hold(message, because: reason)
            } else {
                try deliver(message, now: now)
            }
        }
    }
}
