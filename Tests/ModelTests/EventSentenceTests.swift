import Model
import Testing

@Suite struct EventSentenceTests {
    @Test(arguments: EventSentence.allCases.map(\.parts) + Notice.allCases.map(\.parts))
    func `every template is one of words and known places`(_ parts: [Template.Part]) {
        func words(_ parts: [Template.Part]) -> [String] {
            var found: [String] = []
            for part in parts {
                switch part {
                case .words(let text): found.append(text)
                case .fact, .number: continue
                case .maybe(_, _, let parts): found += words(parts)
                }
            }
            return found
        }
        let all = words(parts).joined()
        #expect(!all.isEmpty && !all.contains { "{}[]'\\".contains($0) }, "\(all)")
    }

    @Test func `facts stand in their places, and what is not known is left out`() {
        func text(_ sentence: EventSentence, _ facts: Facts) -> String { sentence.text(facts) }
        #expect(text(.agentSpawned, [.agent: "ada", .role: nil, .cli: "c"]) == "ada joined the town, run by c")
        #expect(text(.agentSpawned, [.agent: "ada", .role: "r", .cli: "c"]) == "ada joined the town as r, run by c")
        for (count, said) in [("0", "0 messages"), ("1", "1 message"), ("12", "12 messages")] {
            #expect(
                text(.turnStarted, [.agent: "a", .number: "3", .count: count]) == "a begins turn 3 with \(said)")
        }
        let sent: [String?] = ["", nil]
        #expect(
            sent.map { text(.messageSent, [.from: "a", .to: "b", .kind: "task", .urgent: $0, .about: ": x"]) }
                == ["a to b: task, urgent: x", "a to b: task: x"])
        #expect(Facts.flag(true) == "" && Facts.flag(false) == nil)
    }

    @Test func `a fact is said as it is, whatever is in it`() {
        let odd = "{agent} [x] {?to} %1 \\n"
        #expect(EventSentence.agentAttention.text([.agent: odd, .reason: odd]) == "\(odd): \(odd)")
    }

    @Test func `the end of an agent names only what is left of it`() {
        let left: [(String?, String?, String)] = [
            (nil, nil, ""), ("2", nil, "; 2 of its tasks are in the backlog again"),
            (nil, "3", "; 3 of its messages are dead letters"),
            ("2", "3", "; 2 of its tasks are in the backlog again, 3 of its messages are dead letters"),
        ]
        for (tasks, letters, end) in left {
            let text = EventSentence.agentRemoved.text([.agent: "a", .tasks: tasks, .letters: letters])
            #expect(text == "a was removed from the town\(end)")
        }
    }

    @Test func `a notice says what there is to do, and what is not known by a word for it`() {
        #expect(
            Notice.taskFailed.text([.id: "1234abcd", .agent: "ada", .title: "it", .reason: "no"])
                == "Task 1234abcd of ada failed: it\nWhy: no\nTo try it again: tt task retry 1234abcd")
        #expect(
            Notice.taskFailed.text([.id: "1", .title: "it"])
                == "Task 1 failed: it\nWhy: no reason given\nTo try it again: tt task retry 1")
        let ends = [true, false].map {
            Notice.usedUp.text([.agent: "a", .one: Facts.flag($0), .number: "3"])
        }
        #expect(
            ends == [
                "it has used up the one turn that it may take; let it continue with: tt restart a",
                "it has used up its 3 turns; let it continue with: tt restart a",
            ])
    }

    @Test func `an event has the kind of its sentence and the short id of its task`() {
        let (task, time) = (TaskID(high: 0x1234_5678_9ABC_DEF0, low: 1), Timestamp(microseconds: 5))
        let event = Event(.taskRetried, [.title: "it"], about: task, at: time)
        #expect(event.type == .taskRetried && event.task == task && event.timestamp == time)
        #expect(event.text == "task \(task.short) begins anew: it")
    }
}
