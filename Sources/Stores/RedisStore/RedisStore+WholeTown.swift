public import Model
import Redis

extension RedisStore {
    /// For as long as the town is read, page by page, nobody may change it: others wait, and go on when the last page is
    /// here. Memory grows with the town.
    public func export() async throws(StoreError) -> any TownReading {
        // The hold ends by itself where this process stands still for seconds; then it is begun anew.
        for _ in 0..<3 {
            let token = MessageID(random: SystemRandomness()).description
            do throws(StoreError) {
                let pages = try await read(token)
                _ = try? await call("letGo", rings: false) { $0.add(token) }
                if let pages { return RedisReading(pages) }
            } catch {
                _ = try? await call("letGo", rings: false) { $0.add(token) }
                throw error
            }
        }
        throw StoreError(.busy, "the town changed while it was read, three times; try again when less happens in it")
    }

    /// All pages of the town; nil where the hold was lost between two of them.
    private func read(_ token: String) async throws(StoreError) -> [TownPage]? {
        // Looked for among all keys of the server, which is no reason for others to wait.
        let missions = try await keptKeys()
        guard try await page(token, "", 0) != .null else { return nil }
        var pages: [TownPage] = []
        var keys = missions.map { String($0.dropFirst(prefix.count)) }
        for part in TownPart.allCases {
            if part == .events {
                keys.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
                let documents = try await kept(keys.filter { !Place.text($0).isOfProcess }) { () throws(StoreError) in
                    try await self.page(token, TownPart.limit.rawValue, 0) != .null
                }
                guard let documents else { return nil }
                pages += documents.map(TownPage.records)
            }
            var place: Int? = 0
            while let from = place {
                let reply = try await page(token, part.rawValue, from)
                if reply == .null { return nil }
                // Made sense of when the town is let go: others wait.
                if part == .documents {
                    keys += reply[1].texts
                } else if !reply[1].elements.isEmpty {
                    pages.append(.reply(part, reply[1]))
                }
                place = reply[0].text.flatMap { Int($0) }
            }
        }
        return pages
    }

    private func page(_ token: String, _ part: String, _ from: Int) async throws(StoreError) -> RedisValue {
        try await call("export", rings: false) { arguments in
            arguments.add(token)
            arguments.add(part)
            arguments.add(from)
            arguments.add(present)
        }
    }

    /// The new town is staged beside the old one, takes its place in one step, and is then moved into place page by
    /// page. Whatever is interrupted after that step, by whom or what ever, is carried on by the next verb of anybody.
    public func replaceAll(
        _ terms: ReplaceTerms, with next: @escaping @Sendable () async throws -> [TownRecord]?
    ) async throws {
        try await begin(terms, with: next)
        try await finishRenewal()
    }

    /// Everything up to the decisive step, and the step itself; `advance` does the rest.
    package func begin(
        _ terms: ReplaceTerms, with next: @escaping @Sendable () async throws -> [TownRecord]?
    ) async throws {
        _ = try await call("checkReplacement", rings: false) { Self.add(terms, to: &$0) }
        let id = MessageID(random: SystemRandomness()).description
        do {
            var count = try await putDown(next, id)
            let missions = try await keptKeys()
            if !terms.overwrites, !missions.isEmpty {
                throw StoreError(.notEmpty, "this town already has missions")
            }
            count = try await stageRemoval(of: missions, after: count, as: id)
            try await switchOver(terms, count: count, id)
        } catch {
            await unstage(id)
            throw error
        }
    }

    // It does nothing where the step was taken and only its answer was lost.
    private func unstage(_ id: String) async { _ = try? await call("unstage", rings: false) { $0.add(id) } }

    /// Puts the new town down beside the old one; returns how many records it has.
    private func putDown(
        _ next: @escaping @Sendable () async throws -> [TownRecord]?, _ id: String
    ) async throws -> Int {
        var count = 0
        while let records = try await next() {
            for record in records {
                do throws(InvalidRecord) { _ = try record.validated() } catch {
                    throw StoreError(.corrupt, error.description)
                }
            }
            for page in Self.pages(records) {
                try await stage(page, after: count, as: id)
                count += page.count
            }
        }
        return count
    }

    private func stage(_ page: ArraySlice<TownRecord>, after count: Int, as id: String) async throws(StoreError) {
        _ = try await call("stage", rings: false) { arguments in
            arguments.add(id)
            arguments.add(count)
            arguments.add(page.count)
            for record in page { arguments.add(record) }
        }
    }

    // Taken twice it is the same step, so it is taken again where nobody knows whether it was.
    private func switchOver(_ terms: ReplaceTerms, count: Int, _ id: String) async throws(StoreError) {
        var attempts = 0
        while true {
            do throws(StoreError) {
                _ = try await call("switch", rings: false) { arguments in
                    arguments.add(id)
                    arguments.add(count)
                    Self.add(terms, to: &arguments)
                }
                return
            } catch {
                attempts += 1
                guard error.code == .unknownOutcome, attempts < 5 else { throw error }
            }
        }
    }

