import FoundationEssentials
import MemoryStore
import Model
import TestSupport
import Testing

@testable import Operations

@Suite(.timeLimit(.minutes(1))) struct SnapshotTests {
    private static func records(_ town: OpenTown) async throws -> [TownRecord] {
        let reading = try await town.store.export()
        var records: [TownRecord] = []
        while let next = try await reading.next() { records += next }
        return records
    }

    private static func filled() async throws -> OpenTown {
        let town = makeTown()
        _ = try await SpawnAgent.call(.init(name: "worker", role: "backend"), in: town)
        _ = try await AssignTask.call(.init(agent: "worker", task: "Build \"it\"\nwell 👷"), in: town)
        _ = try await SendMessage.call(.init(to: "worker", message: "a note"), in: town)
        return town
    }

    private static func save(_ town: OpenTown, _ file: String) async throws -> TownSnapshot {
        try await TownSnapshot.save(town, to: file, overwrites: false, program: "1.2.3")
    }

    @Test func `W2: what was saved is restored in another town, with its order and its numbers`() async throws {
        let folder = try ScratchFolder()
        let town = try await Self.filled()
        let file = folder.path("town.jsonl")
        let saved = try await Self.save(town, file)
        #expect(saved.counts.agents == 1 && saved.counts.tasks == 1 && saved.counts.messages == 2)
        let other = makeTown(seed: 2)
        let restored = try await TownSnapshot.restore(other, from: file, ReplaceTerms())
        // How many texts were masked is known only where the file was written.
        var whole = restored
        whole.masked = saved.masked
        #expect(whole == saved && saved.masked == 0 && restored.masked == nil)
        var expected = try await Self.records(town)
        let now = try await Self.records(other)
        guard case .event(let last)? = now.last else { throw TestFailure() }
        #expect(last.type == .townRestored)
        expected.append(.event(last))
        #expect(now == expected)
    }

    /// The conductor has a role that nobody else gets.
    @Test func `a town with a conductor and its goal is restored and copied as well`() async throws {
        let folder = try ScratchFolder()
        let town = try await Self.filled()
        _ = try await StartGoal.call(.init(goal: "A login page"), in: town)
        _ = try await Self.save(town, folder.path("town.jsonl"))
        let other = makeTown(seed: 2)
        _ = try await TownSnapshot.restore(other, from: folder.path("town.jsonl"), ReplaceTerms())
        #expect(try await other.store.agent(Conductor.id)?.role == Conductor.role)
        let copy = try await TownCopy.make(from: town.store, to: MemoryStore(), ReplaceTerms())
        #expect(copy.counts.agents == 2 && copy.counts.kept == 1)
    }

    @Test func `what a restore replaced is brought back from the file that keeps it, and back again`() async throws {
        let folder = try ScratchFolder()
        var town = try await Self.filled()
        town.root = folder.path
        func names() async throws -> [String] { try await town.store.agents().map(\.name).sorted() }
        _ = try await SaveTown.call(.init(), in: town)
        _ = try await SpawnAgent.call(.init(name: "later"), in: town)
        _ = try await RestoreTown.call(.init(force: true), in: town)
        #expect(try await names() == ["worker"])
        for expected in [["later", "worker"], ["worker"]] {
            _ = try await RestoreTown.call(.init(file: ".tt/before-restore.jsonl", force: true), in: town)
            #expect(try await names() == expected)
        }
    }

    private struct TestFailure: Error {}

    @Test func `the same state is the same text, but for the first line, and one message more is one line more`()
        async throws
    {
        let folder = try ScratchFolder()
        let town = try await Self.filled()
        func lines(_ name: String) async throws -> [Substring] {
            _ = try await Self.save(town, folder.path(name))
            let text = try String(contentsOfFile: folder.path(name), encoding: .utf8)
            #expect(text.hasSuffix("}\n"))
            return text.split(separator: "\n").dropFirst()[...].map { $0 }
        }
        let first = try await lines("a")
        #expect(try await lines("b") == first)
        try await town.time.sleep(for: .seconds(5))
        let backlog = TaskFilter.backlog
        #expect(try await town.store.tasks(backlog, page: Page()).isEmpty)
        _ = try await AddToBacklog.call(.init(description: "more"), in: town)
        let difference = try await lines("c").difference(from: first)
        #expect(difference.removals.isEmpty && difference.insertions.count == 2, "a task and its event")
    }

    @Test func `every field of the model is carried`() throws {
        // A field that is added to the model has to be added to the written form and to this list.
        func fields(_ value: Any) -> Set<String> { Set(Mirror(reflecting: value).children.compactMap(\.label)) }
        let now = Timestamp(microseconds: 0)
        let id = AgentID(high: 1, low: 1)
        let agent = Agent(id: id, name: "a", cli: "c", createdAt: now)
        #expect(fields(agent).subtracting(["pinnedTo"]) == fields(AgentForm(agent)))
        let task = AgentTask(id: TaskID(high: 1, low: 1), description: "d", createdBy: id, createdAt: now)
        #expect(fields(task) == fields(TaskForm(task)))
        let message = Message(
            id: MessageID(high: 1, low: 1), from: id, to: id, body: .ping, createdAt: now)
        let delivery = Delivery(message: message, sequence: 1, changedAt: now)
        #expect(fields(delivery) == fields(DeliveryForm(delivery)))
    }

    @Test func `an agent, a task and a message with everything set come back from their lines`() throws {
        let (a, b) = (Timestamp(microseconds: 1), Timestamp(microseconds: 2_000_003))
        var agent = Agent(id: AgentID(high: 1, low: 2), name: "a", cli: "c", createdAt: a)
        (agent.nickname, agent.role, agent.parent, agent.kind) = ("N", "r", .supervisor, .lead)
        (agent.state, agent.currentTask, agent.lastHeartbeat, agent.lastActiveAt) = (
            .paused, TaskID(high: 3, low: 4), b, b
        )
        (agent.tasksCompleted, agent.turnsCompleted, agent.maxTurns, agent.turnsSinceStart) = (1, 2, 3, 4)
        agent.session = HarnessSession(
            id: "s", harness: "h",
            totals: Usage(inputTokens: 1, outputTokens: 2, cachedInputTokens: 3, cacheWriteTokens: 4, costUSD: 0.25))
        (agent.retryAt, agent.consecutiveFailures, agent.attention, agent.stopRequest) = (b, 5, "x", .afterTurn)
        var task = AgentTask(
            id: TaskID(high: 5, low: 6), description: "d", createdBy: agent.id, createdAt: a, tags: ["t"])
        (task.state, task.assignedTo, task.updatedAt, task.startedAt, task.completedAt) = (.failed, agent.id, b, b, b)
        (task.result, task.parent, task.dependsOn, task.priority) = ("r", task.id, [task.id], .urgent)
        (task.inBacklog, task.isWaiting, task.isGroup, task.reminders) = (true, true, true, 2)
        var message = Message(
            id: MessageID(high: 7, low: 8), from: agent.id, to: .supervisor, body: .taskDone(task.id, result: "r"),
            priority: .high, createdAt: a)
        (message.correlation, message.conversation, message.hops) = (message.id, ConversationID(high: 1, low: 1), 4)
        (message.author, message.attachments) = (Author(channel: "c", id: "i", name: "n"), ["/f"])
        message.idempotencyKey = "k"
        var delivery = Delivery(message: message, sequence: 9, state: .dead, changedAt: b)
        (delivery.attempts, delivery.deliveries, delivery.lastError) = (5, 6, "e")
        let text = Document(
            key: "mission:a:work", kind: .field, name: Array("ä".utf8), value: Array(#"{"a":"/"}"#.utf8))
        let bytes = Document(key: "mission:b", kind: .member, name: [0, 255, 0xC3, 0x28], value: [])
        for record: TownRecord in [
            .agentLimit(3), .agent(agent), .task(task), .message(delivery), .kept(text), .kept(bytes),
            .kept(.item("mission:c", at: 7, [200])),
        ] {
            #expect(try SnapshotLine.record(try SnapshotLine.bytes(record)) == record)
        }
    }

    @Test func `a session of an earlier version's snapshot is read, with the figures that it has`() throws {
        var agent = Agent(id: AgentID(high: 1, low: 2), name: "a", cli: "c", createdAt: Timestamp(microseconds: 1))
        let totals = Usage(inputTokens: 1, outputTokens: 2, cachedInputTokens: 3, cacheWriteTokens: 4)
        agent.session = HarnessSession(id: "s", harness: "h", totals: totals)
        let line = String(decoding: try SnapshotLine.bytes(.agent(agent)), as: UTF8.self)
        let older = line.replacing("\"cache_write_tokens\":4,", with: "")
        #expect(older.count < line.count)
        agent.session?.totals = Usage(inputTokens: 1, outputTokens: 2, cachedInputTokens: 3)
        #expect(try SnapshotLine.record(Array(older.utf8)) == .agent(agent))
    }

    @Test func `a damaged, edited, cut or foreign file changes nothing`() async throws {
        let folder = try ScratchFolder()
        let town = try await Self.filled()
        let file = folder.path("town.jsonl")
        _ = try await Self.save(town, file)
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let other = try await Self.filled()
        let before = try await Self.records(other)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let short = lines.dropLast(2).joined(separator: "\n") + "\n"
        let newer = text.replacing("\"version\":1", with: "\"version\":2")
        let edited = text.replacing("a note", with: "a vote")
        var damaged: [String] = [edited, short, newer, "", "{}\n", "hello\n"]
        damaged.append(short + "{\"event\":{}}\n")
        damaged.append(text + "{}\n")
        damaged.append(text + "what?\n")
        damaged.append(lines.dropFirst().joined(separator: "\n"))
        for (index, content) in damaged.enumerated() {
            let path = try folder.write(content, to: "damaged-\(index)")
            let error = await failure {
                _ = try await TownSnapshot.restore(other, from: path, ReplaceTerms(overwrites: true))
            }
            #expect(error?.code == .invalid, "\(index): \(String(describing: error))")
        }
        let missing = await failure {
            _ = try await TownSnapshot.restore(other, from: folder.path("none"), ReplaceTerms(overwrites: true))
        }
        #expect(missing?.code.kind == .notFound)
        #expect(try await Self.records(other) == before)
        let returns = try folder.write(lines.joined(separator: "\r\n"), to: "returns")
        #expect(try await TownSnapshot.check(returns).counts.messages == 2, "line ends of another system do no harm")
    }

    @Test func `saving never replaces what is no snapshot, and leaves nothing behind`() async throws {
        let folder = try ScratchFolder()
        let town = try await Self.filled()
        let file = try folder.write("my notes\n", to: "notes")
        #expect(await failure { _ = try await Self.save(town, file) }?.code.kind == .conflict)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "my notes\n")
        _ = try await TownSnapshot.save(town, to: file, overwrites: true, program: "1")
        _ = try await Self.save(town, file)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["notes"])
    }
}
