import Model

/// What the person in charge is told: one message for each thing that needs them, and none about what has been dealt with.
extension Verbs {
    /// Puts a message about a thing into the supervisor's mailbox, unless one waits there already.
    /// - Parameter isOnce: also not if there was one that has been read.
    func tellPerson(of need: PersonalNeed, _ text: String, isOnce: Bool = false, now: Timestamp) throws(StoreError) {
        var key: String? = need.key
        if let known = try rows.message(withKey: need.key), let old = try rows.delivery(known) {
            if PersonalNeed(old.message) == nil {
                // Somebody else took the key: the person is told all the same.
                key = nil
            } else {
                if isOnce || old.state == .queued { return }
                try rows.remove(old)
            }
        }
        let time = UInt64(bitPattern: now.microseconds)
        var message = Message(
            id: MessageID(from: [need.words, (need.kind, time)], purpose: Purpose.need), from: .supervisor,
            to: .supervisor,
            body: .query(question: text), priority: .high, createdAt: now)
        message.idempotencyKey = key
        if try rows.delivery(message.id) == nil { try deliver(message, now: now) }
    }

    /// Takes the message about a thing that needs nobody any more out of the mailbox.
    func settle(_ need: PersonalNeed, now: Timestamp) throws(StoreError) {
        guard let known = try rows.message(withKey: need.key), let old = try rows.delivery(known),
            old.state == .queued, PersonalNeed(old.message) != nil
        else { return }
        try finish(old, now: now)
    }

    /// Mail has left an inbox. An agent that has ended or waits by itself, and for which none waits any more, needs nobody.
    func settleMail(of id: AgentID, now: Timestamp) throws(StoreError) {
        guard id != .supervisor, let agent = try rows.agent(id), agent.state.isTerminal || agent.attention != nil,
            try !rows.hasWork(id)
        else { return }
        if agent.state.isTerminal { try settle(.agent(id), now: now) }
        try settleWaiting(of: agent, now: now)
    }

    /// An agent does not wait by itself any longer. To be called while its record still says why it did.
    func settleWaiting(of agent: Agent, now: Timestamp) throws(StoreError) {
        if agent.attention != nil { try settle(.waiting(agent.id), now: now) }
    }

    // MARK: The things

    /// A task failed. Who caused it knows; a conductor is told, and stands in for the person; a group's parts have been
    /// told of.
    func tellOfFailure(of task: AgentTask, by: AgentID?, now: Timestamp) throws(StoreError) {
        guard by != .supervisor, !task.isGroup else { return }
        if try rows.agent(task.createdBy)?.kind == .lead { return }
        var facts: Facts = [
            .id: String(task.id.description.prefix(8)), .title: task.title, .reason: task.result,
        ]
        if let id = task.assignedTo { facts.add(.agent, try name(of: id)) }
        try tellPerson(of: .task(task.id), Notice.taskFailed.text(facts), now: now)
    }

    /// A message became a dead letter, and no task failed with it.
    func tellOfDeath(of dead: Delivery, now: Timestamp) throws(StoreError) {
        let message = dead.message
        let text = Notice.messageDead.text([
            .id: message.id.description, .kind: message.body.type, .from: try name(of: message.from),
            .to: try name(of: message.to), .reason: dead.lastError,
        ])
        try tellPerson(of: .letter(message.id), text, now: now)
    }

    /// An agent was paused, and not by the person.
    func tellOfPause(of agent: Agent, now: Timestamp) throws(StoreError) {
        let text = Notice.agentPaused.text([.agent: agent.name, .reason: agent.attention])
        try tellPerson(of: .agent(agent.id), text, now: now)
    }

    /// An agent waits by itself, and will go on by itself.
    func tellOfWaiting(of agent: Agent, now: Timestamp) throws(StoreError) {
        guard let note = agent.attention, agent.state != .paused, !agent.state.isTerminal else { return }
        // Its next turn may have begun by now; if that goes well, it takes the message away.
        if try rows.lease(of: agent.id) == nil, try !rows.hasWork(agent.id) { return }
        let text = Notice.agentWaits.text([.agent: agent.name, .reason: note])
        try tellPerson(of: .waiting(agent.id), text, now: now)
    }

    /// Mail waits for an agent that has ended.
    func tellOfMail(for agent: Agent, now: Timestamp) throws(StoreError) {
        guard let standstill = agent.standstill else { return }
        let text = Notice.mailWaits.text([
            .agent: agent.name, .reason: standstill.reason, .command: standstill.command,
        ])
        try tellPerson(of: .agent(agent.id), text, now: now)
    }

    /// Somebody wrote to an agent that has ended. A person who does so is told at once.
    func noteMail(_ message: Message, for receiver: Agent, now: Timestamp) throws(StoreError) {
        guard receiver.state.isTerminal, message.from != .supervisor, message.body.wakes else { return }
        try tellOfMail(for: receiver, now: now)
    }
}

extension PersonalNeed {
    var words: (high: UInt64, low: UInt64) {
        switch self {
        case .task(let id): id.words
        case .letter(let id): id.words
        case .agent(let id), .waiting(let id): id.words
        case .root(let id): id.words
        }
    }

    /// Tells ids of two needs of one thing apart.
    fileprivate var kind: UInt64 {
        if case .waiting = self { 1 } else { 0 }
    }
}
