import Model
import StoreSupport
import TestOrder
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct WholeTownConformance {
    @Test(arguments: Subject.all)
    func `what is exported, put into another store and exported again is the same (W2)`(_ subject: Subject)
        async throws
    {
        try await subject.run { source in
            try await WholeTown.full(source)
            let records = try await WholeTown.read(source.store)
            #expect(records.count > 20)
            let before = try await source.dump()
            try await subject.run { target in
                try await WholeTown.fill(target.store, records)
                #expect(try await WholeTown.read(target.store) == records)
                #expect(try await target.dump() == before)
            }
        }
    }

    @Test(arguments: Subject.all)
    func `a restored town goes on where it was`(_ subject: Subject) async throws {
        try await subject.run { source in
            try await WholeTown.full(source)
            let records = try await WholeTown.read(source.store)
            try await subject.run { target in
                try await WholeTown.fill(target.store, records)
                let agents = try await target.store.agents()
                let ada = try #require(agents.first { $0.name == "ada" })
                let last = try #require(try await target.events().last?.sequence)
                try await target.send(ada.id, "new")
                #expect(try await target.events().last?.sequence == last + 1)
                #expect(try await target.texts(ada.id).last == "new")
                try await target.turn(ada.id)
                let waiting = try #require(agents.first { $0.name == "waiting" })
                #expect(waiting.state == .draining)
                #expect(try await target.lease(waiting.id)?.deliveries.map(\.message.body.text) == ["for later"])
                var again = target.message(waiting.id)
                again.idempotencyKey = "key"
                #expect(try await target.store.send([again], limits: SendLimits())[0].isDuplicate)
                let counts = try await target.store.taskCounts()
                #expect(counts.backlog == 1)
                #expect(counts.byState.values.reduce(0, +) == 3)
            }
        }
    }

    @Test(arguments: Subject.all)
    func `a turn that is under way is exported as put back, and pins and hosts are left out`(_ subject: Subject)
        async throws
    {
        try await subject.run { source in
            let host = Host(
                id: source.host, machine: "m", process: "1:2", startedAt: source.start, expiresAt: source.start,
                isForeground: true)
            try await source.store.announce(host, now: source.start)
            let ada = try await source.spawn("ada") { $0.pinnedTo = host.id }
            try await source.send(ada, "at work")
            let lease = try #require(try await source.lease(ada))
            let records = try await WholeTown.read(source.store)
            #expect(try await source.state(lease.deliveries[0].message.id) == .leased, "reading changes nothing")
            try await subject.run { target in
                try await WholeTown.fill(target.store, records)
                let agent = try await target.agent(ada)
                #expect(agent.state == .idle && agent.pinnedTo == nil)
                #expect(try await target.store.hosts().isEmpty)
                #expect(try await target.store.leases().isEmpty)
                let again = try #require(try await target.lease(ada))
                #expect(again.deliveries.map(\.message.body.text) == ["at work"])
                #expect(await code { _ = try await target.store.commit(target.finished(lease)) } == .leaseLost)
            }
        }
    }

    @Test(arguments: Subject.all)
    func `what is written while a town is read does not show`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            for number in 0..<500 { try await town.send(ada, "\(number)") }
            let before = try await WholeTown.read(town.store)
            let reading = try await town.store.export()
            var records: [TownRecord] = []
            var round = 0
            while let next = try await reading.next() {
                records += next
                try await town.send(ada, "meanwhile \(round)")
                _ = try await town.store.take(ada, limit: 1, now: town.start)
                round += 1
            }
            await reading.close()
            #expect(records == before)
            #expect(try await town.store.queueCounts().waiting == 500)
        }
    }

    @Test(arguments: Subject.all)
    func `a town that is not empty, or that a host works in, is not replaced unasked`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            try await WholeTown.full(town)
            let records = try await WholeTown.read(town.store)
            let before = try await town.dump()
            #expect(await code { try await WholeTown.fill(town.store, []) } == .notEmpty)
            let host = Host(
                id: town.host, machine: "m", process: "1:2", startedAt: town.start, expiresAt: town.start,
                isForeground: false)
            let force = ReplaceTerms(overwrites: true)
            try await town.store.announce(host, now: town.start)
            #expect(await code { try await WholeTown.fill(town.store, [], force) } == .inUse)
            try await town.store.retire(host.id, died: false, now: town.start)
            try await WholeTown.fill(town.store, records, force)
            #expect(try await town.dump() == before)
            try await town.store.announce(host, now: town.start)
            try await WholeTown.fill(town.store, [], ReplaceTerms(overwrites: true, deadHosts: [host.id]))
            #expect(try await town.store.agents().isEmpty)
            #expect(try await WholeTown.read(town.store).isEmpty)
        }
    }

    private struct Broken: Error {}

    @Test(arguments: Subject.all)
    func `a replacement that fails half-way changes nothing`(_ subject: Subject) async throws {
        try await subject.run { town in
            try await WholeTown.full(town)
            let records = try await WholeTown.read(town.store)
            let before = try await town.dump()
            let force = ReplaceTerms(overwrites: true)
            let pieces = WholeTown.Pieces(records)
            await #expect(throws: Broken.self) {
                try await town.store.replaceAll(force) {
                    guard let next = await pieces.next(), next.first?.isEarly == true else { throw Broken() }
                    return next
                }
            }
            for record in records {
                if case .agentLimit = record { continue }
                #expect(await code { try await WholeTown.fill(town.store, records + [record], force) } == .corrupt)
            }
            #expect(try await town.dump() == before)
        }
    }

    @Test(arguments: Subject.all)
    func `followers hear that a town was replaced`(_ subject: Subject) async throws {
        try await subject.run { town in
            let changes = try await town.store.changes()
            let ada = Agent(id: town.id(), name: "ada", cli: "echo", createdAt: town.start)
            try await WholeTown.fill(town.store, [.agent(ada)])
            var iterator = changes.makeAsyncIterator()
            #expect(await iterator.next() != nil)
        }
    }
}

extension TownRecord {
    fileprivate var isEarly: Bool {
        switch self {
        case .agentLimit, .agent: true
        default: false
        }
    }
}
