import FoundationEssentials
import Model
import Operations
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct AgentTests {
    @Test func `a spawned agent is listed with every field that readers of Tinytown's JSON expect`() async throws {
        let town = makeTown()
        _ = try await SpawnAgent.call(.init(name: "backend", role: "api", maxTurns: 3), in: town)
        let output = try await ListAgents.call(.init(), in: town)
        let agent = try #require(output.agents.first)
        #expect(agent.name == "backend" && agent.cli == "claude" && agent.state == .starting && agent.maxTurns == 3)
        #expect(agent.label == "backend (api)" && agent.nickname == nil)
        let json = String(decoding: try JSONEncoder().encode(output), as: UTF8.self)
        for key in [
            "id", "name", "nickname", "role_id", "parent_agent_id", "spawn_mode", "agent_type", "state", "cli",
            "current_task", "created_at", "last_heartbeat", "tasks_completed", "rounds_completed", "last_active_at",
            "label", "short_id", "attention", "retry_at", "pending", "lease",
        ] {
            #expect(json.contains("\"\(key)\":"), "\(key) is missing")
        }
        #expect(json.contains("\"current_task\":null"))
        #expect(try JSONDecoder().decode(ListAgents.Output.self, from: Data(json.utf8)) == output)
    }

    @Test(arguments: ["", "a/b", "supervisor", "Conductor", "a b", "it's", "-x", ".hidden", "tab\there"])
    func `W22 a name that would break files or prompts is refused`(name: String) async throws {
        let town = makeTown()
        #expect(await failure { _ = try await SpawnAgent.call(.init(name: name), in: town) }?.code == .invalid)
        #expect(try await town.store.agents().isEmpty)
    }

    @Test func `W21 a name can be had only once among live agents`() async throws {
        let town = makeTown()
        _ = try await SpawnAgent.call(.init(name: "backend"), in: town)
        let error = await failure { _ = try await SpawnAgent.call(.init(name: "Backend"), in: town) }
        #expect(error?.code.kind == .conflict)
    }

    @Test func `an unknown parent is refused before anything is registered`() async throws {
        let town = makeTown()
        let error = await failure { _ = try await SpawnAgent.call(.init(name: "child", parent: "nobody"), in: town) }
        #expect(error?.code.kind == .notFound)
        #expect(try await town.store.agents().isEmpty)
    }

    @Test func `a reference that nobody fits names the closest`() async throws {
        let town = makeTown()
        _ = try await SpawnAgent.call(.init(name: "backend"), in: town)
        let error = await failure { _ = try await town.party("bakcend") }
        #expect(error?.code.kind == .notFound)
        #expect(error?.remedies == [.text("did you mean 'backend'?")])
    }

    @Test func `a reference that several fit lists them with their ids`() async throws {
        let town = makeTown()
        let first = try await SpawnAgent.call(.init(name: "one", nickname: "Twin"), in: town).agent
        let second = try await SpawnAgent.call(.init(name: "two", nickname: "Twin"), in: town).agent
        let error = await failure { _ = try await town.party("twin") }
        #expect(error?.code.kind == .conflict)
        for agent in [first, second] {
            #expect(error?.message.contains("\(agent.label) (\(agent.shortID))") == true)
        }
    }

    @Test func `the name that was typed comes first, and a nickname only where somebody gave one`() async throws {
        func label(_ name: String, role: String? = nil, nickname: String? = nil) -> String {
            var agent = Agent(
                id: AgentID(high: 0, low: 1), name: name, cli: "claude", createdAt: Timestamp(microseconds: 0))
            (agent.role, agent.nickname) = (role, nickname)
            return agent.label
        }
        #expect(label("api") == "api")
        #expect(label("api", role: "default") == "api" && label("tester", role: "tester") == "tester")
        #expect(label("api", role: "backend") == "api (backend)" && label("web", role: "backend") == "web (backend)")
        #expect(label("api", role: "backend", nickname: "Dorothy") == "api \"Dorothy\" (backend)")
        // This id draws Ada, and earlier versions stored it.
        #expect(label("api", nickname: "Ada") == "api" && label("api", nickname: "Zoe") == "api \"Zoe\"")
    }

    @Test(arguments: ["api", "zoe", "Zoe [backend]", "api \"Zoe\" (backend)"])
    func `current and earlier labels are understood`(reference: String) async throws {
        let town = makeTown()
        let agent = try await SpawnAgent.call(.init(name: "api", role: "backend", nickname: "Zoe"), in: town).agent
        #expect(try await town.agent(reference).id == agent.id)
    }

    @Test func `an idle agent stops at once, and stopping it again changes nothing`() async throws {
        let town = makeTown()
        _ = try await SpawnAgent.call(.init(name: "backend"), in: town)
        let first = try await KillAgent.call(.init(agent: "backend"), in: town)
        #expect(first.changed && first.agent.state == .stopped)
        let second = try await KillAgent.call(.init(agent: "backend"), in: town)
        #expect(!second.changed && second.agent.state == .stopped)
    }

    @Test func `stopping all asks live agents only`() async throws {
        let town = makeTown()
        for name in ["one", "two", "three"] { _ = try await SpawnAgent.call(.init(name: name), in: town) }
        _ = try await KillAgent.call(.init(agent: "two"), in: town)
        let output = try await StopAllAgents.call(.init(), in: town)
        #expect(output.agents.map(\.name) == ["one", "three"])
        #expect(try await town.store.agents().allSatisfy { $0.state == .stopped })
    }

    @Test func `the status counts agents, tasks and messages`() async throws {
        let town = makeTown()
        _ = try await SpawnAgent.call(.init(name: "backend"), in: town)
        _ = try await AssignTask.call(.init(agent: "backend", task: "Build it"), in: town)
        _ = try await AddToBacklog.call(.init(description: "Later"), in: town)
        let status = try await ReadStatus.call(Nothing(), in: town)
        #expect(status.tasks.total == 2 && status.tasks.assigned == 1 && status.tasks.backlog == 1)
        #expect(status.queue == QueueCounts(waiting: 1, leased: 0, dead: 0))
        #expect(status.agents.first?.pending.task == 1)
        #expect(status.town.name == "test" && status.town.store == "sqlite" && status.hosts.isEmpty)
    }
}

