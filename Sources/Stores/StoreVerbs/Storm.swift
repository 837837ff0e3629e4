public import Model

/// Whether a chain of messages goes round in circles. Pure: what is known goes in, a reason or nothing comes out.
public enum Storm {
    /// Why a message is held back, as a clause; nil if it may go.
    /// - Parameters:
    ///   - count: how many messages of agents its root has had, with this one.
    ///   - name: an agent's name, for people.
    public static func judge(
        _ message: Message, count: Int, limits: SendLimits, name: (AgentID) throws(StoreError) -> String
    )
        throws(StoreError) -> String?
    {
        if message.hops > limits.maxHops {
            return Notice.tooManyHops.text([.number: String(message.hops), .limit: String(limits.maxHops)])
        }
        // A person's own message begins a chain, and is none.
        guard message.body.wakes, let from = message.path.last else { return nil }
        let way = message.path + [message.to]
        let times = way.count { $0 == message.to }
        if times >= limits.sameAgent {
            return Notice.sameAgent.text([.agent: try name(message.to), .number: ordinal(times)])
        }
        if passes(way) >= limits.pingPong {
            return Notice.pingPong.text([
                .from: try name(from), .to: try name(message.to), .limit: String(limits.pingPong),
            ])
        }
        if count > limits.perRoot {
            return Notice.tooManyMessages.text([
                .id: message.root?.short ?? "?", .limit: String(limits.perRoot),
            ])
        }
        return nil
    }

    /// How often the two last agents of a way have passed it to each other, without a third one.
    static func passes(_ way: [AgentID]) -> Int {
        guard way.count >= 2, way[way.count - 1] != way[way.count - 2] else { return 0 }
        var passes = 1
        while way.count - passes >= 2, way[way.count - passes - 2] == way[way.count - passes] { passes += 1 }
        return passes
    }

    private static func ordinal(_ number: Int) -> String {
        switch number {
        case 1: "first"
        case 2: "second"
        case 3: "third"
        default: "\(number)th"
        }
    }
}

/// What a turn hands on to the messages that it sends: the longest of the chains that it works on.
struct Chain {
    var root: MessageID
    var path: [AgentID]

    init?(_ leased: [Delivery]) {
        var most: Message?
        for delivery in leased where most.map({ delivery.message.hops > $0.hops }) ?? true { most = delivery.message }
        guard let most else { return nil }
        root = most.root ?? most.id
        path = most.path
    }
}

extension Verbs {
    /// A message of a turn's agent with what it inherits from the turn. The news that a task is completed goes back to
    /// where its giver was: that is progress, and no circle.
    func inheriting(_ message: Message) throws(StoreError) -> Message {
        guard message.from != .supervisor, let lease = try rows.lease(of: message.from) else {
            var message = message
            (message.root, message.path) = (nil, [])
            return message
        }
        var message = Decisions.inheriting(message, from: lease)
        let leased =
            if let ending, ending.agent == message.from { ending.leased } else { try rows.leased(message.from) }
        guard let chain = Chain(leased) else { return message }
        message.root = chain.root
        message.path = Array((chain.path + [message.from]).suffix(Message.longestPath))
        if case .taskDone = message.body {
            message.hops = max(0, lease.hops - 1)
            message.path = []
        }
        return message
    }

    /// Why a message with all that it inherits is held back; nil if it may go. Counts it.
    func judged(_ message: Message) throws(StoreError) -> String? {
        var count = 0
        if message.body.wakes, message.to != .supervisor, let root = message.root {
            // Kept like what an agent sends, under the root's id.
            let (high, low) = root.words
            let key = AgentID(high: high, low: low)
            let known = try rows.sendCount(of: key)
            let turn = TurnID(high: high, low: low)
            var new = known ?? SendCount(turn: turn, inTurn: 0, since: message.createdAt, inMinute: 0)
            new.inTurn += 1
            try rows.put(new, of: key)
            count = new.inTurn
        }
        guard message.to != .supervisor || message.hops > limits.maxHops else { return nil }
        return try Storm.judge(message, count: count, limits: limits) { id throws(StoreError) in try name(of: id) }
    }

    /// Makes a message a dead letter that its chain has no business with, and tells the person, once for a root.
    func hold(_ message: Message, because reason: String) throws(StoreError) {
        try refuse(message, because: reason)
        // A person who begins a chain too far on reads that in the receipt.
        if message.from == .supervisor, message.path.isEmpty { return }
        let text = Notice.circle.text([
            .id: message.id.description, .kind: message.body.type, .from: try name(of: message.from),
            .to: try name(of: message.to), .reason: reason,
        ])
        try tellPerson(of: .root(message.root ?? message.id), text, isOnce: true, now: message.createdAt)
    }
}
