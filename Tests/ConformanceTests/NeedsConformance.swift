import Model
import StoreSupport
import TestOrder
import Testing

/// What the person in charge is told: one message for each thing, and none about what has been dealt with.
@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct NeedsConformance {
    /// The first lines of what waits for the person.
    private func needs(_ town: Town) async throws -> [String] {
        try await town.store.inbox(.supervisor, page: Page()).map {
            String($0.message.body.text.prefix { !$0.isNewline })
        }
    }

    private func openThrice(_ town: Town, _ agent: AgentID) async throws {
        for _ in 0..<3 { try await town.turn(agent) }
    }

    @Test(arguments: Subject.all)
    func `a task that is left open three times is one message, and a retry takes it away`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let task = try await town.task("build it", for: ada)
            try await openThrice(town, ada)
            #expect(try await town.store.task(task)?.state == .failed)
            let id = task.description.prefix(8)
            #expect(try await needs(town) == ["Task \(id) of ada failed: build it"])
            let letter = try await town.store.inbox(.supervisor, page: Page())[0].message
            #expect(PersonalNeed(letter) == .task(task))
            #expect(letter.body.text.contains("tt task retry \(id)"))
            let retried = try await town.move(task, .retry)
            #expect(retried.state == .assigned)
            #expect(retried.assignedTo == ada)
            #expect(retried.result == nil)
            #expect(retried.reminders == 0)
            #expect(try await needs(town).isEmpty)
            #expect(try await town.state(letter.id) == .done)
            // It fails again: told again, once.
            try await openThrice(town, ada)
            #expect(try await needs(town) == ["Task \(id) of ada failed: build it"])
            #expect(try await town.events(.taskFailed).count == 2)
            #expect(try await town.events(.taskRetried).count == 1)
        }
    }

    @Test(arguments: Subject.all)
    func `what a person or a conductor deals with is not told`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let boss = try await town.spawn("boss") { $0.kind = .lead }
            try await town.move(try await town.task(for: ada), .fail("no"))
            try await town.move(try await town.task(for: ada), .cancel("no"), by: ada)
            try await town.move(try await town.task(by: boss, for: ada), .fail("no"), by: ada)
            #expect(try await needs(town).isEmpty)
            let own = try await town.task("mine", for: ada)
            try await town.move(own, .fail("no access"), by: ada)
            #expect(try await needs(town) == ["Task \(own.description.prefix(8)) of ada failed: mine"])
            _ = try await town.store.take(.supervisor, limit: 10, now: town.start)
            #expect(try await needs(town).isEmpty)
        }
    }

    @Test(arguments: Subject.all)
    func `a failed task that others wait for is one message, which names them`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let first = try await town.task("first", for: ada)
            var next = AgentTask(id: town.id(), description: "next", createdBy: .supervisor, createdAt: town.start)
            next.dependsOn = [first]
            try await town.store.create(next, assignee: Assignment(agent: ada, announcement: town.id()))
            try await town.move(first, .fail("no"), by: ada)
            let told = try await town.store.inbox(.supervisor, page: Page()).map(\.message)
            #expect(told.map(PersonalNeed.init) == [.task(first)])
            #expect(told[0].body.text.contains("- \(next.id): next"))
            // The one that waits begins when the retried one is completed.
            try await town.move(first, .retry)
            try await town.move(first, .complete("yes"), by: ada)
            #expect(try await town.store.task(next.id)?.state == .assigned)
        }
    }

    @Test(arguments: Subject.all)
    func `a dead letter is one message until it is retried or dropped`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            for _ in 0..<2 {
                let id = try await town.send(ada, "bad")
                let lease = try #require(try await town.lease(ada))
                _ = try await town.store.commit(town.failed(lease, maxAttempts: 1))
                let told = try await town.store.inbox(.supervisor, page: Page()).map(\.message)
                #expect(told.map(PersonalNeed.init) == [.letter(id)])
                #expect(told[0].body.text.hasPrefix("A task message from supervisor to ada is a dead letter: it broke"))
                try await town.store.retryDead(id, to: nil, now: town.start)
                #expect(try await needs(town).isEmpty)
                let again = try #require(try await town.lease(ada))
                _ = try await town.store.commit(town.failed(again, maxAttempts: 1))
                #expect(try await needs(town).count == 1)
                try await town.store.dropDead(id, now: town.start)
                #expect(try await needs(town).isEmpty)
            }
        }
    }

    @Test(arguments: Subject.all)
    func `a paused agent is one message until it goes on`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            try await town.send(ada)
            for _ in 0..<2 {
                let lease = try #require(try await town.lease(ada))
                _ = try await town.store.commit(town.failed(lease, .authentication, counts: false, pause: "log in"))
                #expect(try await needs(town) == ["ada is paused: log in"])
                try await town.store.change(ada, .resume, now: town.start)
                #expect(try await needs(town).isEmpty)
            }
            // A person who pauses an agent knows it; what others pause is told.
            try await town.store.change(ada, .interrupt(reason: nil), now: town.start)
            #expect(try await needs(town).isEmpty)
            try await town.store.change(ada, .resume, now: town.start)
            try await town.store.change(ada, .interrupt(reason: "stuck", tellsPerson: true), now: town.start)
            #expect(try await needs(town) == ["ada is paused: stuck"])
            try await town.store.change(ada, .stop(.now), now: town.start)
            #expect(try await needs(town).isEmpty)
        }
    }

    @Test(arguments: Subject.all)
    func `an agent that waits by itself for long is one message until it does not`(_ subject: Subject) async throws {
        try await subject.run { town in
            let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
            func fails() async throws {
                let lease = try #require(try await town.lease(ada))
                _ = try await town.store.commit(town.failed(lease, .network, counts: false))
            }
            func waits(_ note: String, tells: Bool) async throws {
                try await town.store.change(ada, .attention(note, tellsPerson: tells), now: town.start)
            }
            let ways: [(String, () async throws -> Void)] = [
                ("a turn goes well", { try await town.turn(ada) }),
                (
                    "it is to try at once",
                    {
                        try await town.store.change(ada, .interrupt(reason: nil), now: town.start)
                        #expect(try await needs(town).isEmpty)
                        try await town.store.change(ada, .resume, now: town.start)
                    }
                ),
                (
                    "its message dies",
                    {
                        let lease = try #require(try await town.lease(ada))
                        let letter = lease.deliveries[0].message.id
                        _ = try await town.store.commit(town.failed(lease, maxAttempts: 1))
                        try await town.store.dropDead(letter, now: town.start)
                    }
                ),
                ("somebody reads its mail", { _ = try await town.store.take(ada, limit: 10, now: town.start) }),
                (
                    "it is to stop",
                    {
                        try await town.store.change(ada, .stop(.whenEmpty), now: town.start)
                        #expect(try await needs(town).isEmpty)
                        try await town.store.change(ada, .stop(.now), now: town.start)
                        try await town.store.change(ada, .restart(maxTurns: nil), now: town.start)
                    }
                ),
            ]
            for (way, body) in ways {
                _ = try await town.store.take(ada, limit: 10, now: town.start)
                try await town.send(ada, "fetch it", from: bob)
                try await fails()
                #expect(try await needs(town).isEmpty, "\(way)")
                try await waits("no turn has succeeded for an hour", tells: true)
                let told = try await town.store.inbox(.supervisor, page: Page()).map(\.message)
                #expect(told.map(PersonalNeed.init) == [.waiting(ada)], "\(way)")
                #expect(
                    told.first?.body.text.contains("ada waits by itself: no turn has succeeded for an hour") == true)
                // It goes on, and is not told again.
                try await fails()
                try await waits("no turn has succeeded for 2 hours", tells: false)
                try await waits("no turn has succeeded for 3 hours", tells: true)
                #expect(try await needs(town).count == 1, "\(way)")
                try await body()
                #expect(try await needs(town).isEmpty, "\(way)")
            }
            // Where nothing waits, nobody has to know.
            _ = try await town.store.take(ada, limit: 10, now: town.start)
            try await waits("no turn has succeeded for an hour", tells: true)
            #expect(try await needs(town).isEmpty)
            // What it waits for was not put right: now it is paused, which is another message.
            try await town.send(ada, "fetch it", from: bob)
            try await waits("no turn has succeeded for 2 hours", tells: true)
            #expect(try await needs(town) == ["ada waits by itself: no turn has succeeded for 2 hours"])
            let lease = try #require(try await town.lease(ada))
            _ = try await town.store.commit(town.failed(lease, .authentication, counts: false, pause: "log in"))
            #expect(try await needs(town) == ["ada is paused: log in"])
        }
    }

    @Test(arguments: Subject.all)
    func `an agent that waits by itself still does if one message of a turn that is put back is settled`(
        _ subject: Subject
    ) async throws {
        try await subject.run { town in
            for fails in [false, true] {
                let ada = try await town.spawn("ada-\(fails)")
                try await town.store.change(
                    ada, .attention("no turn has succeeded for an hour", tellsPerson: false), now: town.start)
                let task = try await town.task("ends meanwhile", for: ada)
                try await town.send(ada, "fetch it")
                try await town.store.change(
                    ada, .attention("no turn has succeeded for 2 hours", tellsPerson: true), now: town.start)
                let told = ["ada-\(fails) waits by itself: no turn has succeeded for 2 hours"]
                #expect(try await needs(town) == told)
                let lease = try #require(try await town.lease(ada))
                #expect(lease.deliveries.count == 2)
                try await town.move(task, .cancel("settled"))
                if fails {
                    _ = try await town.store.commit(town.failed(lease))
                } else {
                    try await town.store.release(lease.token, cause: .hostDied, now: town.start)
                }
                #expect(try await needs(town) == told)
                // Nothing waits any more.
                _ = try await town.store.take(ada, limit: 10, now: town.start)
                #expect(try await needs(town).isEmpty)
            }
        }
    }

    @Test(arguments: Subject.all)
    func `mail of agents for one that has ended is told once, with the command`(_ subject: Subject) async throws {
        try await subject.run { town in
            let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
            try await town.store.change(ada, .stop(.now), now: town.start)
            try await town.send(ada, "by a person")
            try await town.send(ada, from: bob, body: .informational(summary: "fyi"))
            #expect(try await needs(town).isEmpty)
            for _ in 0..<3 { try await town.send(ada, "review it", from: bob) }
            #expect(try await needs(town) == ["Mail waits for ada, which was stopped"])
            let text = try await town.store.inbox(.supervisor, page: Page())[0].message.body.text
            #expect(text.contains("tt restart ada"))
            try await town.store.change(ada, .restart(maxTurns: nil), now: town.start)
            #expect(try await needs(town).isEmpty)
        }
    }

    @Test(arguments: Subject.all)
    func `where the mail of an ended agent goes elsewhere, nobody has to let it continue`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
            try await town.store.change(ada, .stop(.now), now: town.start)
            let ways: [(String, () async throws -> Void)] = [
                ("given to another", { _ = try await town.store.reclaim(from: ada, to: .agent(bob), now: town.start) }),
                (
                    "put into the backlog",
                    { _ = try await town.store.reclaim(from: ada, to: .backlog, now: town.start) }
                ),
                ("read", { _ = try await town.store.take(ada, limit: 10, now: town.start) }),
                (
                    "read one by one",
                    {
                        for letter in try await town.store.inbox(ada, page: Page()) {
                            _ = try await town.store.acknowledge(letter.message.id, of: ada, now: town.start)
                        }
                    }
                ),
            ]
            for (way, body) in ways {
                for _ in 0..<2 { try await town.send(ada, "review it", from: bob) }
                #expect(try await needs(town) == ["Mail waits for ada, which was stopped"])
                try await body()
                #expect(try await needs(town).isEmpty, "\(way)")
            }
            // A task that is over, or that another has, needs her no longer either.
            let tasks = [
                try await town.task("one", by: bob, for: ada), try await town.task("two", by: bob, for: ada),
            ]
            #expect(try await needs(town) == ["Mail waits for ada, which was stopped"])
            try await town.move(tasks[0], .assign(bob))
            #expect(try await needs(town).count == 1)
            try await town.move(tasks[1], .cancel("no"))
            #expect(try await needs(town).isEmpty)
        }
    }

    @Test(arguments: Subject.all)
    func `a key that somebody else took keeps nobody from being told`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let task = try await town.task(for: ada)
            var trick = town.message(.supervisor, "nothing", from: ada)
            trick.idempotencyKey = PersonalNeed.task(task).key
            _ = try await town.store.send([trick], limits: SendLimits())
            try await town.move(task, .fail("no"), by: ada)
            #expect(try await needs(town).count == 2)
            #expect(try await needs(town).contains { $0.hasPrefix("Task ") })
        }
    }
}

