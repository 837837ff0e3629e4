public import Model

extension Verbs {
    /// See `Store.offer`.
    public func offer(_ id: TaskID, to agent: AgentID, now: Timestamp) throws(StoreError) -> OfferResult {
        let candidate = try requireAgent(agent)
        let message = MessageID(offering: id, to: agent)
        if try rows.delivery(message) != nil { return .known }
        let isLeased = try rows.lease(of: agent) != nil
        let hasWork = try rows.hasWork(agent)
        guard Decisions.mayOffer(candidate, isLeased: isLeased, hasWork: hasWork, now: now) else { return .busy }
        guard let task = try rows.task(id), task.inBacklog, try !isConsidered(id, now: now) else { return .taken }
        try deliver(
            Message(id: message, from: .supervisor, to: agent, body: .offer(id), createdAt: now),
            toName: candidate.name, now: now)
        try log(
            .taskOffered, [.agent: candidate.name, .title: task.title], at: now, agent: agent, task: id,
            message: message
        )
        return .offered
    }

    private func isConsidered(_ task: TaskID, now: Timestamp) throws(StoreError) -> Bool {
        for agent in try rows.agents(onlyLive: true) {
            guard let offer = try rows.delivery(MessageID(offering: task, to: agent.id)) else { continue }
            guard offer.state == .queued || offer.state == .leased else { continue }
            let isLeased = try rows.lease(of: agent.id) != nil
            if Decisions.isConsidering(agent, isLeased: isLeased, now: now) { return true }
        }
        return false
    }

    /// Offers of a task that is taken would only cost turns.
    func withdrawOffers(of task: TaskID, now: Timestamp) throws(StoreError) {
        for agent in try rows.agents(onlyLive: false) {
            guard let old = try rows.delivery(MessageID(offering: task, to: agent.id)), old.state == .queued else {
                continue
            }
            try finish(old, now: now)
        }
    }
}
