public import Model

extension Verbs {
    /// See `Store.send`.
    public func send(_ messages: [Message], limits: SendLimits) throws(StoreError) -> [Receipt] {
        var verbs = self
        verbs.limits = limits
        var receipts: [Receipt] = []
        receipts.reserveCapacity(messages.count)
        for message in messages { receipts.append(try verbs.send(message)) }
        return receipts
    }

    private func send(_ message: Message) throws(StoreError) -> Receipt {
        if let known = try known(message) { return Receipt(id: known, isDuplicate: true) }
        let receiver = message.to == .supervisor ? nil : try requireAgent(message.to)
        let recipient = receiver?.name ?? "supervisor"
        let message = try inheriting(message)
        guard let reason = try judged(message) else {
            if let most = limits.maxInbox, try rows.waitingCount(of: message.to) >= most {
                throw StoreError(.inboxFull, Decisions.fullInbox(of: recipient, most: most))
            }
            try deliver(message, toName: recipient, now: message.createdAt)
            if let receiver { try noteMail(message, for: receiver, now: message.createdAt) }
            return Receipt(id: message.id)
        }
        try hold(message, because: reason)
        var receipt = Receipt(id: message.id)
        receipt.refusal = reason
        return receipt
    }

    /// The id under which the message is known already.
    func known(_ message: Message) throws(StoreError) -> MessageID? {
        if try rows.delivery(message.id) != nil { return message.id }
        if let key = message.idempotencyKey { return try rows.message(withKey: key) }
        return nil
    }

    /// Puts a message into its inbox and logs it.
    func deliver(_ message: Message, toName recipient: String? = nil, now: Timestamp) throws(StoreError) {
        try rows.insert(Delivery(message: message, sequence: 0, changedAt: now))
        let to = if let recipient { recipient } else { try name(of: message.to) }
        // An assignment is a line of its own in the log; of the others the first line says what it is about.
        let about = message.body.task == nil ? FirstLine.mention(of: message.body.text) : ""
        try log(
            .messageSent,
            [
                .from: try sender(of: message), .to: to, .kind: Self.kind(of: message.body),
                .urgent: Facts.flag(message.lane == .urgent), .about: about,
            ], at: now, agent: message.to, task: message.body.task, message: message.id)
    }

    /// The sender's name, and whether somebody else only gave it.
    private func sender(of message: Message) throws(StoreError) -> String {
        if PersonalNeed(message) != nil { return "the town" }
        return try name(of: message.from) + (message.verified == false ? " (unverified)" : "")
    }

    private static func kind(of body: MessageBody) -> String {
        if case .custom(let kind, _) = body { String(kind.prefix(40)) } else { body.type }
    }

    /// Makes a message a dead letter at once; its sender is told where it is an agent.
    func refuse(_ message: Message, because reason: String) throws(StoreError) {
        var delivery = Delivery(message: message, sequence: 0, state: .dead, changedAt: message.createdAt)
        delivery.lastError = reason
        try rows.insert(delivery)
        let (from, to) = (try sender(of: message), try name(of: message.to))
        try log(
            .messageRefused, [.from: from, .to: to, .kind: message.body.type, .reason: reason],
            at: message.createdAt, agent: message.to, task: message.body.task, message: message.id)
        try notify(
            message, Notice.notDelivered.text([.kind: message.body.type, .to: to, .reason: reason]),
            purpose: Purpose.refusal, number: 0, now: message.createdAt)
    }

    /// Tells the sender of a message what became of it. The supervisor reads the log instead.
    func notify(_ message: Message, _ text: String, purpose: UInt64, number: Int64, now: Timestamp) throws(StoreError) {
        guard message.from != .supervisor, try rows.agent(message.from) != nil else { return }
        // The notice passes no agent: it must not lengthen the chain of the turn that reads it.
        var notice = Message(
            id: MessageID(from: [message.id.words, (0, UInt64(bitPattern: number))], purpose: purpose),
            from: .supervisor, to: message.from, body: .informational(summary: text), createdAt: now)
        notice.correlation = message.id
        notice.conversation = message.conversation
        if try rows.delivery(notice.id) == nil { try deliver(notice, now: now) }
    }

    /// See `Store.take`.
    public func take(_ agent: AgentID, limit: Int, now: Timestamp) throws(StoreError) -> [Delivery] {
        var taken: [Delivery] = []
        for old in try rows.firstWaiting(agent, limit: limit, now: now) {
            taken.append(try finish(old, isRead: true, now: now))
        }
        return taken
    }

    /// See `Store.acknowledge`.
    public func acknowledge(_ message: MessageID, of agent: AgentID, now: Timestamp) throws(StoreError) -> Bool {
        guard let old = try rows.delivery(message), old.state == .queued, old.message.to == agent else { return false }
        try finish(old, isRead: true, now: now)
        return true
    }

    /// See `Store.retryDead`.
    public func retryDead(_ id: MessageID, to agent: AgentID?, now: Timestamp) throws(StoreError) {
        let dead = try requireDead(id)
        let recipient = agent ?? dead.message.to
        if recipient != .supervisor { _ = try requireAgent(recipient) }
        try settle(.letter(id), now: now)
        // Who sends it once more begins a chain.
        var again = dead
        (again.message.to, again.message.hops, again.message.root, again.message.path) = (recipient, 0, nil, [])
        (again.attempts, again.deliveries, again.hostDeaths) = (0, 0, 0)
        (again.state, again.changedAt) = (.queued, now)
        try rows.remove(dead)
        try rows.insert(again)
        if case .taskAssign(let task) = dead.message.body {
            try reopen(task, with: id, for: recipient, now: now)
        }
        try log(
            .messageRetried,
            [
                .kind: dead.message.body.type, .to: try name(of: recipient),
                .back: Facts.flag(recipient == dead.message.to),
            ], at: now, agent: recipient, task: dead.message.body.task, message: id)
    }

    /// See `Store.dropDead`.
    public func dropDead(_ id: MessageID, now: Timestamp) throws(StoreError) {
        let dead = try requireDead(id)
        try settle(.letter(id), now: now)
        try rows.remove(dead)
        try log(
            .messageDropped, [.kind: dead.message.body.type, .to: try name(of: dead.message.to)], at: now,
            agent: dead.message.to, task: dead.message.body.task, message: id)
    }

    private func requireDead(_ id: MessageID) throws(StoreError) -> Delivery {
        guard let delivery = try rows.delivery(id), delivery.state == .dead else {
            throw StoreError(.messageNotFound, "there is no dead letter \(id)")
        }
        return delivery
    }

    /// Writes a message that died, logs it, fails the task that it assigned and tells those who have to know.
    func bury(_ dead: Delivery, was old: Delivery, owner: AgentID, now: Timestamp) throws(StoreError) {
        let message = dead.message
        let reason = dead.lastError ?? "unknown"
        try rows.update(dead, was: old)
        let to = try name(of: message.to)
        try log(
            .messageFailed,
            [.kind: message.body.type, .to: to, .number: String(dead.attempts), .reason: reason], at: now,
            agent: message.to, task: message.body.task,
            message: message.id)
        var told: AgentID?
        if case .taskAssign(let id) = message.body, let task = try rows.task(id), !task.state.isTerminal,
            task.assignedTo == owner
        {
            told = try fail(task, because: Notice.messageLost.text([.reason: reason]), now: now)
        } else {
            try tellOfDeath(of: dead, now: now)
        }
        if told != message.from {
            try notify(
                message, Notice.notWorkedOn.text([.kind: message.body.type, .to: to, .reason: reason]),
                purpose: Purpose.deathNotice, number: dead.sequence, now: now)
        }
    }
}
