import Model
import StoreSupport
import TestOrder
import Testing

/// Documents and batches of steps, on every store.
@Suite(.serialized, .queued) struct DocumentConformance {
    static let place = Place.field("schedule:a", "one")

    private static func set(
        _ place: Place, _ text: String, expects: DocumentChange.Expectation = .anything, dueAt: Timestamp? = nil
    ) -> Step {
        .documents([DocumentChange(place, expects: expects, becomes: .content(Array(text.utf8), dueAt: dueAt))])
    }

    private static func remove(_ place: Place, expects: DocumentChange.Expectation = .anything) -> Step {
        .documents([DocumentChange(place, expects: expects, becomes: .absent)])
    }

    @Test(arguments: Subject.all) func `each kind is written, read, replaced and removed`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let store = town.store
            for place in [Place.text("budget:all"), .field("schedule:a", "one"), .member("mission:active", "x")] {
                #expect(try await store.document(place) == nil)
                let content: [UInt8] = place.kind == .member ? [] : [0, 255, 0xC3, 0x28, 10]
                _ = try await store.perform([.documents([.init(place, expects: .absent, becomes: .content(content))])])
                #expect(try await store.document(place) == Document(place, content))
                if place.kind != .member {
                    _ = try await store.perform([Self.set(place, "new", expects: .content(content))])
                    #expect(try await store.document(place)?.content == Array("new".utf8))
                }
                _ = try await store.perform([Self.remove(place)])
                #expect(try await store.document(place) == nil)
                #expect(try await store.documents(place.key, after: nil, limit: 9).isEmpty)
            }
        }
    }

    @Test(arguments: Subject.all) func `what is not as expected changes nothing at all`(_ subject: Subject) async throws
    {
        try await subject.run { town in
            let (store, place) = (town.store, Self.place)
            let agent = try await town.spawn("backend")
            _ = try await store.perform([Self.set(place, "old", dueAt: town.start)])
            let before = try await town.dump()
            let stale: [[DocumentChange]] = [
                [.init(place, expects: .absent, becomes: .content([1]))],
                [.init(place, expects: .content([]), becomes: .absent)],
                [.init(.text("budget:b"), expects: .content([1]), becomes: .unchanged)],
                [
                    .init(.text("budget:a"), expects: .absent, becomes: .content([1], dueAt: town.start)),
                    .init(place, expects: .anything, becomes: .absent),
                    .init(.member("set:a", "m"), expects: .absent, becomes: .content([])),
                    .init(place, expects: .content([9]), becomes: .unchanged),
                ],
            ]
            for changes in stale {
                let steps: [Step] = [.send([town.message(agent)]), .documents(changes)]
                #expect(await code { _ = try await store.perform(steps) } == .conflict)
            }
            #expect(try await town.dump() == before)
            #expect(try await store.document(place) == Document(place, Array("old".utf8), dueAt: town.start))
            for place in [Place.text("budget:a"), .member("set:a", "m")] {
                #expect(try await store.document(place) == nil)
                #expect(try await store.documents(place.key, after: nil, limit: 9).isEmpty)
            }
            #expect(try await store.due("budget", by: town.start, limit: 9) == DueDocuments(documents: [], next: nil))
            #expect(try await store.due("schedule", by: town.start, limit: 9).documents.count == 1)
        }
    }

    @Test(arguments: Subject.all) func `a verb that refuses undoes the documents before it`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let nobody = town.message(town.id())
            _ = try await town.store.perform([Self.set(.text("budget:a"), "1")])
            #expect(
                await code {
                    _ = try await town.store.perform([
                        Self.set(.text("budget:a"), "2"), Self.set(Self.place, "x", dueAt: town.start), .send([nobody]),
                    ])
                } == .agentNotFound)
            #expect(try await town.store.document(.text("budget:a"))?.content == Array("1".utf8))
            #expect(try await town.store.document(Self.place) == nil)
            #expect(try await town.store.due("schedule", by: town.start, limit: 9).documents.isEmpty)
        }
    }

    @Test(arguments: Subject.all) func `later steps see what earlier ones did`(_ subject: Subject) async throws {
        try await subject.run { town in
            let place = Self.place
            _ = try await town.store.perform([
                Self.set(place, "1", expects: .absent), Self.set(place, "2", expects: .content(Array("1".utf8))),
                Self.remove(place), Self.set(place, "3", expects: .absent),
            ])
            #expect(try await town.store.document(place)?.content == Array("3".utf8))
        }
    }

    @Test(arguments: Subject.all) func `a key has one kind, and bad places are refused`(_ subject: Subject) async throws
    {
        try await subject.run { town in
            _ = try await town.store.perform([Self.set(.text("budget:a"), "1")])
            let bad: [Step] = [
                Self.set(.field("budget:a", "x"), "1"), Self.set(.text(""), "1"), Self.set(.text("a b"), "1"),
                Self.set(.text(":a"), "1"), Self.set(Place(key: "a", kind: .text, name: [1]), "1"),
                Self.set(Place(key: "mission:a", kind: .item, name: Array("0000000000".utf8)), "1"),
                Self.set(.member("set:a", "m"), "a member has no content"),
                .documents([
                    .init(
                        .text("big:a"), expects: .anything, becomes: .content(.init(repeating: 0, count: 4 << 20 | 1)))
                ]),
            ]
            for step in bad { #expect(await code { _ = try await town.store.perform([step]) } == .invalid) }
            #expect(try await town.store.document(.field("budget:a", "x")) == nil)
            #expect(try await town.store.document(.text("budget:a"))?.content == Array("1".utf8))
        }
    }

    @Test(arguments: Subject.all) func `documents of a key come by the bytes of their names`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let names: [[UInt8]] = [[], [0], [0, 1], Array("B".utf8), Array("a".utf8), Array("ä".utf8), [255]]
            for key in ["rooms:x", "mission:x:work"] {
                for name in names.reversed() {
                    _ = try await town.store.perform([
                        .documents([
                            .init(Place(key: key, kind: .field, name: name), expects: .absent, becomes: .content(name))
                        ])
                    ])
                }
                #expect(try await town.store.documents(key, after: nil, limit: 100).map(\.place.name) == names)
                var (seen, last) = ([[UInt8]](), [UInt8]?.none)
                while let page = Optional(try await town.store.documents(key, after: last, limit: 2)), !page.isEmpty {
                    #expect(page.count <= 2)
                    seen += page.map(\.content)
                    last = page.last?.place.name
                }
                #expect(seen == names)
            }
            #expect(try await town.store.documents("rooms:xy", after: nil, limit: 100).isEmpty)
        }
    }

    @Test(arguments: Subject.all) func `what is due comes by its time, and says when the next is`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let (store, start) = (town.store, town.start)
            let hour = Duration.seconds(3600)
            _ = try await store.perform([
                Self.set(.text("schedule:late"), "c", dueAt: start + hour),
                Self.set(.field("schedule:b", "x"), "b", dueAt: start),
                Self.set(.text("schedule:a"), "a", dueAt: start), Self.set(.text("schedule:never"), "d"),
                Self.set(.text("scheduled:other"), "e", dueAt: start),
                Self.set(.text("schedule"), "f", dueAt: start - hour),
            ])
            var due = try await store.due("schedule", by: start, limit: 9)
            #expect(due.documents.map { String(decoding: $0.content, as: UTF8.self) } == ["f", "a", "b"])
            #expect(due.documents.map(\.dueAt) == [start - hour, start, start])
            #expect(due.next == start + hour)
            due = try await store.due("schedule", by: start, limit: 1)
            #expect(due.documents.count == 1 && due.next == start)
            // A change may move the time, take it away, or leave all else as it is.
            _ = try await store.perform([
                Self.set(.text("schedule"), "f", dueAt: start + hour + hour), Self.set(.text("schedule:a"), "a"),
                Self.remove(.field("schedule:b", "x")),
            ])
            due = try await store.due("schedule", by: start, limit: 9)
            #expect(due == DueDocuments(documents: [], next: start + hour))
        }
    }

    @Test(arguments: Subject.all) func `all verbs of a batch happen together, with their answers`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let (store, start) = (town.store, town.start)
            let (one, two) = (try await town.spawn("one"), try await town.spawn("two"))
            let assigned = try await town.task(for: one)
            let lease = try #require(try await town.lease(one))
            let made = AgentTask(id: town.id(), description: "part", createdBy: one, createdAt: start)
            var event = Event(.agentAttention, "look", at: start)
            event.agent = two
            let results = try await store.perform([
                Self.set(Self.place, "1", expects: .absent),
                .move(assigned, .complete("done"), by: one, announcement: town.id(), now: start),
                .create([NewTask(made, assignee: Assignment(agent: two, announcement: town.id()))]),
                .send([town.message(two, "hello", from: one)]), .change(two, .attention("busy"), now: start),
                .commit(town.finished(lease)), .append([event]),
            ])
            #expect(results.count == 7)
            guard case .task(let task) = results[1], case .receipts(let receipts) = results[3],
                case .agent(let agent) = results[4], case .committed(let worker) = results[5]
            else {
                Issue.record("answers of other kinds: \(results)")
                return
            }
            #expect(task.state == .completed && receipts.count == 1 && agent.attention == "busy")
            #expect(worker.id == one && worker.turnsCompleted == 1)
            #expect(try await store.leases().isEmpty)
            #expect(try await town.texts(two).count == 2)
            #expect(try await store.task(made.id)?.assignedTo == two)
            #expect(try await town.events(.agentAttention).contains { $0.text == "look" })
            #expect(try await store.document(Self.place) != nil)
        }
    }

    @Test(arguments: Subject.all) func `a hold is taken with a lease, or not at all`(_ subject: Subject) async throws {
        try await subject.run { town in
            let agent = try await town.spawn("worker")
            let hold = Place.text("reservation:a")
            func request() -> LeaseRequest {
                LeaseRequest(agent: agent, host: town.host, turn: town.id(), now: town.start)
            }
            // Nothing waits: no turn, no hold, and what comes after does not happen.
            var results = try await town.store.perform([
                .lease(request()), Self.set(hold, "1"), .send([town.message(agent)]),
            ])
            guard results.count == 1, case .lease(nil) = results[0] else {
                Issue.record("a turn without work: \(results)")
                return
            }
            #expect(try await town.store.document(hold) == nil)
            try await town.send(agent)
            // The budget is used up: no turn.
            _ = try await town.store.perform([Self.set(.text("budget:a"), "0")])
            #expect(
                await code {
                    _ = try await town.store.perform([
                        .lease(request()), Self.set(.text("budget:a"), "1", expects: .absent),
                    ])
                } == .conflict)
            #expect(try await town.store.leases().isEmpty)
            results = try await town.store.perform([
                Self.set(.text("budget:a"), "9"), .lease(request()), Self.set(hold, "1"),
            ])
            guard results.count == 3, case .lease(let lease?) = results[1] else {
                Issue.record("no turn: \(results)")
                return
            }
            #expect(lease.deliveries.count == 1)
            #expect(try await town.store.document(hold) != nil)
        }
    }

    @Test(arguments: Subject.all) func `a batch that no store carries out is refused`(_ subject: Subject) async throws {
        try await subject.run { town in
            let agent = try await town.spawn("worker")
            try await town.send(agent)
            let request = LeaseRequest(agent: agent, host: town.host, turn: town.id(), now: town.start)
            let lease = try #require(try await town.lease(agent))
            let batches: [[Step]] = [
                [.send([town.message(agent)]), .lease(request)], [.lease(request), .lease(request)],
                [.commit(town.finished(lease)), .commit(town.finished(lease))],
                Array(repeating: .append([]), count: Step.most + 1),
            ]
            for steps in batches { #expect(await code { _ = try await town.store.perform(steps) } == .invalid) }
            #expect(try await town.store.perform([]).isEmpty)
            #expect(try await town.store.leases().count == 1)
        }
    }

    @Test(arguments: Subject.all) func `a turn's own batch needs its lease and counts what it sends`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let agent = try await town.spawn("worker")
            try await town.send(agent)
            let lease = try #require(try await town.lease(agent))
            let limits = SendLimits(perTurn: 2)
            let acting = ActingTurn(token: lease.token, limits: limits)
            let batch: [Step] = [Self.set(Self.place, "1"), .send([town.message(.supervisor, from: agent)])]
            try await ActingTurn.$current.withValue(acting) { try await town.store.perform(batch + [batch[1]]) }
            let more: [Step] = [Self.set(Self.place, "2"), .send([town.message(.supervisor, from: agent)])]
            #expect(
                await code {
                    try await ActingTurn.$current.withValue(acting) { _ = try await town.store.perform(more) }
                } == .tooManySends)
            _ = try await town.store.commit(town.finished(lease))
            #expect(
                await code {
                    try await ActingTurn.$current.withValue(acting) {
                        _ = try await town.store.perform([Self.set(Self.place, "3")])
                    }
                } == .leaseLost)
            #expect(try await town.store.document(Self.place)?.content == Array("1".utf8))
        }
    }

    @Test(arguments: Subject.all) func `of two who compare, one wins`(_ subject: Subject) async throws {
        try await subject.run { town in
            let (store, place) = (town.store, Place.text("counter:a"))
            _ = try await store.perform([Self.set(place, "0")])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        for _ in 0..<10 {
                            while true {
                                let old = try #require(try await store.document(place)).content
                                let next = String((Int(String(decoding: old, as: UTF8.self)) ?? 0) + 1)
                                do throws(StoreError) {
                                    _ = try await store.perform([Self.set(place, next, expects: .content(old))])
                                    break
                                } catch {
                                    guard error.code == .conflict else { throw error }
                                }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await store.document(place)?.content == Array("80".utf8))
        }
    }

    @Test(arguments: Subject.all) func `documents move with the town, times included, and a reset forgets them`(
        _ subject: Subject
    )
        async throws
    {
        try await subject.run { town in
            let store = town.store
            _ = try await store.perform([
                Self.set(.text("budget:ä"), "1"), Self.set(.field("schedule:a", "x"), "2", dueAt: town.start),
                Self.set(.member("rooms:all", "m"), ""), Self.set(.text("mission:a"), "{}"),
                Self.set(.text("service:dispatcher"), "me", dueAt: town.start),
            ])
            let reading = try await store.export()
            var records: [TownRecord] = []
            while let more = try await reading.next() { records += more }
            await reading.close()
            let documents = records.compactMap { record in
                if case .kept(let document) = record { document } else { nil }
            }
            #expect(documents.map(\.place.key) == ["budget:ä", "mission:a", "rooms:all", "schedule:a"])
            try await store.reset(now: town.start)
            for place in [
                Place.text("budget:ä"), .text("mission:a"), .member("rooms:all", "m"), .text("service:dispatcher"),
            ] {
                #expect(try await store.document(place) == nil)
            }
            #expect(try await store.due("schedule", by: town.start, limit: 9).documents.isEmpty)
            try await WholeTown.fill(store, records, ReplaceTerms(overwrites: true))
            for document in documents { #expect(try await store.document(document.place) == document) }
            #expect(try await store.due("schedule", by: town.start, limit: 9).documents.count == 1)
            #expect(try await store.documents("rooms:all", after: nil, limit: 9).count == 1)
            #expect(await code { try await WholeTown.fill(store, []) } == .notEmpty)
        }
    }
}
