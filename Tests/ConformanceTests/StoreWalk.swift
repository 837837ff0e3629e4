import MemoryStore
import Model
import StoreSupport
import TestOrder
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Every store does the same as the one in memory, whatever is asked of it.
///
/// A walk is a row of verbs that come from one number: what was answered, what was refused and everything that can be read
/// afterwards is compared after each. A difference names its seed and step; `WALK_FROM=SEED WALK_SEEDS=1` repeats it exactly,
/// `WALK_SEEDS=N` walks longer, `WALK_ONLY=redis-7` in one store.
@Suite(.timeLimit(.minutes(10)), .serialized, .queued) struct StoreWalk {
    private static func setting(_ name: String, _ standard: Int) -> Int {
        getenv(name).flatMap { Int(String(cString: $0)) } ?? standard
    }

    @Test(arguments: Subject.all.dropFirst())
    func `each verb answers, writes and refuses as in memory`(_ subject: Subject) async throws {
        if let only = getenv("WALK_ONLY"), !subject.description.hasPrefix(String(cString: only)) { return }
        let from = Self.setting("WALK_FROM", 1)
        let steps = Self.setting("WALK_STEPS", 160)
        var happened: [EventType: Int] = [:]
        for seed in from..<from + Self.setting("WALK_SEEDS", 8) {
            guard try await walk(seed, steps: steps, subject, looking: 8, &happened) != nil else { continue }
            // Once more with a look after each step, to name the one.
            let difference = try await walk(seed, steps: steps, subject, looking: 1, &happened)
            Issue.record("seed \(seed), \(difference ?? "a difference that came once and not again")")
            return
        }
        // A walk in which little happens shows little.
        guard happened.values.reduce(0, +) > 1000 else { return }
        #expect(happened[.turnFinished, default: 0] > 30 && happened[.turnFailed, default: 0] > 10, "\(happened)")
        #expect(happened[.taskCompleted, default: 0] > 5 && happened[.messageDead, default: 0] > 5, "\(happened)")
    }

    /// - Parameter looking: after how many steps everything is read and compared; answers and the log are after each.
    /// - Returns: the first difference.
    private func walk(
        _ seed: Int, steps: Int, _ subject: Subject, looking: Int, _ happened: inout [EventType: Int]
    ) async throws -> String? {
        let folder = try ScratchFolder()
        let sides = [WalkSide(MemoryStore()), WalkSide(try await subject.open(folder))]
        var walker = Walker(seed: UInt64(seed))
        var difference: String?
        for step in 1...steps {
            let verb = try await walker.next(sides[0])
            var said: [String] = []
            for side in sides {
                do {
                    said.append(try await verb.body(side))
                } catch let error as StoreError {
                    said.append("refused: \(error.code): \(error.message)")
                }
            }
            difference = WalkText.difference(said[0], said[1], known: walker.known)
            if difference == nil {
                difference = WalkText.difference(
                    try await sides[0].dump(everything: step % looking == 0 || step == steps),
                    try await sides[1].dump(everything: step % looking == 0 || step == steps), known: walker.known)
            }
            if let found = difference {
                difference = "step \(step):\n\(found)\n  after \(verb.name)"
                break
            }
        }
        let events = try await sides[0].store.events(after: 0, limit: 100_000, filter: EventFilter())
        for event in events { happened[event.type, default: 0] += 1 }
        for side in sides { await side.store.close() }
        withExtendedLifetime(folder) {}
        return difference
    }
}

/// A store in a walk, with the leases that are held in it.
final class WalkSide {
    let store: any Store
    var leases: [AgentID: LeaseToken] = [:]
    private var seen: Int64 = 0

    init(_ store: any Store) { self.store = store }

