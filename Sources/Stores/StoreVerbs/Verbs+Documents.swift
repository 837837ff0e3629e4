public import Model

extension Verbs {
    /// See `DocumentStore.document`.
    public func document(_ place: Place) throws(StoreError) -> Document? {
        let found = try rows.document(place.key, place.name)
        return found?.place.kind == place.kind ? found : nil
    }

    /// See `DocumentStore.due`.
    public func due(_ feature: String, by now: Timestamp, limit: Int) throws(StoreError) -> DueDocuments {
        let limit = Figure.int(limit, in: 0...10_000)
        let timed = try rows.documents(dueOf: feature, limit: limit + 1)
        let documents = Array(timed.prefix { $0.dueAt.map { $0 <= now } ?? false }.prefix(limit))
        return DueDocuments(documents: documents, next: timed.dropFirst(documents.count).first?.dueAt)
    }

    /// See `DocumentStore.perform`.
    public func perform(_ steps: [Step]) throws(StoreError) -> [StepResult] {
        try steps.checked()
        var results: [StepResult] = []
        for step in steps {
            let result = try perform(step)
            results.append(result)
            if case .lease(nil) = result { break }
        }
        return results
    }

    private func perform(_ step: Step) throws(StoreError) -> StepResult {
        switch step {
        case .documents(let changes):
            for change in changes { try carryOut(change) }
            return .done
        case .lease(let request): return .lease(try lease(request))
        case .send(let messages, let limits): return .receipts(try send(messages, limits: limits))
        case .create(let tasks):
            try create(tasks)
            return .done
        case .move(let task, let move, let by, let announcement, let now):
            return .task(try self.move(task, move, by: by, announcement: announcement, now: now))
        case .change(let agent, let change, let now): return .agent(try self.change(agent, change, now: now))
        case .commit(let turn): return .committed(try commit(turn))
        case .append(let events):
            try append(events)
            return .done
        }
    }

    private func carryOut(_ change: DocumentChange) throws(StoreError) {
        let place = change.place
        let old = try document(place)
        let isAsExpected =
            switch change.expects {
            case .anything: true
            case .absent: old == nil
            case .content(let content): old?.content == content
            }
        guard isAsExpected else {
            throw StoreError(.conflict, "\(place.key) is not as it was read; read it again")
        }
        switch change.becomes {
        case .unchanged: break
        case .absent: if old != nil { try rows.remove(place) }
        case .content(let content, let dueAt):
            if let kind = try rows.kind(of: place.key), kind != place.kind { throw Self.mixed(place, kind) }
            let new = Document(place, content, dueAt: dueAt)
            if new != old { try rows.put(new) }
        }
    }

    static func mixed(_ place: Place, _ kind: Place.Kind) -> StoreError {
        StoreError(.invalid, "\(place.key) holds documents of the kind \(kind.rawValue), not \(place.kind.rawValue)")
    }
}
