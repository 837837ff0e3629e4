import Model
import StoreSupport
import TestOrder
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct DependencyConformance {
    @Test(arguments: Subject.all)
    func `a task waits until its parent and all it depends on are completed, and the last completion releases it`(
        _ subject: Subject
    ) async throws {
        try await subject.run { town in
            let (boss, ada) = (try await town.spawn("boss"), try await town.spawn("ada"))
            let (parent, first) = (try await town.task("parent", for: boss), try await town.task("first"))
            let id = try await town.dependent("late", on: [first], parent: parent, for: ada, priority: .urgent)
            let task = try #require(try await town.store.task(id))
            #expect((task.state, task.isWaiting, task.assignedTo, task.inBacklog) == (.pending, true, ada, false))
            #expect((task.dependsOn, task.parent) == ([first], parent))
            #expect(try await town.texts(ada).isEmpty)
            #expect(try await town.lease(ada) == nil)
            #expect(try await town.events(.taskWaiting).map(\.task) == [id])
            for needed in [parent, first] {
                #expect(try await town.store.tasks(TaskFilter(needing: needed), page: Page()).map(\.id) == [id])
            }
            #expect(try await town.store.tasks(TaskFilter(isWaiting: true), page: Page()).map(\.id) == [id])
            #expect(
                try await town.store.tasks(TaskFilter(isWaiting: false), page: Page()).map(\.id) == [parent, first])

            try await town.move(parent, .complete("done"))
            #expect(try await town.store.task(id)?.isWaiting == true)
            try await town.move(first, .complete("done"))
            let free = try #require(try await town.store.task(id))
            #expect((free.state, free.isWaiting, free.assignedTo) == (.assigned, false, ada))
            let lease = try #require(try await town.lease(ada))
            #expect(lease.deliveries.map(\.message.body) == [.taskAssign(id)])
            #expect(lease.deliveries.map(\.message.priority) == [.urgent])
            #expect(lease.tasks.map(\.id) == [id])
            #expect(try await town.events(.taskReleased).map(\.task) == [id])
        }
    }

    @Test(arguments: Subject.all)
    func `a turn that completes a task releases what waits for it, for whomever it is`(_ subject: Subject) async throws
    {
        try await subject.run { town in
            let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
            let first = try await town.task("first", for: ada)
            let own = try await town.dependent("own", on: [first], for: ada)
            let other = try await town.dependent("other", on: [first], for: bob)
            let open = try await town.dependent("open", on: [first])
            let lease = try #require(try await town.lease(ada))
            #expect(lease.tasks.map(\.id) == [first])
            #expect(try await town.lease(bob) == nil)
            try await town.move(first, .complete("done"), by: ada)
            try await town.store.commit(town.finished(lease))
            #expect(try await town.lease(ada)?.tasks.map(\.id) == [own])
            #expect(try await town.lease(bob)?.tasks.map(\.id) == [other])
            #expect(try await town.store.tasks(.backlog, page: Page()).map(\.id) == [open])
            #expect(try await town.store.taskCounts().backlog == 1)
        }
    }

    @Test(arguments: Subject.all)
    func `a task that waits cannot be started or completed, and keeps waiting whoever gets it`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
            let first = try await town.task("first")
            let id = try await town.dependent("late", on: [first], for: ada)
            #expect(await code { try await town.move(id, .complete("x"), by: ada) } == .illegalMove)
            #expect(await code { try await town.move(id, .start) } == .illegalMove)
            try await town.move(id, .assign(bob))
            try await town.move(id, .requeue)
            #expect(try await town.store.task(id)?.inBacklog == false)
            try await town.move(id, .assign(bob))
            #expect(try await town.store.waitingCounts().isEmpty)
            try await town.move(first, .complete("x"))
            #expect(try await town.store.waitingCounts() == [bob: ["task_assign": 1]])
            let called = try await town.dependent("called off", on: [try await town.task()], for: ada)
            #expect(try await town.move(called, .cancel("no")).isWaiting == false)
        }
    }

    @Test(arguments: Subject.all)
    func `where a dependency fails the dependents wait on, and whoever gave them is asked what to do`(
        _ subject: Subject
    ) async throws {
        try await subject.run { town in
            let (boss, ada) = (try await town.spawn("boss"), try await town.spawn("ada"))
            let first = try await town.task("first", for: ada)
            let mine = try await town.dependent("of the boss", on: [first], by: boss, for: ada)
            let open = try await town.dependent("of the supervisor", on: [first])
            try await town.move(first, .fail("no access"), by: ada)
            for id in [mine, open] { #expect(try await town.store.task(id)?.isWaiting == true) }
            #expect(try await town.texts(ada).isEmpty, "there is nothing left for ada to do")
            for (reader, named) in [(boss, mine), (AgentID.supervisor, open)] {
                let letter = try #require(try await town.store.inbox(reader, page: Page()).first?.message)
                #expect(letter.body.type == "query" && letter.body.wakes)
                #expect(letter.body.text.contains("no access") && letter.body.text.contains("\(named)"))
            }
            #expect(try await town.events(.taskBlocked).map(\.task) == [mine, open])
            #expect(await code { try await town.move(mine, .release, by: ada) } == .illegalMove)
            #expect(try await town.move(mine, .release, by: boss).state == .assigned)
            #expect(try await town.move(open, .release).inBacklog)
            #expect(await code { try await town.move(open, .release) } == .illegalMove)
        }
    }

    @Test(arguments: Subject.all, [true, false])
    func `of two needs one that was not completed holds a task, whatever becomes of the other`(
        _ subject: Subject, isCancelled: Bool
    ) async throws {
        try await subject.run { town in
            let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
            let (first, second) = (try await town.task("first", for: ada), try await town.task("second", for: ada))
            let late = try await town.dependent("late", on: [first, second], for: bob)
            try await town.move(first, isCancelled ? .cancel("no") : .fail("no"))
            try await town.move(second, .complete("yes"))
            #expect(try await town.store.task(late)?.isWaiting == true)
            #expect(try await town.lease(bob) == nil)
            // The other way round, the one that fails comes last.
            let (third, fourth) = (try await town.task("third"), try await town.task("fourth"))
            let later = try await town.dependent("later", on: [third, fourth], for: bob)
            try await town.move(third, .complete("yes"))
            try await town.move(fourth, isCancelled ? .cancel("no") : .fail("no"))
            #expect(try await town.store.task(later)?.isWaiting == true)
            #expect(try await town.lease(bob) == nil)
        }
    }

    @Test(arguments: Subject.all, [true, false])
    func `a task that needs one which has failed already waits from its beginning`(
        _ subject: Subject, isCancelled: Bool
    ) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let (failed, done) = (try await town.task("failed"), try await town.task("done"))
            try await town.move(failed, isCancelled ? .cancel("no") : .fail("no"))
            try await town.move(done, .complete("yes"))
            let new = try await town.dependent("new", on: [done, failed], for: ada)
            #expect(try await town.store.task(new)?.isWaiting == true)
            let free = try await town.dependent("free", on: [done], for: ada)
            #expect(try await town.store.task(free)?.isWaiting == false)
            // One that did not depend on it does so after a revision.
            let open = try await town.task("open")
            var revision = TaskRevision(try #require(try await town.store.task(open)))
            revision.dependsOn = [failed]
            try await town.store.revise([revision], now: town.start)
            #expect(try await town.store.task(open)?.isWaiting == true)
            #expect(try await town.store.taskCounts().backlog == 0)
        }
    }

    @Test(arguments: Subject.all)
    func `where the town itself fails a task the supervisor is asked about what waits for it`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let first = try await town.task("first", for: ada)
            let late = try await town.dependent("late", on: [first], for: ada)
            for _ in 0..<3 { try await town.turn(ada) }
            #expect(try await town.store.task(first)?.state == .failed)
            let letter = try #require(try await town.store.inbox(.supervisor, page: Page()).first?.message)
            #expect(letter.body.text.contains("\(late)"))
        }
    }

    @Test(arguments: Subject.all)
    func `an agent whose task waits is not idle, and one that ended is missed when its task can begin`(
        _ subject: Subject
    ) async throws {
        try await subject.run { town in
            let (boss, ada) = (try await town.spawn("boss"), try await town.spawn("ada"))
            #expect(try await town.store.change(ada, .retire(reason: "idle"), now: town.start).state == .cold)
            try await town.store.change(ada, .restart(maxTurns: nil), now: town.start)
            let first = try await town.task("first")
            let late = try await town.dependent("late", on: [first], by: boss, for: ada)
            #expect(try await town.store.pulse().map(\.expectsWork) == [false, true])
            #expect(try await town.store.change(ada, .retire(reason: "idle"), now: town.start).state.isAwake)
            #expect(try await town.store.change(ada, .stop(.whenEmpty), now: town.start).state.isTerminal)
            try await town.move(first, .complete("x"))
            #expect(try await town.store.task(late)?.state == .assigned)
            let letter = try #require(try await town.store.inbox(boss, page: Page()).first?.message)
            #expect(letter.body.type == "query" && letter.body.text.contains("tt restart ada"))
        }
    }

    @Test(arguments: Subject.all)
    func `what is not there and what would go in circles is refused, and nothing is created`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let before = try await town.dump()
            #expect(await code { _ = try await town.dependent("x", on: [town.id()]) } == .taskNotFound)
            #expect(await code { _ = try await town.dependent("x", on: [], parent: town.id()) } == .taskNotFound)
            let ring = (0..<3).map { number in
                AgentTask(
                    id: TaskID(high: 5, low: UInt64(number)), description: "r", createdBy: .supervisor,
                    createdAt: town.start)
            }
            let linked = ring.enumerated().map { number, task in
                var task = task
                if number == 0 { task.parent = ring[1].id } else { task.dependsOn = [ring[(number + 1) % 3].id] }
                return NewTask(task, assignee: Assignment(agent: ada, announcement: town.id()))
            }
            #expect(await code { try await town.store.create(linked) } == .dependencyCycle)
            #expect(try await town.dump() == before)
            let (one, two) = (try await town.task("one"), try await town.task("two", for: ada))
            let last = try await town.dependent("last", on: [two])
            var revision = TaskRevision(try #require(try await town.store.task(two)))
            revision.dependsOn = [one, last]
            let middle = try await town.dump()
            #expect(await code { try await town.store.revise([revision], now: town.start) } == .dependencyCycle)
            (revision.dependsOn, revision.parent) = ([], two)
            #expect(await code { try await town.store.revise([revision], now: town.start) } == .dependencyCycle)
            (revision.dependsOn, revision.parent) = ([two], nil)
            #expect(await code { try await town.store.revise([revision], now: town.start) } == .dependencyCycle)
            #expect(try await town.dump() == middle)
        }
    }

    @Test(arguments: Subject.all)
    func `what is not started can be revised, and waits or goes on as it says then`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let (first, id) = (try await town.task("first"), try await town.task("old", for: ada))
            func revise(_ revisions: TaskRevision...) async throws {
                try await town.store.revise(revisions, now: town.start)
            }
            var revision = TaskRevision(try #require(try await town.store.task(id)))
            try await revise(revision)
            #expect(try await town.events(.taskRevised).isEmpty, "nothing changed")
            (revision.description, revision.tags, revision.dependsOn) = ("new", ["a"], [first])
            try await revise(revision)
            let held = try #require(try await town.store.task(id))
            #expect((held.description, held.tags, held.isWaiting, held.assignedTo) == ("new", ["a"], true, ada))
            #expect(try await town.lease(ada) == nil, "its announcement is taken back")
            revision.dependsOn = []
            var other = TaskRevision(try #require(try await town.store.task(first)))
            other.dependsOn = [id]
            try await revise(other, revision)  // turned round, which no single step could do
            #expect(try await town.store.task(id)?.state == .assigned)
            #expect(try await town.store.task(first)?.isWaiting == true)
            #expect(try await town.store.tasks(TaskFilter(needing: first), page: Page()).isEmpty)
            #expect(try await town.lease(ada)?.tasks.map(\.description) == ["new"])
            let before = try await town.dump()
            try await revise(revision)
            (revision.description, other.description) = ("too late", "not alone")
            #expect(await code { try await revise(other, revision) } == .illegalMove)
            #expect(try await town.dump() == before)
        }
    }

    @Test(arguments: Subject.all)
    func `a group holds nothing back, waits for what it depends on with its parts, and ends with the last of them`(
        _ subject: Subject
    ) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let gate = try await town.task("gate")
            var group = AgentTask(id: town.id(), description: "epic", createdBy: .supervisor, createdAt: town.start)
            (group.isGroup, group.inBacklog, group.dependsOn) = (true, true, [gate])
            var parts = (0..<2).map { number in
                AgentTask(id: town.id(), description: "\(number)", createdBy: .supervisor, createdAt: town.start)
            }
            for index in parts.indices { parts[index].parent = group.id }
            try await town.store.create(
                [NewTask(group)] + parts.map { NewTask($0, assignee: Assignment(agent: ada, announcement: town.id())) })
            let after = try await town.dependent("after the epic", on: [group.id])
            #expect(try await town.store.task(group.id)?.inBacklog == false)
            #expect(await code { try await town.move(group.id, .assign(ada)) } == .illegalMove)
            #expect(try await town.lease(ada) == nil)
            try await town.move(gate, .complete("open"))
            #expect(try await town.store.task(group.id)?.isWaiting == false)
            #expect(try await town.lease(ada)?.tasks.map(\.id) == parts.map(\.id))
            try await town.move(parts[0].id, .complete("x"), by: ada)
            #expect(try await town.store.task(group.id)?.state == .pending)
            try await town.move(parts[1].id, .complete("x"), by: ada)
            #expect(try await town.store.task(group.id)?.state == .completed)
            #expect(try await town.store.task(after)?.inBacklog == true)
        }
    }

    @Test(arguments: Subject.all)
    func `a task that has ended already is recorded so, and holds nothing back`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            var old = AgentTask(id: town.id(), description: "old", createdBy: .supervisor, createdAt: town.start)
            (old.state, old.result, old.completedAt) = (.completed, "long ago", town.start)
            var new = AgentTask(id: town.id(), description: "new", createdBy: .supervisor, createdAt: town.start)
            new.dependsOn = [old.id]
            let both = [
                NewTask(new, assignee: Assignment(agent: ada, announcement: town.id())),
                NewTask(old, assignee: Assignment(agent: ada, announcement: town.id())),
            ]
            try await town.store.create(both)
            let state = try await town.dump()
            try await town.store.create(both)
            #expect(try await town.dump() == state, "safe to repeat")
            #expect(try await town.store.task(old.id) == old)
            #expect(try await town.lease(ada)?.tasks.map(\.id) == [new.id])
        }
    }
}
