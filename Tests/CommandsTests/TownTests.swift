import Arguments
import Commands
import Configuration
import Files
import Model
import Synchronization
import TestSupport
import Testing

/// `init`, `towns`, `config` and `completions`.
@Suite(.timeLimit(.minutes(1))) struct TownTests {
    private func environment(_ bench: Bench) -> [String: String] { ["TT_HOME": bench.folder.path("home")] }

    @Test func `W57 init makes a town of a folder that does not exist yet, under its own name`() async throws {
        let bench = try Bench()
        let result = await bench.tt("--town", "new/shop", "init", environment: environment(bench))
        let root = bench.folder.path("new/shop")
        #expect(result.exit == .done && result.error.isEmpty)
        #expect(
            result.output.hasPrefix(
                """
                ✨ Initialized town 'shop' at \(root)
                💾 Its state is kept in \(root)/.tt

                """) && result.output.hasSuffix("🚀 Run 'tt spawn NAME' to add an agent\n"))
        let (configuration, warnings) = try TownConfiguration.load(root: root)
        #expect(configuration.name == "shop" && configuration.store == .sqlite && warnings.isEmpty)
        #expect(
            try TownRegistry(home: bench.folder.path("home")).entries() == [.init(path: root, name: "shop")])
    }

    @Test func `in the home folder and in the root init asks first`() async throws {
        let bench = try Bench()
        try TestFiles.makeFolder(bench.folder.path("me"))
        var environment = environment(bench)
        environment["HOME"] = bench.folder.path("me")
        for place in [bench.folder.path("me"), "/"] {
            let refused = await bench.tt("--town", place, "init", environment: environment)
            #expect(refused.exit == .needsPerson && refused.error.contains("tt init --yes"))
        }
        #expect(try text(bench, "me/tinytown.toml") == nil)
        #expect(await bench.tt("--town", "me", "init", "--yes", environment: environment).exit == .done)
        #expect(await bench.tt("--town", "me/shop", "init", environment: environment).exit == .done)
    }

    @Test func `towns forget takes out names, folders and what is missing, and nothing else`() async throws {
        let bench = try Bench()
        let environment = environment(bench)
        let registry = TownRegistry(home: bench.folder.path("home"))
        try TestFiles.makeFolder(bench.folder.path("a"))
        for (path, name) in [("a", "shop"), ("b", "shop"), ("c", "gone"), ("d", "bar")] {
            try registry.register(.init(path: bench.folder.path(path), name: name))
        }
        func forget(_ words: String...) async -> Bench.Result {
            let console = RecordingConsole()
            let exit = await CommandLineFace(commands: CommandTable.all, version: "1")
                .run(["towns", "forget"] + words, parts: bench.parts(console, environment))
            return Bench.Result(exit: exit, output: console.output, error: console.error)
        }
        #expect(await forget("shop").exit == .conflict)
        #expect(await forget("nope").exit == .notFound)
        #expect(await forget().exit == .usage)
        #expect(await forget("bar", "a").exit == .done)
        #expect(try registry.entries().map(\.name) == ["shop", "gone"])
        #expect(await forget("--missing").output.contains("Forgot gone"))
        #expect(try registry.entries().isEmpty)
        #expect(Files.isFolder(bench.folder.path("a")))
    }

    @Test func `W54 init never changes a town that is there`() async throws {
        let bench = try Bench()
        let before = try text(bench, "tinytown.toml")
        let result = await bench.tt("init", "--name", "other", environment: environment(bench))
        #expect(result.exit == .conflict && result.output.isEmpty)
        #expect(result.error.contains("is already a town; nothing changed"))
        #expect(try text(bench, "tinytown.toml") == before)
        #expect(try TownRegistry(home: bench.folder.path("home")).entries().isEmpty)
    }

    @Test func `of many that make the same town at once one makes it and the others are told`() async throws {
        let bench = try Bench()
        let exits = await withTaskGroup(of: ExitCode.self) { group in
            for number in 0..<8 {
                group.addTask {
                    await bench.tt(
                        "--town", "same", "init", "--name", "n\(number)", environment: environment(bench)
                    ).exit
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(exits.count { $0 == .done } == 1)
        #expect(exits.count { $0 == .conflict } == 7)
    }

    @Test func `W31 a name that could reach into another town is refused before anything is written`() async throws {
        let bench = try Bench()
        let result = await bench.tt("--town", "x", "init", "--name", "a:*", environment: environment(bench))
        #expect(result.exit == .usage && result.error.contains("the town's name may hold letters"))
        #expect(try text(bench, "x/tinytown.toml") == nil)
        #expect(try text(bench, "x/.gitignore") == nil)
    }

    @Test func `a town whose store cannot be made is no town`() async throws {
        let bench = try Bench()
        let console = RecordingConsole()
        var parts = bench.parts(console, environment(bench))
        parts.openStore = { _, _, _ in throw StoreError(.full, "no space is left") }
        let exit = await CommandLineFace(commands: CommandTable.all, version: "1")
            .run(["--town", "x", "init"], parts: parts)
        #expect(exit == .unavailable)
        #expect(try text(bench, "x/tinytown.toml") == nil)
    }

    @Test func `W54 a list of towns that cannot be read is put aside, and init says so`() async throws {
        let bench = try Bench()
        try TestFiles.makeFolder(bench.folder.path("home"))
        try bench.folder.write("towns = oops", to: "home/towns.toml")
        let result = await bench.tt("--town", "x", "init", environment: environment(bench))
        #expect(result.exit == .done)
        #expect(result.error.contains("it was put aside as \(bench.folder.path("home/towns.toml.damaged-1"))"))
        #expect(try text(bench, "home/towns.toml.damaged-1") == "towns = oops")
    }

    @Test func `towns says of each what is there, and opens nothing that is not`() async throws {
        let bench = try Bench()
        let environment = environment(bench)
        #expect(
            await bench.tt("towns", environment: environment).output
                == "📭 No towns registered yet.\n   Run 'tt init' in a folder to register a town.\n")
        let registry = TownRegistry(home: bench.folder.path("home"))
        try TestFiles.makeFolder(bench.folder.path("bare"))
        try TestFiles.makeFolder(bench.folder.path("broken"))
        try bench.folder.write("name = ", to: "broken/tinytown.toml")
        try registry.register(.init(path: bench.folder.path, name: "demo"))
        try registry.register(.init(path: bench.folder.path("gone"), name: "gone"))
        try registry.register(.init(path: bench.folder.path("bare"), name: "bare"))
        try registry.register(.init(path: bench.folder.path("broken"), name: "broken"))
        try await bench.spawn("worker")
        let result = await bench.tt("towns", environment: environment)
        let lines = result.output.split(separator: "\n")
        #expect(result.exit == .done && lines.count == 9)
        #expect(lines[0] == "🏘️  Registered Towns (4):")
        #expect(lines[1] == "   demo - [OK] 1 agents (1 active)")
        #expect(lines[2] == "      📂 \(bench.folder.path)")
        #expect(lines[3] == "   gone - ❌ (path not found)")
        #expect(lines[5] == "   bare - ⚠️  (no config)")
        #expect(lines[7].hasPrefix("   broken - [UNAVAILABLE] "))
        _ = await bench.tt("stop")
        #expect(await bench.tt("towns", environment: environment).output.contains("demo - [STOPPED] 1 agents\n"))
        let json = await bench.tt("towns", "--json", environment: environment).output
        #expect(json.contains("\"state\":\"no_configuration\"") && json.contains("\"state\":\"stopped\""))
    }

    @Test func `config shows, sets, unsets and explains`() async throws {
        let bench = try Bench()
        let environment = environment(bench)
        func tt(_ arguments: String...) async -> Bench.Result {
            let console = RecordingConsole()
            let exit = await CommandLineFace(commands: CommandTable.all, version: "1")
                .run(["config"] + arguments, parts: bench.parts(console, environment))
            return Bench.Result(exit: exit, output: console.output, error: console.error)
        }
        #expect(await tt("default_cli").output == "claude\n")
        let file = bench.folder.path("home/config.toml")
        #expect(
            await tt("default_cli", "codex").output
                == "✅ Set default_cli = \"codex\"\n   Saved to: \(file)\n")
        #expect(await tt("default_cli").output == "codex\n")
        #expect(await tt("redis.password", "secret").output.contains("secret") == false)
        let all = await tt().output
        #expect(all.contains("default_cli = \"codex\"") && all.contains("Available CLIs: aider, auggie, claude"))
        #expect(!all.contains("secret"))
        #expect(await tt("--json").output.contains("secret") == false)
        #expect(await tt("--unset", "default_cli").exit == .done)
        #expect(await tt("default_cli").output == "claude\n")
        #expect(await tt("conductor_cli").exit == .notFound)
        let unknown = await tt("defualt_cli", "x")
        #expect(unknown.exit == .usage && unknown.error.contains("did you mean 'default_cli'?"))
        #expect(await tt("defualt_cli").exit == .usage)
        #expect(await tt("redis.port", "none").exit == .failed)
        #expect(await tt("--unset").exit == .usage)
        let odd = await tt("default_cli", "no-such-agent-cli")
        #expect(odd.exit == .done && odd.error.contains("warning: There is no agent CLI 'no-such-agent-cli'"))
    }

    @Test func `config keeps a CLI with its folder and its variables, and says which CLI counts here`() async throws {
        let bench = try Bench()
        let environment = environment(bench)
        func tt(_ arguments: String...) async -> Bench.Result {
            let console = RecordingConsole()
            let exit = await CommandLineFace(commands: CommandTable.all, version: "1")
                .run(["config"] + arguments, parts: bench.parts(console, environment))
            return Bench.Result(exit: exit, output: console.output, error: console.error)
        }
        #expect(await tt("agent_clis.mine", "my-agent --flag").exit == .done)
        #expect(await tt("agent_clis.mine.env.MODE", "fast").exit == .done)
        #expect(await tt("agent_clis.mine.workdir", "sub").exit == .done)
        let cli = try GlobalConfiguration.load(home: bench.folder.path("home")).agentCLIs["mine"]
        #expect(cli == AgentCLI(command: "my-agent --flag", workdir: "sub", env: ["MODE": "fast"]))
        #expect(await tt("agent_clis.mine.env.MODE").output == "fast\n")
        #expect(await tt("agent_clis.other.workdir", "sub").exit == .failed, "there is no command to run there")
        #expect(try GlobalConfiguration.load(home: bench.folder.path("home")).agentCLIs["other"] == nil)
        let typo = await tt("agent_clis.mine.workdri", "x")
        #expect(typo.exit == .usage && typo.error.contains("agent_clis.NAME.workdir"))
        #expect(await tt("--unset", "agent_clis.mine.workdir").exit == .done)
        #expect(await tt("default_cli", "mine").exit == .done)
        #expect(await tt().output.hasSuffix("New agents here run: claude (tinytown.toml)\n"))
        #expect(await tt("--json").output.contains("\"effective\":{\"cli\":\"claude\",\"origin\":\"tinytown.toml\"}"))
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `a completion script knows every visible command and no hidden one`(shell: String) async throws {
        let result = try await Bench().tt("completions", shell)
        #expect(result.exit == .done)
        for command in CommandTable.all where command.spec.name.first?.isLetter == true && !command.spec.isHidden {
            #expect(result.output.contains(command.spec.name), "\(command.spec.name)")
        }
        #expect(try await Bench().tt("completions", "powershell").exit == .usage)
    }

    @Test func `a shell is offered the presets and the user's own CLIs`() async throws {
        let bench = try Bench()
        _ = await bench.tt("config", "agent_clis.claudette", "x --y", environment: environment(bench))
        #expect(
            await bench.tt("__complete", "clis", "clau", environment: environment(bench)).output
                == "claude\nclaudette\n")
    }

    private func text(_ bench: Bench, _ name: String) throws -> String? {
        try TestFiles.text(bench.folder.path(name))
    }
}