/// Agents that sleep, and those that have ended.
@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct SleepConformance {
    @Test(arguments: Subject.all)
    func `an idle agent falls asleep and mail wakes it`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let asleep = try await town.store.change(ada, .retire(reason: "idle for 300 s"), now: town.start)
            #expect(asleep.state == .cold)
            #expect(
                try await town.events(.agentStateChanged).last?.text == "ada sleeps, idle for 300 s; mail wakes it")
            // It is no longer a reason for a host, and not forgotten.
            #expect(try await town.store.pulse().map(\.needsHost) == [false])
            try await town.store.change(ada, .retire(reason: "idle"), now: town.start)
            #expect(try await town.agent(ada).state == .cold)
            try await town.send(ada, "hand-over")
            #expect(try await town.store.pulse().map(\.needsHost) == [true])
            let lease = try #require(try await town.lease(ada, at: town.start + .seconds(86_400)))
            #expect(lease.agent.state == .working)
            #expect(lease.deliveries.map(\.message.body.text) == ["hand-over"])
            #expect(try await town.store.commit(town.finished(lease)).state == .idle)
        }
    }

    @Test(arguments: Subject.all)
    func `an agent that sleeps keeps its name, takes no place, and can be paused, stopped and offered work`(
        _ subject: Subject
    ) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada") { $0.role = "backend" }
            try await town.store.change(ada, .retire(reason: "idle"), now: town.start)
            #expect(await code { try await town.spawn("Ada") } == .nameTaken)
            var one = Agent(id: town.id(), name: "one", cli: "echo", createdAt: town.start)
            one.maxTurns = 1
            try await town.store.register(one, maxAgents: 1)
            let task = try await town.task()
            #expect(try await town.store.offer(task, to: ada, now: town.start) == .offered)
            #expect(try await town.store.change(ada, .interrupt(reason: nil), now: town.start).state == .paused)
            #expect(try await town.store.change(ada, .resume, now: town.start).state == .idle)
            _ = try await town.turn(ada)
            try await town.store.change(ada, .retire(reason: "idle"), now: town.start)
            #expect(try await town.store.change(ada, .stop(.afterTurn), now: town.start).state == .stopped)
            try await town.send(ada)
            #expect(try await town.lease(ada) == nil)
        }
    }

    @Test(arguments: Subject.all)
    func `an agent that used up its turns says how it goes on, and its mail is told`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada") { $0.maxTurns = 2 }
            for _ in 0..<2 {
                try await town.send(ada)
                try await town.turn(ada)
            }
            let ended = try await town.store.change(ada, .retire(reason: "its 2 rounds are used up"), now: town.start)
            #expect(ended.state == .stopped)
            #expect(ended.attention == "it has used up its 2 turns; let it continue with: tt restart ada")
            #expect(ended.standstill?.reason == "has used up its 2 turns")
            #expect(ended.standstill?.command == "tt restart ada")
            #expect(try await town.store.queueCounts().waiting == 0, "nothing waits, so nobody is needed")
            let bob = try await town.spawn("bob")
            try await town.send(ada, "more", from: bob)
            let told = try await town.store.inbox(.supervisor, page: Page()).map(\.message.body.text)
            #expect(told == ["Mail waits for ada, which has used up its 2 turns\nTo let it continue: tt restart ada"])
            let back = try await town.store.change(ada, .restart(maxTurns: nil), now: town.start)
            #expect(back.attention == nil)
            #expect(try await town.lease(ada)?.deliveries.count == 1)
        }
    }

    @Test(arguments: Subject.all)
    func `turns that are used up while mail waits are told`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada") { $0.maxTurns = 1 }
            try await town.send(ada)
            try await town.turn(ada)
            try await town.send(ada, "more")
            try await town.store.change(ada, .retire(reason: "its 1 rounds are used up"), now: town.start)
            let told = try await town.store.inbox(.supervisor, page: Page()).map(\.message)
            #expect(told.map(PersonalNeed.init) == [.agent(ada)])
        }
    }
}

