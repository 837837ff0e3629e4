import Commands
import Model
import Testing

/// What `prune`, `recover`, `reclaim`, `reset` and `start` say.
@Suite(.timeLimit(.minutes(1))) struct MaintenanceTests {
    private func bench(_ agents: String...) async throws -> Bench {
        let bench = try Bench()
        for name in agents { try await bench.spawn(name) }
        return bench
    }

    @Test func `prune says of each agent what went, and where its work and its mail are`() async throws {
        let bench = try await bench("ada", "bob", "eve")
        _ = await bench.tt("assign", "ada", "Build it")
        _ = await bench.tt("send", "ada", "which?", "--query")
        #expect(await bench.tt("prune").output == "✨ Nothing to prune: 3 agents are active\n")
        for name in ["ada", "bob"] { _ = await bench.tt("kill", name, "--now") }
        let ids = try await bench.store.agents().map(\.id)
        let result = await bench.tt("prune")
        #expect(result.exit == .done)
        #expect(
            result.output == """
                🗑️  Removed ada (\(ids[0])) - Stopped
                      1 task back in the backlog
                      1 message to the dead letters; see: tt dead list
                🗑️  Removed bob (\(ids[1])) - Stopped
                ✨ Pruned 2 agents; 1 agent is active

                """)
    }

    @Test func `what a removed agent left unread is given to another one`() async throws {
        let bench = try await bench("ada", "bob")
        _ = await bench.tt("send", "ada", "which?", "--query")
        _ = await bench.tt("kill", "ada", "--now")
        _ = await bench.tt("prune")
        let letter = try #require(try await bench.store.deadLetters(page: Page()).first?.message.id)
        let gone = await bench.tt("dead", "retry", letter.description)
        #expect(gone.exit == .notFound && gone.error.contains("tt dead retry \(letter) --to NAME"))
        #expect(await bench.tt("dead", "retry", "--all").output.contains("left as it is: \(letter)"))
        #expect(await bench.tt("dead", "retry", "--all", "--to", "bob").output == "🔁 \(letter) put back\n")
        #expect(await bench.tt("inbox", "bob").output.contains("which?"))
        #expect(await bench.tt("dead", "list").output == "No dead letters.\n")
    }

    @Test func `prune of all stops active agents first, and is refused in an agent's own turn`() async throws {
        let bench = try await bench("ada", "bob")
        let inside = await bench.tt("prune", "--all", environment: ["TINYTOWN_AGENT_NAME": "ada"])
        #expect(inside.exit == .needsPerson && inside.error.contains("agents can't run `tt prune`"))
        #expect(try await bench.store.agents().count == 2)
        let result = await bench.tt("prune", "--all", "--json")
        #expect(result.exit == .done && result.output.contains("\"live\":0"))
        #expect(try await bench.store.agents().isEmpty)
        #expect(await bench.tt("prune", "--all").output == "✨ Nothing to prune\n")
    }

    @Test func `W3 reclaim lists what is orphaned, and moves it only when told where to`() async throws {
        let bench = try await bench("ada", "bob")
        #expect(await bench.tt("reclaim").output == "✨ No orphaned work found\n")
        _ = await bench.tt("assign", "ada", "Build the login page")
        _ = await bench.tt("send", "ada", "which colour?", "--query")
        _ = await bench.tt("kill", "ada", "--now")
        let preview = await bench.tt("reclaim")
        #expect(preview.exit == .done)
        #expect(
            preview.output == """
                🔍 Orphaned work:
                   ada (Stopped): 2 items
                      task: Build the login page
                      query: which colour?
                📋 Found 2 orphaned items. Nothing was changed
                   Use --to-backlog or --to AGENT to reclaim them

                """)
        #expect(await bench.tt("reclaim").output == preview.output)
        let requests = bench.hostRequests
        #expect(
            await bench.tt("reclaim", "--to-backlog").output == """
                🔄 Reclaiming orphaned work...
                   ada (Stopped): 2 items
                      → backlog: Build the login page
                      stays: query: which colour?
                ✅ Moved 1 item to backlog
                   1 message left in the inboxes; --to AGENT moves them

                """)
        #expect(
            await bench.tt("reclaim", "--to", "bob").output == """
                🔄 Reclaiming orphaned work...
                   ada (Stopped): 1 item
                      → bob: which colour?
                ✅ Moved 1 item to 'bob'

                """)
        #expect(bench.hostRequests == requests + 2)
        #expect(await bench.tt("reclaim", "--to", "bob", "--to-backlog").exit == .usage)
        #expect(await bench.tt("reclaim", "--to", "ada").error.contains("ring it back first: tt restart ada"))
    }

    @Test func `W9 reset asks first, then stops everybody and forgets everything`() async throws {
        let bench = try await bench("ada")
        _ = await bench.tt("assign", "ada", "Build it")
        _ = await bench.tt("backlog", "add", "Later")
        let preview = await bench.tt("reset")
        #expect(preview.exit == .done)
        #expect(
            preview.output == """
                🗑️  Resetting town 'demo'
                   This will delete:
                   - 1 agent
                   - 2 tasks
                   - 1 backlog item
                   - 1 waiting message and 0 dead letters
                   - the log of events

                ⚠️  This action cannot be undone!
                   Run with --force to confirm: tt reset --force

                """)
        #expect(await bench.tt("reset", "--json").output.contains("\"done\":false"))
        #expect(try await bench.store.agents().count == 1)
        #expect(await bench.tt("reset", "--force", environment: ["TINYTOWN_AGENT_NAME": "ada"]).exit == .needsPerson)
        let done = await bench.tt("reset", "--force")
        #expect(done.exit == .done)
        #expect(
            done.output.hasSuffix(
                """
                🛑 Stopping 1 agent
                ✅ Reset complete: deleted 1 agent, 2 tasks and 1 message
                   Run 'tt spawn NAME' to create new agents

                """))
        #expect(try await bench.store.agents().isEmpty)
        #expect(try await bench.store.taskCounts() == TaskCounts())
    }

    @Test func `reset of the agents keeps the tasks`() async throws {
        let bench = try await bench("ada")
        _ = await bench.tt("assign", "ada", "Build it")
        let preview = await bench.tt("reset", "--agents-only")
        #expect(preview.output.contains("   - 1 agent and their inboxes\n     1 waiting message goes to the dead"))
        #expect(preview.output.hasSuffix("to confirm: tt reset --agents-only --force\n"))
        let done = await bench.tt("reset", "--agents-only", "--force")
        #expect(done.output.contains("✅ Reset complete: deleted 1 agent; tasks and backlog were kept"))
        #expect(try await bench.store.agents().isEmpty)
        #expect(try await bench.store.taskCounts().backlog == 1)
    }

    @Test func `recover says honestly that there was nothing to do`() async throws {
        let bench = try await bench("ada")
        let result = await bench.tt("recover")
        #expect(result.exit == .done)
        #expect(
            result.output == """
                🔍 Scanning for orphaned agents...
                   🚀 Starting a host for 1 agent that none served
                ✨ No orphaned agents found (1 agent checked)

                """)
        #expect(bench.hostRequests == 1)
        #expect(await bench.tt("recover", "--json").output.hasPrefix("{\"checked\":1,"))
    }

    @Test func `start brings the town up, and with restart everybody in it`() async throws {
        let bench = try await bench("ada", "bob")
        let first = await bench.tt("start", "--detach")
        #expect(first.output == "🚀 Town 'demo' is open: 2 active agents\n" && bench.hostRequests == 1)
        _ = await bench.tt("kill", "ada")
        #expect(
            await bench.tt("start", "-d", "--restart").output
                == "   ▶️  Restarted 'ada'\n🚀 Town 'demo' is open: 2 active agents\n")
        for name in ["ada", "bob"] { _ = await bench.tt("kill", name) }
        #expect(
            await bench.tt("start", "-d").output.hasSuffix(
                "   2 agents have ended; bring them back with: tt start --restart\n"))
        #expect(await bench.tt("start", "--json").exit == .usage)
    }
}
