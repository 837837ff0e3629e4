import Model
import StoreSupport
import TestOrder
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct LogConformance {
    @Test(arguments: Subject.all)
    func `the log is read in order, after a number, from its end, and by what it is about (W46)`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            var about = Event(.turnStalled, "quiet", at: town.start)
            (about.agent, about.task, about.turn, about.message) = (ada, town.id(), town.id(), town.id())
            (about.oldState, about.newState) = ("a", "b")
            let events = (0..<5).map { Event(.agentAttention, "e\($0)", at: town.start) }
            try await town.store.append(events + [about])
            let all = try await town.events()
            #expect(all.map(\.sequence) == Array(1...7))
            about.sequence = 7
            #expect(all.last == about)
            let any = EventFilter()
            #expect(try await town.store.events(after: 2, limit: 2, filter: any).map(\.text) == ["e1", "e2"])
            #expect(try await town.store.latestEvents(limit: 2, filter: any).map(\.text) == ["e4", "quiet"])
            let own = EventFilter(agent: ada)
            #expect(try await town.store.events(after: 0, limit: 9, filter: own).map(\.sequence) == [1, 7])
            let both = EventFilter(agent: ada, types: [.turnStalled, .agentAttention])
            #expect(try await town.store.latestEvents(limit: 9, filter: both).map(\.sequence) == [7])
            #expect(try await town.store.events(after: 7, limit: 9, filter: any).isEmpty)
        }
    }

    @Test(arguments: Subject.all)
    func `tidying removes what is past its time and nothing else`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let old = try await town.send(ada)
            try await town.turn(ada)
            let waiting = try await town.send(ada)
            let retention = Retention(doneMessages: .seconds(60), events: 3)
            try await town.store.tidy(retention, now: town.start + .seconds(30))
            #expect(try await town.state(old) == .done)
            try await town.store.tidy(retention, now: town.start + .seconds(90))
            #expect(try await town.store.delivery(old) == nil)
            #expect(try await town.state(waiting) == .queued)
            let last = try #require(try await town.events().last?.sequence)
            #expect(try await town.events().map(\.sequence) == [last - 2, last - 1, last])
            try await town.send(ada)
            #expect(try await town.events().last?.sequence == last + 1)
        }
    }

    @Test(arguments: Subject.all)
    func `a follower hears of a change, and of the end`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let changes = try await town.store.changes()
            try await town.send(ada)
            var iterator = changes.makeAsyncIterator()
            #expect(await iterator.next() != nil)
            await town.store.close()
            while await iterator.next() != nil {}
            #expect(await code { _ = try await town.store.agents() } == .closed)
            #expect(await code { try await town.send(ada) } == .closed)
        }
    }

    @Test(arguments: Subject.all)
    func `a clock that jumps takes no lease away and gives none twice`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            try await town.send(ada)
            let lease = try #require(try await town.lease(ada, at: town.start))
            let (past, future) = (town.start - .seconds(9999), town.start + .seconds(9999))
            #expect(try await town.lease(ada, at: future) == nil, "a lease never takes over another")
            try await town.store.renew(lease.token, until: past + .seconds(30), now: past)
            #expect(try await town.lease(ada, at: future) == nil)
            let agent = try await town.store.commit(town.finished(lease, at: past))
            #expect(agent.state == .idle)
            try await town.send(ada)
            #expect(try await town.lease(ada, at: past)?.token.epoch == 2)
        }
    }
}