/// What a door's surroundings know of CLIs goes for every door.
struct CLITests {
    private struct Known: CLICatalogue {
        func choice(asked: String?) -> (cli: String, reason: String?) {
            asked.map { ($0, nil) } ?? ("codex", "it is the one that is installed")
        }

        var names: Set<String> { ["codex"] }

        func isKnown(_ cli: String) -> Bool { names.contains(cli) }

        func warnings(about cli: String) throws(OperationError) -> [String] {
            if cli == "nonsense" { throw OperationError(.unknownCLI, "there is no CLI 'nonsense'") }
            return cli == "absent" ? ["'absent' is not installed"] : []
        }
    }

    private func town() -> OpenTown {
        var town = makeTown()
        town.clis = { Known() }
        return town
    }

    @Test func `an agent gets the CLI that was asked for, else the default, with its reason`() async throws {
        let town = town()
        let first = try await SpawnAgent.call(.init(name: "ada"), in: town)
        #expect(first.agent.cli == "codex" && first.cliReason == "it is the one that is installed")
        let second = try await SpawnAgent.call(.init(name: "bob", cli: "absent"), in: town)
        #expect(second.agent.cli == "absent" && second.cliReason == nil)
        #expect(second.warnings == ["'absent' is not installed"])
    }

    @Test func `a snapshot's command lines are accepted one by one, or nothing is restored`() async throws {
        let folder = try ScratchFolder()
        var source = makeTown()
        source.root = folder.path
        for (name, cli) in [("ada", "codex"), ("bob", "sh mine.sh"), ("eve", "sh yours.sh")] {
            _ = try await SpawnAgent.call(.init(name: name, cli: cli), in: source)
        }
        _ = try await SaveTown.call(.init(), in: source)
        var town = town()
        town.root = folder.path
        let checked = try await CheckSnapshot.call(.init(), in: town)
        #expect(checked.foreignCLIs == ["sh mine.sh", "sh yours.sh"] && checked.snapshot.counts.agents == 3)
        // The file may have become another one after somebody looked at it.
        let refused = await failure {
            _ = try await RestoreTown.call(.init(force: true, accepts: ["sh mine.sh"]), in: town)
        }
        #expect(refused?.code == .foreignCLIs && refused?.message.hasSuffix(": sh yours.sh") == true)
        #expect(try await town.store.agents().isEmpty)
        _ = try await RestoreTown.call(.init(accepts: checked.foreignCLIs), in: town)
        #expect(try await town.store.agents().count == 3)
        #expect(try await CheckSnapshot.call(.init(), in: town).foreignCLIs.isEmpty, "they are in use here now")
    }

    @Test func `a CLI that means nothing is refused, and nothing happens`() async throws {
        let town = town()
        let error = await failure { _ = try await SpawnAgent.call(.init(name: "ada", cli: "nonsense"), in: town) }
        #expect(error?.code == .unknownCLI)
        #expect(try await town.store.agents().isEmpty)
        _ = try await SpawnAgent.call(.init(name: "ada"), in: town)
        let other = await failure {
            _ = try await RestartAgent.call(.init(agent: "ada", cli: "nonsense"), in: town)
        }
        #expect(other?.code == .unknownCLI)
        #expect(try await town.agent("ada").cli == "codex")
        let changed = try await RestartAgent.call(.init(agent: "ada", cli: "absent"), in: town)
        #expect(changed.agent.cli == "absent" && changed.warnings.count == 1)
    }
}
