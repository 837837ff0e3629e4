import Model
import Testing

@Suite struct ValidationTests {
    private static let now = Timestamp(microseconds: 0)
    private static func agent(_ change: (inout Agent) -> Void = { _ in }) -> Agent {
        var agent = Agent(id: AgentID(high: 1, low: 2), name: "a", cli: "claude", createdAt: now)
        change(&agent)
        return agent
    }

    private static func task(_ low: UInt64, parent: UInt64? = nil, needs: [UInt64] = []) -> AgentTask {
        var task = AgentTask(
            id: TaskID(high: 9, low: low), description: "d", createdBy: .supervisor, createdAt: now)
        task.parent = parent.map { TaskID(high: 9, low: $0) }
        task.dependsOn = needs.map { TaskID(high: 9, low: $0) }
        return task
    }

    private static func delivery(_ sequence: Int64, _ change: (inout Delivery) -> Void = { _ in }) -> Delivery {
        let message = Message(
            id: MessageID(high: 3, low: UInt64(bitPattern: sequence)), from: .supervisor, to: .supervisor, body: .ping,
            createdAt: now)
        var delivery = Delivery(message: message, sequence: sequence, changedAt: now)
        change(&delivery)
        return delivery
    }

    private static func event(_ sequence: Int64) -> Event {
        var event = Event(.turnStarted, "x", at: now)
        event.sequence = sequence
        return event
    }

    @Test(arguments: [
        "../../../home/pwn", "/etc/passwd", "a/b", "..", ".", ".hidden", "-rf", "", "a\u{0}b", "a\nb", "supervisor",
        "host", String(repeating: "x", count: 65), "a\u{202E}b",
    ])
    func `an agent whose name could be a path or a deception is refused`(_ name: String) {
        #expect(throws: InvalidRecord.self) { try Self.agent { $0.name = name }.validated() }
        let file = AgentName.fileName(name)
        #expect(!file.contains("/") && !file.hasPrefix(".") && file.hasPrefix("unnamed-"))
    }

    @Test func `an agent of a good name is taken, with spaces as other programs have them`() throws {
        #expect(try Self.agent { $0.name = "back end" }.validated().name == "back end")
        #expect(AgentName.fileName("back end") == "back end")
    }

    @Test func `numbers that no counter reaches are refused`() {
        #expect(throws: InvalidRecord.self) { try Self.agent { $0.turnsCompleted = .max }.validated() }
        #expect(throws: InvalidRecord.self) { try Self.agent { $0.consecutiveFailures = -1 }.validated() }
        #expect(throws: InvalidRecord.self) {
            try Self.agent { $0.retryAt = Timestamp(microseconds: .max) }.validated()
        }
        #expect(throws: InvalidRecord.self) { try Self.delivery(.max).validated() }
        #expect(throws: InvalidRecord.self) { try Self.delivery(0).validated() }
        #expect(throws: InvalidRecord.self) { try Self.delivery(1) { $0.attempts = .min }.validated() }
        #expect(throws: InvalidRecord.self) { try Self.delivery(1) { $0.message.hops = .max }.validated() }
        #expect(throws: InvalidRecord.self) { try Self.event(.max).validated() }
        #expect(throws: InvalidRecord.self) { try TownRecord.agentLimit(.min).validated() }
    }

    @Test func `a document that no town keeps is refused`() throws {
        for key in ["~state", "", ":a", "a b", "Mission:a", "mission:a\n", "mission:a:dispatch_lock", "service:host"] {
            #expect(throws: InvalidRecord.self) { try Document(key: key, kind: .text, value: []).validated() }
        }
        _ = try Document(key: "mission:a:work", kind: .text, value: [0, 255]).validated()
    }

    @Test func `states that contradict each other are refused`() {
        let ids = Self.agent().id
        func refused(_ change: (inout AgentTask) -> Void) -> Bool {
            var task = Self.task(1)
            change(&task)
            return (try? task.validated()) == nil
        }
        #expect(refused { ($0.inBacklog, $0.assignedTo) = (true, ids) })
        #expect(refused { ($0.isWaiting, $0.state) = (true, .completed) })
        #expect(refused { ($0.isGroup, $0.assignedTo) = (true, ids) })
        #expect(refused { $0.dependsOn = [$0.id] })
        #expect(refused { $0.parent = $0.id })
        #expect(!refused { $0.inBacklog = true })
    }

    private static func fault(_ records: [TownRecord]) -> String? {
        var check = TownCheck()
        do throws(InvalidRecord) {
            for record in records { try check.take(record) }
            try check.finish()
            return nil
        } catch {
            return error.reason
        }
    }

    @Test func `a town whose records contradict each other is refused`() {
        #expect(Self.fault([.agent(Self.agent()), .agent(Self.agent())]) == "it is there twice")
        #expect(Self.fault([.message(Self.delivery(2)), .message(Self.delivery(1))]) != nil)
        #expect(Self.fault([.event(Self.event(2)), .event(Self.event(2))]) != nil)
        #expect(Self.fault([.message(Self.delivery(1) { $0.state = .leased })]) != nil)
        #expect(Self.fault([.task(Self.task(1, parent: 2)), .task(Self.task(2, parent: 1))]) != nil)
        #expect(Self.fault([.task(Self.task(1, needs: [2])), .task(Self.task(2, needs: [1]))]) != nil)
        let deep = (1...UInt64(TownCheck.deepest + 2)).map { Self.task($0, parent: $0 + 1) }
        #expect(Self.fault(deep.map { .task($0) }) != nil)
        #expect(Self.fault(deep.prefix(50).map { .task($0) }) == nil)
    }
}
