public import Model
import Redis

extension RedisStore {
    public func document(_ place: Place) async throws(StoreError) -> Document? {
        let reply = try await call("document") { $0.add(place) }
        return reply == .null ? nil : Document(reply: reply)
    }

    public func documents(_ key: String, after name: [UInt8]?, limit: Int) async throws(StoreError) -> [Document] {
        var (found, last) = ([Document](), name)
        while found.count < limit {
            let (from, wanted) = (last, min(limit - found.count, 200))
            let reply = try await call("documentsOf") { arguments in
                arguments.add(key)
                arguments.add(from != nil)
                arguments.add(bytes: from ?? [])
                arguments.add(wanted)
            }
            let page = reply.elements.compactMap { Document(reply: $0) }
            found += page
            if page.count < wanted { break }
            last = page.last?.place.name
        }
        return found
    }

    public func due(_ feature: String, by now: Timestamp, limit: Int) async throws(StoreError) -> DueDocuments {
        let reply = try await call("due", rings: false) { arguments in
            arguments.add(feature)
            arguments.add(now)
            arguments.add(Figure.int(limit, in: 0...1000))
        }
        return DueDocuments(
            documents: reply[1].elements.compactMap { Document(reply: $0) },
            next: reply[0].text.flatMap { Int64($0) }.map(Timestamp.init(outside:)))
    }

    /// One call of the server, however many steps.
    @discardableResult
    public func perform(_ steps: [Step]) async throws(StoreError) -> [StepResult] {
        try steps.checked()
        let sends = steps.sends
        let reply = try await call("perform", sends: sends.count, now: sends.now) { arguments in
            arguments.add(steps.count)
            for step in steps {
                var words = Arguments()
                arguments.add(words.add(step))
                arguments.add(words)
            }
        }
        var results: [StepResult] = []
        for (step, reply) in zip(steps, reply.elements) {
            let result: StepResult =
                switch step {
                case .documents, .create, .append: .done
                case .lease: .lease(try Self.lease(reply))
                case .send(let messages, _): .receipts(Self.receipts(reply, of: messages))
                case .move: .task(try Self.task(reply))
                case .change: .agent(try Self.agent(reply))
                case .commit: .committed(try Self.agent(reply[0]))
                }
            results.append(result)
        }
        return results
    }
}

extension Document {
    /// One that a verb replied: key, kind, name, content, and its due time or nothing.
    fileprivate init?(reply: RedisValue) {
        guard let key = reply[0].text, let kind = reply[1].text.flatMap(Place.Kind.init) else { return nil }
        self.init(
            Place(key: key, kind: kind, name: reply[2].bytes ?? []), reply[3].bytes ?? [],
            dueAt: reply[4].text.flatMap { Int64($0) }.map(Timestamp.init(outside:)))
    }
}

extension Arguments {
    fileprivate mutating func add(_ place: Place) {
        add(place.key)
        add(place.kind.rawValue)
        add(bytes: place.name)
    }

    /// Adds what the verb of a step reads.
    /// - Returns: its name.
    fileprivate mutating func add(_ step: Step) -> String {
        switch step {
        case .documents(let changes):
            add(changes.count)
            for change in changes { add(change) }
            return "documents"
        case .lease(let request):
            add(request)
            return "lease"
        case .send(let messages, let limits):
            add(sending: messages, limits)
            return "send"
        case .create(let tasks):
            add(tasks)
            return "create"
        case .move(let task, let move, let by, let announcement, let now):
            add(moving: task, move, by: by, announcement: announcement, now: now)
            return "move"
        case .change(let agent, let change, let now):
            add(changing: agent, change, now: now)
            return "change"
        case .commit(let turn):
            add(turn)
            return "commit"
        case .append(let events):
            add(events)
            return "append"
        }
    }

    private mutating func add(_ change: DocumentChange) {
        add(change.place)
        switch change.expects {
        case .anything: add("anything")
        case .absent: add("absent")
        case .content(let content):
            add("content")
            add(bytes: content)
        }
        switch change.becomes {
        case .unchanged: add("unchanged")
        case .absent: add("absent")
        case .content(let content, let dueAt):
            add("content")
            add(bytes: content)
            add(optional: dueAt.map { String($0.microseconds) })
        }
    }
}
