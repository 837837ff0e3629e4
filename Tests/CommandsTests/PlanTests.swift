import Commands
import Model
import TestSupport
import Testing

private let plan = """
    [meta]
    default_agent = "worker"

    [[tasks]]
    id = "build"
    description = "Build it"

    [[tasks]]
    id = "test"
    description = "Test it"
    agent = ""
    depends_on = ["build"]
    """

@Suite(.timeLimit(.minutes(1))) struct PlanCommands {
    private func bench(_ plan: String? = plan) async throws -> Bench {
        let bench = try Bench()
        try await bench.spawn("worker")
        if let plan { _ = try bench.folder.write(plan, to: "tasks.toml") }
        return bench
    }

    @Test func `a plan is made once, shown, and never written over`() async throws {
        let bench = try await bench(nil)
        let missing = await bench.tt("plan")
        #expect(missing.exit == .notFound && missing.error.hasSuffix("Create one with: tt plan --init\n"))
        #expect(await bench.tt("plan", "--init").output.hasPrefix("📝 Created ./tasks.toml\n"))
        #expect(
            await bench.tt("plan").output == """
                📋 Tasks in plan (./tasks.toml):
                  ⏳ [unassigned] example-1 - Example task - replace with your own

                """)
        #expect(await bench.tt("plan", "-i").exit == .conflict)
    }

    @Test func `W11 push says what it did, and the second time that there was nothing to do`() async throws {
        let bench = try await bench()
        #expect(
            await bench.tt("plan").output == """
                📋 Tasks in plan (./tasks.toml):
                  ⏳ [worker] build - Build it
                  ⏳ [unassigned] test - Test it (after build)

                """)
        #expect(await bench.tt("sync").output == "⬆️  Pushed 2 tasks from tasks.toml to the town (2 new)\n")
        #expect(bench.hostRequests == 1)
        #expect(
            await bench.tt("sync", "push").output == "⬆️  Pushed 2 tasks from tasks.toml to the town (2 as before)\n")
        #expect(bench.hostRequests == 2, "nothing is new, but work waits and there is no host")
        #expect(
            await bench.tt("sync", "pull").output
                == "⬇️  Pulled 2 tasks from the town to tasks.toml\n   • changed: build\n")
        let wrong = await bench.tt("sync", "pul")
        #expect(wrong.exit == .usage && wrong.error == "error: there is no direction 'pul'. Did you mean 'pull'?\n")
    }

    @Test func `every mistake of a plan has a line of its own`() async throws {
        let bench = try await bench(plan + "\nstatsu = 1\nparent = \"biuld\"")
        let result = await bench.tt("sync", "push")
        let path = bench.folder.path("tasks.toml")
        #expect(result.exit == .failed && result.output.isEmpty)
        #expect(
            result.error == """
                error: \(path):13:1: unknown key 'tasks.statsu'; did you mean 'status'?
                       \(path):14:10: tasks.parent of 'test': there is no task 'biuld' in the plan; did you mean 'build'?

                """)
        #expect(await bench.tt("plan").error == result.error)
        #expect(try await bench.store.tasks(TaskFilter(), page: Page()).isEmpty)
    }

    @Test func `a task can be made to wait, says for what, and is let go by the last completion`() async throws {
        let bench = try await bench(nil)
        _ = await bench.tt("backlog", "add", "Design it")
        let first = try #require(try await bench.store.tasks(.backlog, page: Page()).first)
        let short = String(first.id.description.prefix(8))
        let made = await bench.tt("assign", "worker", "Build it", "--depends-on", String(short.prefix(5)))
        #expect(made.output.hasSuffix("\n   ⏳ waits for \(short) - Design it (pending)\n"))
        let added = await bench.tt("backlog", "add", "Ship it", "--parent", short)
        #expect(added.output.contains("the backlog has it when it waits no longer\n   ⏳ waits for \(short)"))
        #expect(await bench.tt("backlog", "list").output.hasPrefix("📥 Backlog: 1\n"))
        let waiting = await bench.tt("task", "list", "--state", "waiting").output.split(separator: "\n")
        #expect(waiting.count == 3 && waiting[1].hasSuffix("Build it [worker] (waits for \(short))"))
        #expect(waiting[2].hasSuffix("Ship it [unassigned] (waits for \(short))"))
        let id = String(waiting[1].split(separator: " ")[1])
        let shown = await bench.tt("task", "show", id).output
        #expect(shown.contains("⏳ Pending - waits for \(short)\n"))
        #expect(shown.contains("   Depends on:\n      ⏳ \(short) - Design it (pending)\n"))
        #expect(
            await bench.tt("task", "show", short).output.contains(
                "   Dependents:\n      ⏳ \(id) - Build it (waiting)\n"))
        #expect(await bench.tt("__complete", "waiting", id).output == "\(id)\n")
        let claimed = await bench.tt("backlog", "claim", id, "worker")
        #expect(claimed.exit == .conflict && claimed.error.contains("it waits for \(short). Let it begin all the same"))
        let refused = await bench.tt("task", "complete", id)
        #expect(refused.exit == .conflict && refused.error.contains("waits for \(short) (pending)"))
        #expect(await bench.tt("task", "complete", short).exit == .done)
        #expect(await bench.tt("inbox", "worker").output.contains("Build it"))
        #expect(await bench.tt("backlog", "list").output.contains("Ship it"))
        #expect(await bench.tt("assign", "worker", "x", "--depends-on", "0000").exit == .notFound)
    }

    @Test func `whoever calls a task off sees what cannot go on, and can let it go on`() async throws {
        let bench = try await bench(nil)
        _ = await bench.tt("backlog", "add", "Design it")
        let short = String(try await bench.store.tasks(.backlog, page: Page())[0].id.description.prefix(8))
        _ = await bench.tt("assign", "worker", "Build it", "--depends-on", short)
        let cancelled = await bench.tt("task", "cancel", short).output
        #expect(cancelled.hasPrefix("🚫 Task \(short) cancelled\n"))
        #expect(cancelled.contains("These tasks wait for it and are blocked"))
        #expect(await bench.tt("task", "list").output.contains("(waits for \(short), which was cancelled)"))
        let id = String(cancelled.split(separator: "\n").last!.split(separator: " ")[1])
        #expect(await bench.tt("task", "release", short).exit == .conflict)
        #expect(
            await bench.tt("task", "release", id).output == "🔓 Task \(id) no longer waits and goes to 'worker'\n")
        #expect(await bench.tt("inbox", "worker").output.contains("Build it"))
    }

    @Test func `W40 fail and cancel end a task once`() async throws {
        let bench = try await bench(nil)
        for (command, icon) in [("fail", "❌"), ("cancel", "🚫")] {
            _ = await bench.tt("assign", "worker", "Build it")
            let task = try #require(try await bench.store.tasks(TaskFilter(states: [.assigned]), page: Page()).first)
            let short = String(task.id.description.prefix(8))
            #expect(await bench.tt("task", command, short, "--result", "no").output.hasPrefix("\(icon) Task \(short)"))
            for again in ["complete", "fail", "cancel"] {
                #expect(await bench.tt("task", again, short).exit == .conflict)
            }
        }
    }
}