    /// What has happened since the last look, in lines, or everything that can be read.
    func dump(everything: Bool) async throws -> String {
        var lines: [String] = []
        for event in try await store.events(after: seen, limit: 100_000, filter: EventFilter()) {
            seen = event.sequence
            var plain = event
            plain.sequence = 0
            lines.append("event \(plain)")
        }
        guard everything else { return lines.joined(separator: "\n") }
        let agents = try await store.agents()
        lines += agents.map { "agent \($0)" }
        lines += try await store.pulse().map { "pulse \($0.agent.name) \($0.hasWork) \($0.expectsWork)" }
        lines += try await store.leases().map { "lease \($0)" }
        lines += try await store.hosts().sorted { $0.id.description < $1.id.description }.map { "host \($0)" }
        lines += try await store.tasks(TaskFilter(), page: Page()).map { "task \($0)" }
        lines.append("counts \(try await store.queueCounts()) \(try await store.taskCounts().backlog)")
        let states = try await store.taskCounts().byState
        lines.append("states \(TaskState.allCases.map { "\($0): \(states[$0] ?? 0)" })")
        lines += try await store.deadLetters(page: Page()).map { "dead \(Self.plain($0))" }
        let waiting = try await store.waitingCounts()
        for agent in agents.map(\.id) + [.supervisor] {
            lines += try await store.inbox(agent, page: Page()).map { "inbox \(Self.plain($0))" }
            let counts = (waiting[agent] ?? [:]).sorted { $0.key < $1.key }
            if !counts.isEmpty { lines.append("waiting \(agent) \(counts)") }
        }
        return lines.joined(separator: "\n")
    }

    static func plain(_ delivery: Delivery) -> Delivery {
        var plain = delivery
        plain.sequence = 0
        return plain
    }

    func task(_ index: Int) async throws -> AgentTask? {
        let tasks = try await store.tasks(TaskFilter(), page: Page())
        return tasks.isEmpty ? nil : tasks[index % tasks.count]
    }
}

/// Texts of two stores, compared. Ids that a store made itself are named by the order in which they appear.
enum WalkText {
    static func difference(_ oracle: String, _ subject: String, known: Set<String>) -> String? {
        let (left, right) = (renamed(oracle, known), renamed(subject, known))
        if left == right { return nil }
        let (wanted, found) = (left.split(separator: "\n"), right.split(separator: "\n"))
        let same = zip(wanted, found).prefix { $0 == $1 }.count
        func text(_ lines: [Substring]) -> String { same < lines.count ? String(lines[same]) : "nothing" }
        // What is alike is cut, so that the difference is seen.
        let alike = zip(text(wanted), text(found)).prefix { $0 == $1 }.count
        let start = text(wanted).prefix(while: { $0 != " " })
        func line(_ lines: [Substring]) -> String {
            alike < 160
                ? String(text(lines).prefix(600)) : "\(start) … \(text(lines).dropFirst(alike - 120).prefix(500))"
        }
        return "  memory: \(line(wanted))\n  store:  \(line(found))"
    }

    private static func renamed(_ text: String, _ known: Set<String>) -> String {
        var names: [String: String] = [:]
        var result: [UInt8] = []
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            guard isID(bytes, index) else {
                result.append(bytes[index])
                index += 1
                continue
            }
            let id = String(decoding: bytes[index..<index + 36], as: UTF8.self)
            index += 36
            if known.contains(id) || id.hasPrefix("00000000-0000-0000") {
                result += Array(id.utf8)
            } else {
                let name = names[id] ?? "#\(names.count + 1)"
                names[id] = name
                result += Array(name.utf8)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isID(_ bytes: [UInt8], _ start: Int) -> Bool {
        guard start + 36 <= bytes.count, start == 0 || !isHex(bytes[start - 1]) else { return false }
        for offset in 0..<36 {
            let byte = bytes[start + offset]
            let isHyphen = offset == 8 || offset == 13 || offset == 18 || offset == 23
            guard isHyphen ? byte == 0x2D : isHex(byte) else { return false }
        }
        return true
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }
}
