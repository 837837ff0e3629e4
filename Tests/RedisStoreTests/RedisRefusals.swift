import Model
import RedisServers
import RedisStore
import StoreSupport
import TestOrder
import Testing

/// What is refused has written nothing: not a key, not a place in an index, not a number.
@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct RedisRefusals {
    private struct Refusal {
        var name: String
        var code: StoreError.Code
        var body: (Town) async throws -> Void
    }

    @Test(arguments: ServerProgram.all)
    func `a verb that is refused leaves each key as it was`(_ program: ServerProgram) async throws {
        let server = try await PrivateServer(program)
        let town = Town(store: try await RedisStore.open(server.client(), town: "t", time: StillTime()))
        let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
        let (first, second) = (try await town.task("first", for: ada), try await town.task("second"))
        let third = try await town.dependent("third", on: [second])
        for _ in 0..<3 { try await town.send(bob) }
        let lease = try #require(try await town.lease(ada))
        var stale = lease.token
        stale.epoch -= 1
        let old = stale
        let refusals = [
            Refusal(name: "one recipient of three is unknown", code: .agentNotFound) { town in
                let messages = [town.message(bob), town.message(ada), town.message(town.id())]
                _ = try await town.store.send(messages, limits: SendLimits())
            },
            Refusal(name: "the second does not fit the inbox", code: .inboxFull) { town in
                let messages = [town.message(bob), town.message(bob, priority: .urgent)]
                _ = try await town.store.send(messages, limits: SendLimits(maxInbox: 4))
            },
            Refusal(name: "a name twice", code: .nameTaken) { town in try await town.spawn("ada") },
            Refusal(name: "the second task needs one that nobody knows", code: .taskNotFound) { town in
                var task = AgentTask(
                    id: town.id(), description: "b", createdBy: .supervisor, createdAt: town.start)
                task.dependsOn = [town.id()]
                let good = AgentTask(
                    id: town.id(), description: "a", createdBy: .supervisor, createdAt: town.start)
                let assignment = Assignment(agent: bob, announcement: town.id())
                try await town.store.create([NewTask(good, assignee: assignment), NewTask(task)])
            },
            Refusal(name: "a task for an agent that nobody knows", code: .agentNotFound) { town in
                _ = try await town.task("x", for: town.id())
            },
            Refusal(name: "a circle", code: .dependencyCycle) { town in
                var revision = TaskRevision(try #require(try await town.store.task(second)))
                revision.dependsOn = [third]
                let other = TaskRevision(try #require(try await town.store.task(first)))
                try await town.store.revise([other, revision], now: town.start)
            },
            Refusal(name: "what waits cannot be completed", code: .illegalMove) { town in
                try await town.move(third, .complete("x"))
            },
            Refusal(name: "an idle agent cannot be resumed", code: .illegalMove) { town in
                try await town.store.change(bob, .resume, now: town.start)
            },
            Refusal(name: "a commit with an old token, and what it sends", code: .leaseLost) { town in
                var commit = town.finished(lease)
                (commit.token, commit.sends) = (old, [town.message(bob, from: ada)])
                _ = try await town.store.commit(commit)
            },
            Refusal(name: "a failed commit with an old token", code: .leaseLost) { town in
                var commit = town.failed(lease)
                commit.token = old
                _ = try await town.store.commit(commit)
            },
            Refusal(name: "a release with an old token", code: .leaseLost) { town in
                try await town.store.release(old, cause: .killed, now: town.start)
            },
            Refusal(name: "an agent that works cannot be removed", code: .illegalMove) { town in
                _ = try await town.store.remove(ada, now: town.start)
            },
            Refusal(name: "work of an agent that lives stays", code: .illegalMove) { town in
                _ = try await town.store.reclaim(from: bob, to: .agent(town.id()), now: town.start)
            },
            Refusal(name: "no such dead letter", code: .messageNotFound) { town in
                try await town.store.retryDead(town.id(), to: bob, now: town.start)
            },
        ]
        for refusal in refusals {
            let before = try await server.keys()
            let code = await code { try await refusal.body(town) }
            #expect(code == refusal.code, "\(refusal.name)")
            let after = try await server.keys()
            for (key, value) in before { #expect(after[key] == value, "\(refusal.name): \(key)") }
            #expect(Set(after.keys) == Set(before.keys), "\(refusal.name)")
        }
        await town.store.close()
    }
}
