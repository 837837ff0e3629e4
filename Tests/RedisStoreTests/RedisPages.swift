import Model
import Redis
import RedisServers
import RedisStore
import StoreSupport
import TestOrder
import Testing

/// Removing an agent and reclaiming its work go in pages: no call looks at more than some hundred messages or tasks, counted
/// by the server itself, and what is interrupted between two is carried on.
@Suite(.timeLimit(.minutes(3)), .serialized, .queued) struct RedisPages {
    @Test(arguments: ServerProgram.all)
    func `an agent with thousands of messages and hundreds of tasks is removed in pages, and counted as a whole`(
        _ program: ServerProgram
    ) async throws {
        let place = try await PagedTown(program)
        let (ada, bob) = (try await place.town.spawn("ada"), try await place.town.spawn("bob"))
        try await place.fill(ada, 1600, urgent: 700, from: bob)
        let tasks = try await place.give(ada, 450)
        try await place.fill(ada, 1400, from: bob)
        try await place.store.change(ada, .stop(.now), now: place.town.start)
        var (pages, isMore, moved, letters) = (0, true, [TaskID](), 0)
        while isMore {
            let cost = try await place.cost {
                let page = try await place.store.removePage(of: ada, now: place.town.start)
                moved += page.tasks
                #expect(page.total.letters - letters <= 100 && page.tasks.count <= 50)
                #expect(page.total.tasks == moved.count)
                (letters, isMore) = (page.total.letters, page.isMore)
            }
            #expect(cost.calls == 1 && cost.commands < PagedTown.most, "\(cost)")
            pages += 1
        }
        #expect(pages >= 39 && letters == 3000 && moved == tasks)
        #expect(try await place.store.agents().map(\.name) == ["bob"])
        let removed = try await place.town.events(.agentRemoved).map(\.text)
        #expect(
            removed == [
                "ada was removed from the town; 450 of its tasks are in the backlog again, 3000 of its messages are "
                    + "dead letters"
            ])
        #expect(try await place.store.taskCounts().backlog == 450)
        #expect(try await place.store.queueCounts() == QueueCounts(waiting: 3001, leased: 0, dead: 3000))
        #expect(try await place.client.send(["EXISTS", "tt:t:inbox:\(ada)", "tt:t:urgent:\(ada)"]).integer == 0)
        await place.close()
    }

    @Test(arguments: ServerProgram.all)
    func `a removal that was interrupted holds the agent down, and whoever removes it next carries it on`(
        _ program: ServerProgram
    ) async throws {
        let place = try await PagedTown(program)
        let (town, store) = (place.town, place.store)
        let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
        try await place.fill(ada, 900, from: bob)
        let tasks = try await place.give(ada, 250)
        try await store.change(ada, .stop(.now), now: town.start)
        var letters = 0
        // Its tasks, and some of its messages.
        for _ in 0..<8 {
            let page = try await store.removePage(of: ada, now: town.start)
            #expect(page.isMore)
            letters = page.total.letters
        }
        #expect((1..<900).contains(letters))

        do {
            try await store.change(ada, .restart(maxTurns: nil), now: town.start)
            Issue.record("it was restarted")
        } catch {
            #expect(error.code == .illegalMove && error.message.contains("tt prune"), "\(error.message)")
        }
        let other = try await town.task("for somebody")
        #expect(await code { try await town.move(other, .assign(ada)) } == .illegalMove)
        #expect(
            await code { _ = try await store.reclaim(from: bob, to: .agent(ada), now: town.start) } == .illegalMove)
        // Another program that brings it back does not change that.
        try await place.client.send(["HSET", "tt:t:agent:\(ada)", "state", "idle"])
        #expect(try await town.lease(ada) == nil)
        #expect(try await store.pulse().map(\.agent.name) == ["bob"])
        #expect(try await town.agent(ada).attention?.contains("tt prune") == true)
        // What is sent to it meanwhile goes the same way.
        let late = try await town.send(ada, "late", from: bob)

        let next = try await RedisStore.open(place.server.client(), town: "t", time: StillTime())
        let removal = try await next.remove(ada, now: town.start)
        #expect(removal == Removal(tasks: tasks, deadLetters: 901), "all of it is told, whoever did it")
        #expect(try await town.state(late) == .dead)
        #expect(try await town.events(.agentRemoved).count == 1)
        #expect(
            try await town.events(.agentRemoved)[0].text.hasSuffix(
                "250 of its tasks are in the backlog again, 901 of its messages are dead letters"))
        #expect(try await next.agent(ada) == nil)
        #expect(try await next.waitingCounts()[ada] == nil)
        let ttl = try await place.client.send(["TTL", "tt:t:removing:\(ada)"]).integer ?? -1
        #expect((1...60).contains(ttl), "what was done is forgotten by itself")
        #expect(await code { _ = try await next.remove(ada, now: town.start) } == .agentNotFound)
        await next.close()
        await place.close()
    }

    @Test(arguments: ServerProgram.all)
    func `where two remove the same agent at once, one of them is told all of it and the other that it is gone`(
        _ program: ServerProgram
    ) async throws {
        let place = try await PagedTown(program)
        let (town, store) = (place.town, place.store)
        let ada = try await town.spawn("ada")
        try await place.fill(ada, 700)
        let tasks = try await place.give(ada, 170)
        try await store.change(ada, .stop(.now), now: town.start)
        let other = try await RedisStore.open(place.server.client(), town: "t", time: StillTime())
        let results = await withTaskGroup(of: Result<Removal, StoreError>.self) { group in
            for store in [store, other] {
                group.addTask {
                    do throws(StoreError) {
                        return .success(try await store.remove(ada, now: town.start))
                    } catch {
                        return .failure(error)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let told = results.compactMap { try? $0.get() }
        #expect(told == [Removal(tasks: tasks, deadLetters: 700)])
        for case .failure(let error) in results { #expect(error.code == .agentNotFound) }
        #expect(try await town.events(.agentRemoved).count == 1)
        await other.close()
        await place.close()
    }

    @Test(arguments: ServerProgram.all)
    func `reclaiming to the backlog goes in pages: what stays keeps its order and is looked at once`(
        _ program: ServerProgram
    ) async throws {
        let place = try await PagedTown(program)
        let (town, store) = (place.town, place.store)
        let ada = try await town.spawn("ada")
        try await place.fill(ada, 3000, urgent: 1300)
        let tasks = try await place.give(ada, 230)
        try await store.change(ada, .stop(.now), now: town.start)
        var (moved, at, costs) = (Reclaimed(), Optional(""), [Int]())
        while let from = at {
            let cost = try await place.cost {
                let page = try await store.reclaimPage(from: ada, to: .backlog, now: town.start, at: from)
                #expect(page.moved.made.count <= 100 && page.moved.tasks.count <= 50)
                moved.tasks += page.moved.tasks
                moved.made += page.moved.made
                (moved.left, at) = (page.moved.left, page.next)
            }
            #expect(cost.calls == 1 && cost.commands < PagedTown.most, "\(cost)")
            costs.append(cost.commands)
        }
        #expect(costs.count >= 34)
        #expect(moved.tasks == tasks && moved.made.count == 2000 && moved.left == 1000)
        let questions = stride(from: 0, to: 3000, by: 3).map { "\($0)" }
        #expect(try await place.inbox(ada) == questions)
        let backlog = try await store.tasks(.backlog, page: Page(limit: 5000)).map(\.description)
        #expect(backlog.suffix(2000) == (0..<3000).filter { $0 % 3 != 0 }.map { "\($0)" }[...])
        #expect(try await store.queueCounts().waiting == 1001)

        // A second time there are ten pages to look at, and nothing to move.
        let again = try await place.cost {
            let moved = try await store.reclaim(from: ada, to: .backlog, now: town.start)
            #expect(moved == Reclaimed(left: 1000))
        }
        #expect(again.calls == 11, "the last one sees that there are no more")
        #expect(try await place.inbox(ada) == questions)

        // All of it to another agent, as it is.
        let bob = try await town.spawn("bob")
        #expect(try await store.reclaim(from: ada, to: .agent(bob), now: town.start).messages.count == 1000)
        #expect(try await place.inbox(bob) == questions)
        #expect(try await place.inbox(ada).isEmpty)
        await place.close()
    }

    @Test(arguments: ServerProgram.all)
    func `between two pages of reclaimed work others may take mail away, send some, or bring the agent back`(
        _ program: ServerProgram
    ) async throws {
        let place = try await PagedTown(program)
        let (town, store) = (place.town, place.store)
        let ada = try await town.spawn("ada")
        try await place.fill(ada, 1500)
        try await store.change(ada, .stop(.now), now: town.start)
        let first = try await store.reclaimPage(from: ada, to: .backlog, now: town.start, at: "")
        #expect(first.moved.left == 34)
        // What follows those that stay moves up.
        let gone = try await store.inbox(ada, page: Page(limit: 20))
        for delivery in gone {
            #expect(try await store.acknowledge(delivery.message.id, of: ada, now: town.start))
        }
        try await town.send(ada, "late")
        let urgent = try await town.send(ada, "at once", priority: .urgent, body: .query(question: "at once"))
        var (made, at) = (first.moved.made, first.next)
        while let from = at {
            let page = try await store.reclaimPage(from: ada, to: .backlog, now: town.start, at: from)
            made += page.moved.made
            at = page.next
        }
        #expect(made.count == 1001 && Set(made).count == 1001, "none is passed over, none is made twice")
        let questions = stride(from: 0, to: 1500, by: 3).map { "\($0)" }
        #expect(try await place.inbox(ada) == ["at once"] + questions.dropFirst(20))
        #expect(try await store.inbox(ada, page: Page(limit: 1)).first?.message.id == urgent)

        try await place.fill(ada, 1200)
        let waiting = try await place.inbox(ada)
        let page = try await store.reclaimPage(from: ada, to: .backlog, now: town.start, at: "")
        let next = try #require(page.next)
        try await store.change(ada, .restart(maxTurns: nil), now: town.start)
        let rest = try await store.reclaimPage(from: ada, to: .backlog, now: town.start, at: next)
        #expect(rest.next == nil && rest.moved.made.isEmpty && rest.moved.tasks.isEmpty, "it is its own again")
        #expect(await code { _ = try await store.reclaim(from: ada, to: .backlog, now: town.start) } == .illegalMove)
        // Nothing is lost between two pages, and it takes its turns as if nothing had been.
        #expect(try await place.inbox(ada).count == waiting.count - page.moved.made.count)
        #expect(try await town.lease(ada, max: 2)?.deliveries.map(\.message.body.text) == ["at once", "60"])
        await place.close()
    }

    @Test(arguments: ServerProgram.all)
    func `what the same bytes twice, or bytes that nobody can read, are to a page, they are to the inbox`(
        _ program: ServerProgram
    ) async throws {
        let place = try await PagedTown(program)
        let (town, store) = (place.town, place.store)
        let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
        try await town.send(ada, body: .query(question: "first"))
        try await town.send(ada, body: .query(question: "twice"))
        let key = "tt:t:inbox:\(ada)"
        let bytes = try #require(try await place.client.send(["LINDEX", key, "-1"]).text)
        try await place.client.send(["RPUSH", key, "no message", bytes, ""])
        try await town.send(ada, body: .query(question: "last"))
        try await store.change(ada, .stop(.now), now: town.start)
        let moved = try await store.reclaim(from: ada, to: .backlog, now: town.start)
        #expect(moved == Reclaimed(left: 3))
        #expect(try await place.client.send(["LLEN", key]).integer == 3)
        #expect(try await place.inbox(ada) == ["first", "twice", "last"])
        #expect(try await store.queueCounts() == QueueCounts(waiting: 4, leased: 0, dead: 2))
        try await place.client.send(["RPUSH", key, bytes])
        #expect(try await store.reclaim(from: ada, to: .agent(bob), now: town.start).messages.count == 3)
        #expect(try await place.inbox(bob) == ["first", "twice", "last"])
        #expect(try await place.inbox(ada).isEmpty)
        await place.close()
    }
}