    /// Carries on with a replacement or a reset that has been decided, by any process, until it is done.
    func finishRenewal() async throws(StoreError) {
        do throws(StoreError) {
            while try await advance() {}
        } catch {
            throw StoreError(
                error.code,
                "this town is being replaced and not whole yet; the next command in it carries on: \(error.message)")
        }
    }

    /// One page of what has been decided; false when there is nothing more to do.
    package func advance() async throws(StoreError) -> Bool { try await call("advance").isTrue }

    /// Waits a moment for a reader of the whole town.
    func waitForReader(until end: ContinuousClock.Instant) async throws(StoreError) {
        let refusal = StoreError(
            .busy, "another command reads the whole town, as tt save does; try again in a moment")
        guard .now < end else { throw refusal }
        // A reader tells nobody that it is done, and does not take long.
        do { try await Task.sleep(for: .milliseconds(20)) } catch { throw refusal }
    }

    /// How long a verb waits for a reader of the whole town.
    static let readingPatience = Duration.seconds(60)

    private static func add(_ terms: ReplaceTerms, to arguments: inout Arguments) {
        arguments.add(terms.overwrites)
        arguments.add(terms.deadHosts.count)
        for host in terms.deadHosts { arguments.add(host) }
    }

    /// What one script takes at once: 200 records, or fewer that are large.
    private static func pages(_ records: [TownRecord]) -> [ArraySlice<TownRecord>] {
        var pages: [ArraySlice<TownRecord>] = []
        var (start, bytes) = (0, 0)
        for (index, record) in records.enumerated() {
            bytes += record.weight
            if index - start + 1 == 200 || bytes > 1 << 20 || index == records.count - 1 {
                pages.append(records[start...index])
                (start, bytes) = (index + 1, 0)
            }
        }
        return pages
    }
}

/// What is read of a town, in this order.
private enum TownPart: String, CaseIterable {
    /// What other programs pushed is taken in first.
    case adopt
    case limit, agents, tasks, messages, documents, events

    func records(_ elements: [RedisValue]) -> [TownRecord] {
        switch self {
        case .adopt, .documents: []
        case .limit:
            elements.compactMap { $0.text.flatMap { Figure.int($0, in: Figure.counts) }.map(TownRecord.agentLimit) }
        case .agents: elements.compactMap { Agent(fields: $0.record).map(TownRecord.agent) }
        case .tasks: elements.compactMap { AgentTask(fields: $0.record).map(TownRecord.task) }
        case .messages: elements.compactMap { Delivery(reply: $0).map(TownRecord.message) }
        case .events: elements.compactMap { Event(fields: $0.record).map(TownRecord.event) }
        }
    }
}

extension TownRecord {
    /// About how many bytes it has.
    fileprivate var weight: Int {
        switch self {
        case .agentLimit, .agent: 500
        case .task(let task): 500 + task.description.utf8.count + (task.result?.utf8.count ?? 0)
        case .message(let delivery): 500 + delivery.message.body.text.utf8.count
        case .kept(let document): 200 + document.place.name.count + document.content.count
        case .event(let event): 200 + event.text.utf8.count
        }
    }
}

extension Arguments {
    fileprivate mutating func add(_ record: TownRecord) {
        switch record {
        case .agentLimit(let limit):
            add("limit")
            add(["limit": String(limit)])
        case .agent(let agent):
            add("agent")
            add(agent.fields)
        case .task(let task):
            add("task")
            add(task.fields)
        case .message(let delivery):
            add("message")
            add(delivery.fields.merging(["id": delivery.message.id.description]) { $1 })
            add(delivery.message.wire)
        case .kept(let entry):
            add("kept")
            add(entry.fields)
        case .event(let event):
            add("event")
            var fields = event.about
            fields["sequence"] = String(event.sequence)
            fields["type"] = event.type.rawValue
            fields["message"] = event.text
            fields["at"] = String(event.timestamp.microseconds)
            add(fields)
        }
    }
}

/// A page of a town.
private enum TownPage: Sendable {
    /// As the server gave it.
    case reply(TownPart, RedisValue)
    case records([TownRecord])

    var records: [TownRecord] {
        switch self {
        case .reply(let part, let reply): part.records(reply.elements)
        case .records(let records): records
        }
    }
}

/// A town that has been read.
private actor RedisReading: TownReading {
    private var pages: [TownPage]

    init(_ pages: [TownPage]) { self.pages = pages.reversed() }

    func next() -> [TownRecord]? {
        while let page = pages.popLast() {
            let records = page.records
            if !records.isEmpty { return records }
        }
        return nil
    }

    func close() { pages = [] }
}
