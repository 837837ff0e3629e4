import Arguments
import Commands
import Model
import Operations
import Testing

/// Completion offers what the command accepts, and nothing else.
@Suite(.timeLimit(.minutes(2))) struct CandidateTests {
    /// For each place that asks the program for candidates: a command line with one in place of `{}`.
    private static let lines: [String: [String]] = [
        "towns TOWN": ["towns", "forget", "{}"],
        "spawn --cli": ["spawn", "new", "--cli", "{}"], "spawn --parent": ["spawn", "new", "--parent", "{}"],
        "conductor --cli": [], "bootstrap --cli": [],
        "interrupt AGENT": ["interrupt", "{}", "--no-wait"], "resume AGENT": ["resume", "{}"],
        "close AGENT": ["close", "{}"], "kill AGENT": ["kill", "{}"], "restart AGENT": ["restart", "{}"],
        "wait AGENT": ["wait", "{}", "--timeout", "0s"],
        "reclaim --to": ["reclaim", "--to", "{}"], "reclaim --from": ["reclaim", "--from", "{}"],
        "assign AGENT": ["assign", "{}", "work"], "assign --from": ["assign", "ada", "work", "--from", "{}"],
        "assign --depends-on": ["assign", "ada", "work", "--depends-on", "{}"],
        "assign --parent": ["assign", "ada", "work", "--parent", "{}"],
        "send TO": ["send", "{}", "hello"], "send --from": ["send", "ada", "hello", "--from", "{}"],
        "inbox AGENT": ["inbox", "{}"],
        "task complete TASK": ["task", "complete", "{}"], "task fail TASK": ["task", "fail", "{}"],
        "task cancel TASK": ["task", "cancel", "{}"], "task release TASK": ["task", "release", "{}"],
        "task retry TASK": ["task", "retry", "{}"], "task wait TASK": ["task", "wait", "{}", "--timeout", "0s"],
        "task show TASK": ["task", "show", "{}"], "task list --agent": ["task", "list", "--agent", "{}"],
        // Of an agent without an open task there is nothing to show.
        "task current AGENT": [],
        "backlog add --depends-on": ["backlog", "add", "work", "--depends-on", "{}"],
        "backlog add --parent": ["backlog", "add", "work", "--parent", "{}"],
        "backlog claim TASK": ["backlog", "claim", "{}", "ada"],
        "backlog claim AGENT": ["backlog", "claim", "<backlog>", "{}"],
        "backlog assign-all AGENT": ["backlog", "assign-all", "{}"],
        "backlog remove TASK": ["backlog", "remove", "{}"],
        "dead show MESSAGE": ["dead", "show", "{}"], "dead retry MESSAGE": ["dead", "retry", "{}"],
        "dead drop MESSAGE": ["dead", "drop", "{}"], "dead retry --to": ["dead", "retry", "--all", "--to", "{}"],
        // Both follow files that a host writes.
        "attach AGENT": [], "logs AGENT": [],
        "events --agent": ["events", "--agent", "{}"], "history --agent": ["history", "--agent", "{}"],
        "help COMMAND": ["help", "{}"],
    ]

    /// A town with an agent of each kind, and tasks and messages in each state.
    private func town() async throws -> Bench {
        let bench = try Bench()
        for name in ["ada", "bob", "cleo"] { try await bench.spawn(name, nickname: name.uppercased()) }
        _ = await bench.tt("interrupt", "bob", "--no-wait")
        _ = await bench.tt("assign", "cleo", "lost")
        _ = await bench.tt("kill", "cleo", "--now")
        _ = await bench.tt("backlog", "add", "broken")
        let broken = await Self.candidates("backlog", bench)
        _ = await bench.tt("task", "fail", broken[0], "--result", "no")
        _ = await bench.tt("assign", "ada", "first")
        _ = await bench.tt("backlog", "add", "free")
        let first = try await bench.town.store.tasks(TaskFilter(), page: Page()).first { $0.title == "first" }
        let id = try #require(first?.id.description)
        _ = await bench.tt("assign", "ada", "second", "--depends-on", id)
        return bench
    }

    private static func places() -> [(place: String, kind: String)] {
        var places: [(String, String)] = []
        func walk(_ command: CommandSpec, _ path: [String]) {
            let name = path.joined(separator: " ")
            for option in command.options {
                if case .dynamic(let kind) = option.completion { places.append(("\(name) --\(option.name)", kind)) }
            }
            for positional in command.positionals {
                if case .dynamic(let kind) = positional.completion {
                    places.append(("\(name) \(positional.name)", kind))
                }
            }
            for sub in command.subcommands where !sub.isHidden { walk(sub, path + [sub.name]) }
        }
        walk(CommandLineFace(commands: CommandTable.all, version: "1").root, [])
        return places
    }

    @Test func `each candidate is accepted where it is offered`() async throws {
        var tried = 0
        for (place, kind) in Self.places() {
            guard let line = Self.lines[place] else {
                // Commands that come later: what they offer is at least a kind that is known.
                #expect(
                    await !Self.candidates(kind, try town()).isEmpty || kind == "dead" || kind == "towns", "\(place)")
                continue
            }
            guard !line.isEmpty else { continue }
            for candidate in await Self.candidates(kind, try town()) {
                // Each is tried in a town of its own, because most of them change it.
                let bench = try await town()
                var words = line
                if words.contains("<backlog>") {
                    let free = await Self.candidates("backlog", bench)
                    words = words.map { $0 == "<backlog>" ? free[0] : $0 }
                }
                // The ids of another town are others: the same place in the list is meant.
                let ids = await Self.candidates(kind, bench)
                let same = ids.contains(candidate) ? candidate : ids[0]
                words = words.map { $0 == "{}" ? same : $0 }
                let console = RecordingConsole()
                let code = await CommandLineFace(commands: CommandTable.all, version: "1").run(
                    words, parts: bench.parts(console))
                #expect(
                    [.done, .timedOut].contains(code), "\(words.joined(separator: " ")): \(console.error)")
                tried += 1
            }
        }
        #expect(tried > 60)
    }

    @Test func `in a list the last word is completed, and the supervisor is offered only where it receives`()
        async throws
    {
        let bench = try await town()
        let tasks = await Self.candidates("tasks", bench)
        let after = await bench.tt("__complete", "tasks", "\(tasks[0]),").output.split(separator: "\n").map(String.init)
        #expect(after == tasks.map { "\(tasks[0]),\($0)" })
        #expect(await Self.candidates("recipients", bench) == ["ada", "bob", "supervisor"])
        #expect(await Self.candidates("agents", bench) == ["ada", "bob"])
        #expect(await Self.candidates("known", bench) == ["ada", "bob", "cleo"])
    }

    private static func candidates(_ kind: String, _ bench: Bench) async -> [String] {
        await bench.tt("__complete", kind).output.split(separator: "\n").map(String.init)
    }
}
