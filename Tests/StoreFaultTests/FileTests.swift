import Model
import SQLite
import TestOrder
import TestSupport
import Testing

@testable import SQLiteStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

private let now = Timestamp(microseconds: 1_700_000_000_000_000)
private let random = SystemRandomness()

private func message(_ to: AgentID, bytes: Int = 10) -> Message {
    Message(
        id: MessageID(random: random), from: .supervisor, to: to,
        body: .task(description: String(repeating: "y", count: bytes)), createdAt: now)
}

private func code(_ body: () async throws -> Void) async -> StoreError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? StoreError)?.code
    }
}

/// A store with an agent and some messages, closed again; the ids of the messages.
private func fill(_ folder: ScratchFolder, messages: Int = 50) async throws -> (AgentID, [MessageID]) {
    let store: any Store = try await SQLiteStore.open(folder: folder.path)
    let agent = Agent(id: AgentID(random: random), name: "ada", cli: "echo", createdAt: now)
    try await store.register(agent, maxAgents: 5)
    let receipts = try await store.send((0..<messages).map { _ in message(agent.id, bytes: 900) }, limits: SendLimits())
    await store.close()
    return (agent.id, receipts.map(\.id))
}

private func fileSize(_ path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : -1
}

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct FileTests {
    @Test func `the files are their owner's alone, and nothing is left open by a clean close`() async throws {
        try await withScratchFolder { folder in
            _ = try await fill(folder)
            var status = stat()
            #expect(stat(folder.path("town.db"), &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
            #expect(fileSize(folder.path("town.db-wal")) == -1)
        }
    }

    @Test func `opening a clean store and reading writes nothing`() async throws {
        try await withScratchFolder { folder in
            let (agent, ids) = try await fill(folder)
            let before = try Connection(path: folder.path("town.db"), mode: .readOnly)
            let version: Int? = try before.value("pragma data_version")
            let store: any Store = try await SQLiteStore.open(folder: folder.path)
            #expect(try await store.inbox(agent, page: Page()).map(\.message.id) == ids)
            #expect(try before.value("pragma data_version") == version)
            await store.close()
            before.close()
        }
    }

    @Test func `a full disk refuses the verb, keeps what was there, and works again with room`() async throws {
        try await withScratchFolder { folder in
            let (agent, ids) = try await fill(folder)
            var options = SQLiteOptions()
            options.maxPages = fileSize(folder.path("town.db")) / 4096 + 20
            let tight: any Store = try await SQLiteStore.open(folder: folder.path, options: options)
            let failure = await code {
                _ = try await tight.send([message(agent, bytes: 400_000)], limits: SendLimits())
            }
            #expect(failure == .full)
            // Of several that share a transaction only the one that does not fit fails.
            let outcomes = await withTaskGroup(of: StoreError.Code?.self) { group in
                for bytes in [10, 400_000, 10, 10] {
                    group.addTask {
                        await code { _ = try await tight.send([message(agent, bytes: bytes)], limits: SendLimits()) }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count(where: { $0 == .full }) == 1)
            #expect(outcomes.count(where: { $0 == nil }) == 3)
            await tight.close()
            let store: any Store = try await SQLiteStore.open(folder: folder.path)
            #expect(try await store.inbox(agent, page: Page()).count == ids.count + 3)
            _ = try await store.send([message(agent, bytes: 400_000)], limits: SendLimits())
            await store.close()
        }
    }

    @Test func `a lock that another process holds is waited for, and then reported`() async throws {
        try await withScratchFolder { folder in
            let (agent, ids) = try await fill(folder)
            let options = SQLiteOptions(busyTimeout: .milliseconds(200))
            let store: any Store = try await SQLiteStore.open(folder: folder.path, options: options)
            let other = try Connection(path: folder.path("town.db"), mode: .readWrite)
            try other.begin(.immediate)
            let clock = ContinuousClock()
            var failure: StoreError.Code?
            let took = await clock.measure {
                failure = await code { _ = try await store.send([message(agent)], limits: SendLimits()) }
            }
            #expect(failure == .busy)
            #expect(took < .seconds(5))
            #expect(try await store.inbox(agent, page: Page()).count == ids.count, "reading goes on")
            try other.rollback()
            _ = try await store.send([message(agent)], limits: SendLimits())
            other.close()
            await store.close()
        }
    }

    @Test func `a file of schema version 1 opens with its tasks, and a copy of it stays`() async throws {
        try await withScratchFolder { folder in
            let db = try StoreFile(folder: folder.path, options: SQLiteOptions()).openForWriting()
            try Schema.prepare(db, steps: [Schema.steps[0]])
            let id = TaskID(random: random)
            try db.run(
                "insert into tasks values (null, ?, 'old', 0, null, ?, 5, 5, null, null, null, null, 'a', 1, 0)", id,
                AgentID.supervisor)
            db.close()
            let store: any Store = try await SQLiteStore.open(folder: folder.path)
            var old = AgentTask(
                id: id, description: "old", createdBy: .supervisor, createdAt: Timestamp(microseconds: 5), tags: ["a"])
            old.inBacklog = true
            #expect(try await store.task(id) == old)
            var new = AgentTask(id: TaskID(random: random), description: "new", createdBy: .supervisor, createdAt: now)
            new.dependsOn = [id]
            try await store.create(new, assignee: nil)
            #expect(try await store.task(new.id)?.isWaiting == true)
            await store.close()
            let copy = try Connection(path: folder.path("town.db.backup-v1"), mode: .readOnly)
            #expect(try copy.userVersion() == 1)
            copy.close()
        }
    }

    @Test func `a file of schema version 8 opens, and what its sessions wrote to a cache is not known`() async throws {
        try await withScratchFolder { folder in
            let db = try StoreFile(folder: folder.path, options: SQLiteOptions()).openForWriting()
            try Schema.prepare(db, steps: Array(Schema.steps[..<8]))
            let id = AgentID(random: random)
            try db.run(
                """
                insert into agents (id, epoch, live, name, kind, state, cli, created_at, last_heartbeat, last_active_at,
                tasks_completed, rounds_completed, max_rounds, rounds_since_start, failures, session, session_harness,
                session_input, session_output, session_cached)
                values (?, 0, 1, 'ada', 'worker', 'idle', 'claude', 5, 5, 5, 0, 0, 0, 0, 0, 's', 'claude', 7, 6, 5)
                """, id)
            db.close()
            let store: any Store = try await SQLiteStore.open(folder: folder.path)
            let totals = Usage(inputTokens: 7, outputTokens: 6, cachedInputTokens: 5)
            let agent = try await store.agent(id)
            #expect(agent?.session == HarnessSession(id: "s", harness: "claude", totals: totals))
            await store.close()
            let copy = try Connection(path: folder.path("town.db.backup-v8"), mode: .readOnly)
            #expect(try copy.userVersion() == 8)
            copy.close()
        }
    }

    @Test func `a file of a newer program is refused and left alone`() async throws {
        try await withScratchFolder { folder in
            _ = try await fill(folder)
            let db = try Connection(path: folder.path("town.db"), mode: .readWrite)
            try db.setUserVersion(99)
            db.close()
            do {
                _ = try await SQLiteStore.open(folder: folder.path)
                Issue.record("it was opened")
            } catch let error as StoreError {
                #expect(error.code == .newerVersion)
                #expect(error.message.contains("99") && error.message.contains("up to \(Schema.version)"))
            }
        }
    }

    @Test func `an older file is copied and brought forward`() async throws {
        try await withScratchFolder { folder in
            let path = folder.path("town.db")
            let db = try Connection(path: path)
            try Schema.prepare(db, steps: ["create table a (x); insert into a values (1);"])
            #expect(try db.userVersion() == 1)
            try Schema.prepare(db, steps: ["unused", "alter table a add column y; update a set y = 2;"])
            #expect(try db.userVersion() == 2)
            #expect(try db.value("select y from a") as Int? == 2)
            #expect(throws: StoreError.self) { try Schema.prepare(db, steps: ["", "", "update missing set x = 1"]) }
            #expect(try db.userVersion() == 2)
            db.close()
            let backup = try Connection(path: path + ".backup-v1", mode: .readOnly)
            #expect(try backup.userVersion() == 1)
            #expect(try backup.value("select x from a") as Int? == 1)
            backup.close()
        }
    }

    @Test(arguments: ["this is a letter, not a database", String(repeating: "z", count: 10_000)])
    func `what is not a database is refused and left alone`(_ text: String) async throws {
        try await withScratchFolder { folder in
            try folder.write(text, to: "town.db")
            #expect(await code { _ = try await SQLiteStore.open(folder: folder.path) } == .corrupt)
            #expect(fileSize(folder.path("town.db")) == text.utf8.count)
        }
    }

    @Test func `somebody else's database is refused and left alone`() async throws {
        try await withScratchFolder { folder in
            let db = try Connection(path: folder.path("town.db"))
            try db.execute(script: "create table recipes (name)")
            db.close()
            #expect(await code { _ = try await SQLiteStore.open(folder: folder.path) } == .corrupt)
        }
    }

    @Test(arguments: [0, 50, 100, 4096, 5000, 40_960, 60_000])
    func `a file that was cut off is never taken for an empty town`(_ length: Int) async throws {
        try await withScratchFolder { folder in
            let (agent, ids) = try await fill(folder)
            let path = folder.path("town.db")
            try #require(fileSize(path) > length)
            #expect(truncate(path, off_t(length)) == 0)
            let outcome = await code {
                let store: any Store = try await SQLiteStore.open(folder: folder.path)
                do {
                    #expect(try await store.inbox(agent, page: Page()).map(\.message.id) == ids)
                    #expect(try await store.agents().count == 1)
                } catch {
                    await store.close()
                    throw error
                }
                await store.close()
            }
            #expect(outcome == .corrupt)
        }
    }

    @Test func `a folder that does not exist is a clear error`() async throws {
        try await withScratchFolder { folder in
            let missing = folder.path("missing")
            #expect(await code { _ = try await SQLiteStore.open(folder: missing) } == .unavailable)
            let options = SQLiteOptions(creates: false)
            #expect(
                await code { _ = try await SQLiteStore.open(folder: folder.path, options: options) } == .unavailable)
            #expect(fileSize(folder.path("town.db")) == -1)
        }
    }

    @Test func `a folder that may only be read is a clear error`() async throws {
        try await withScratchFolder { folder in
            _ = try await fill(folder)
            // Root may write everywhere, so a process of another user tries.
            let user = geteuid() == 0 ? 65534 : geteuid()
            for path in [folder.path, folder.path("town.db")] { #expect(chown(path, user, gid_t.max) == 0) }
            #expect(await answer(in: folder.path, to: user) == ["sent"])
            chmod(folder.path("town.db"), 0o400)
            chmod(folder.path, 0o500)
            defer { chmod(folder.path, 0o700) }
            #expect(await answer(in: folder.path, to: user) == ["read_only"])
        }
    }

    @Test func `a row that cannot be read becomes a dead letter and blocks nobody`() async throws {
        try await withScratchFolder { folder in
            let (agent, ids) = try await fill(folder, messages: 3)
            let db = try Connection(path: folder.path("town.db"), mode: .readWrite)
            try db.run("update messages set type = 'from the future' where id = ?", ids[0])
            db.close()
            let store: any Store = try await SQLiteStore.open(folder: folder.path)
            let request = LeaseRequest(
                agent: agent, host: HostID(high: 1, low: 1), turn: TurnID(random: random), now: now)
            let lease = try #require(try await store.lease(request))
            #expect(lease.deliveries.map(\.message.id) == Array(ids[1...]))
            let dead = try await store.deadLetters(page: Page())
            #expect(dead.map(\.message.id) == [ids[0]])
            #expect(dead[0].message.body.text.contains("from the future"))
            #expect(dead[0].message.body.text.contains("yyyy"))
            await store.close()
        }
    }
}