/// Tasks that begin anew, and messages whose task is over.
@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct RetryConformance {
    @Test(arguments: Subject.all)
    func `an agent that completes its task and then crashes takes no more turns for it`(_ subject: Subject) async throws
    {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let task = try await town.task(for: ada)
            let lease = try #require(try await town.lease(ada))
            try await town.move(task, .complete("done"), by: ada)
            try await town.store.commit(town.failed(lease))
            #expect(try await town.state(lease.deliveries[0].message.id) == .done)
            #expect(try await town.lease(ada) == nil)
            #expect(try await town.store.queueCounts() == QueueCounts())
            #expect(try await town.store.task(task)?.state == .completed)
        }
    }

    @Test(arguments: Subject.all)
    func `so it is where the turn is put back, and other messages stay`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let task = try await town.task(for: ada)
            let other = try await town.send(ada, "other")
            let lease = try #require(try await town.lease(ada))
            try await town.move(task, .complete("done"), by: ada)
            try await town.store.release(lease.token, cause: .hostDied, now: town.start)
            #expect(try await town.lease(ada)?.deliveries.map(\.message.id) == [other])
        }
    }

    @Test(arguments: Subject.all)
    func `a message about a task that has ended starts no turn`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let task = try await town.task(for: ada)
            try await town.move(task, .complete("done"), by: ada)
            let stray = try await town.send(ada, body: .taskAssign(task))
            try await town.send(ada, body: .informational(summary: "fyi"))
            #expect(try await town.lease(ada) == nil)
            #expect(try await town.state(stray) == .done)
            #expect(try await town.texts(ada) == ["fyi"])
            try await town.send(ada, "work")
            try await town.send(ada, body: .taskAssign(task))
            #expect(try await town.lease(ada)?.deliveries.map(\.message.body.text) == ["fyi", "work"])
        }
    }

    @Test(arguments: Subject.all)
    func `retrying the dead letter of a failed task reopens the task`(_ subject: Subject) async throws {
        try await subject.run { town in
            let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
            let task = try await town.task(for: ada)
            let lease = try #require(try await town.lease(ada))
            let letter = lease.deliveries[0].message.id
            try await town.store.commit(town.failed(lease, maxAttempts: 1))
            #expect(try await town.store.task(task)?.state == .failed)
            let told = try await town.store.inbox(.supervisor, page: Page()).map { PersonalNeed($0.message) }
            #expect(told == [.task(task)], "one message for both")
            try await town.store.retryDead(letter, to: nil, now: town.start)
            #expect(try await town.store.task(task)?.state == .assigned)
            #expect(try await town.store.inbox(.supervisor, page: Page()).isEmpty)
            let again = try #require(try await town.lease(ada))
            #expect(again.tasks.map(\.state) == [.running])
            _ = try await town.store.commit(town.failed(again, maxAttempts: 1))
            // Given to another, the task goes along.
            try await town.store.retryDead(letter, to: bob, now: town.start)
            #expect(try await town.store.task(task)?.assignedTo == bob)
            let his = try #require(try await town.lease(bob))
            try await town.move(task, .complete("done"), by: bob)
            _ = try await town.store.commit(town.failed(his, maxAttempts: 1))
            #expect(try await town.state(letter) == .done)
        }
    }

    @Test(arguments: Subject.all)
    func `the dead letter of a task that is completed is not retried`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let task = try await town.task(for: ada)
            let lease = try #require(try await town.lease(ada))
            let letter = lease.deliveries[0].message.id
            _ = try await town.store.commit(town.failed(lease, maxAttempts: 1))
            try await town.move(task, .retry)
            try await town.move(task, .complete("done"), by: ada)
            let before = try await town.dump()
            #expect(await code { try await town.store.retryDead(letter, to: nil, now: town.start) } == .illegalMove)
            #expect(try await town.dump() == before)
            #expect(await code { try await town.move(task, .retry) } == .illegalMove)
        }
    }

    @Test(arguments: Subject.all)
    func `a retried task whose agent is gone is in the backlog, and its group goes on`(_ subject: Subject) async throws
    {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            var group = AgentTask(id: town.id(), description: "group", createdBy: .supervisor, createdAt: town.start)
            group.isGroup = true
            var part = AgentTask(id: town.id(), description: "part", createdBy: .supervisor, createdAt: town.start)
            part.parent = group.id
            try await town.store.create([
                NewTask(group), NewTask(part, assignee: Assignment(agent: ada, announcement: town.id())),
            ])
            try await town.move(part.id, .fail("no"), by: ada)
            #expect(try await town.store.task(group.id)?.state == .failed)
            try await town.store.change(ada, .stop(.now), now: town.start)
            _ = try await town.store.remove(ada, now: town.start)
            let retried = try await town.move(part.id, .retry)
            #expect(retried.inBacklog)
            #expect(try await town.store.taskCounts().backlog == 1)
            #expect(try await town.store.task(group.id)?.state == .pending)
            try await town.move(part.id, .complete("yes"))
            #expect(try await town.store.task(group.id)?.state == .completed)
        }
    }
}
