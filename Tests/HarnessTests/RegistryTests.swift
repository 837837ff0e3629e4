import Model
import Presets
import Processes
import TestOrder
import TestSupport
import Testing

@testable import Harnesses

@Suite(.serialized, .queued) struct RegistryTests {
    private func registry(_ entries: [HarnessCommand] = [], path: String = "/usr/bin:/bin") -> HarnessRegistry {
        HarnessRegistry(
            commands: Dictionary(entries.map { ($0.name, $0) }) { $1 }, town: "/", environment: ["PATH": path],
            now: { Timestamp(microseconds: 0) })
    }

    private func process(_ cli: String, _ registry: HarnessRegistry) throws -> ProcessHarness {
        try #require(try registry.harness(named: cli) as? ProcessHarness)
    }

    @Test(arguments: CLIPreset.all.map(\.name))
    func `a preset works by its name alone`(name: String) throws {
        let harness = try process(name, registry())
        #expect(harness.name == name)
        #expect(harness.dialect.name == name)
        #expect(harness.command.command == CLIPreset.matching(command: name)?.command)
    }

    @Test(arguments: [
        ("gh copilot", "copilot"), ("cursor", "cursor"), ("gemini", "gemini"),
        ("aider --yes --no-auto-commits --message", "aider"),
        ("claude --print --dangerously-skip-permissions", "claude"),
    ])
    func `the commands of older configurations are the presets that they meant`(command: String, name: String) throws {
        let entry = HarnessCommand(name: "mine", command: command, workdir: "sub", environment: ["A": "b"])
        let harness = try process("mine", registry([entry]))
        #expect(harness.name == "mine")
        #expect(harness.dialect.name == name)
        #expect(harness.command.command == CLIPreset.matching(command: name)?.command)
        #expect(harness.command.workdir == "sub" && harness.command.environment == ["A": "b"])
    }

    @Test func `an entry goes before a preset of its name`() throws {
        let entry = HarnessCommand(name: "claude", command: "claude --model x")
        #expect(try process("claude", registry([entry])).command == entry)
    }

    @Test func `a literal command keeps all of its flags and its program's dialect`() throws {
        let harness = try process("claude --model opus --add-dir=x", registry())
        #expect(harness.dialect.name == "claude")
        #expect(harness.command.command == "claude --model opus --add-dir=x")
        #expect(try process("/opt/x/codex exec", registry()).dialect.name == "codex")
        #expect(try process("sh run.sh", registry()).dialect.name == "command")
    }

    @Test func `the text of an entry's command means the entry`() throws {
        let entry = HarnessCommand(name: "x", command: "sh x.sh", environment: ["A": "b"])
        #expect(try process(" sh x.sh ", registry([entry])).command == entry)
    }

    @Test func `a tilde in a command is the home folder`() async throws {
        #expect(HarnessCommand.expanded("~/bin/x", home: "/home/me") == "/home/me/bin/x")
        #expect(HarnessCommand.expanded("~", home: "/home/me") == "/home/me")
        for word in ["~other/x", "a~/x", "--x=~/y"] { #expect(HarnessCommand.expanded(word, home: "/h") == word) }
        let registry = HarnessRegistry(
            commands: ["mine": HarnessCommand(name: "mine", command: "~/sh -c x")], town: "/",
            environment: ["HOME": "/bin", "PATH": ""], now: { Timestamp(microseconds: 0) })
        #expect(registry.isAvailable("mine") && !registry.isAvailable("~/no-such-program x"))
    }

    @Test func `folders that became known later come behind those of the host`() {
        #expect(KnownPath.joined("/bin:/usr/bin", "/opt/x:/bin:relative::/opt/y") == "/bin:/usr/bin:/opt/x:/opt/y")
        #expect(KnownPath.joined("", nil) == "")
        let turn = ["PATH": "/tt:/bin"]
        func path(_ person: [String: String]) -> String? {
            ChildEnvironment.make(
                inherited: ["PATH": "/bin:/opt/x"], filter: .common, dialect: [:], person: person, turn: turn, home: "/"
            )[
                "PATH"]
        }
        #expect(path([:]) == "/tt:/bin:/opt/x" && path(["PATH": "/own"]) == "/tt:/own")
    }

    @Test func `no variable that git calls local reaches an agent`() async throws {
        guard let git = Executable.find("git", path: "/usr/bin:/bin:/usr/local/bin") else { return }
        let said = try await ChildProcess.run(
            Launch(git, ["rev-parse", "--local-env-vars"], environment: [:], directory: "/", input: .none))
        let names = said.outputText.split(separator: "\n").map(String.init)
        #expect(names.contains("GIT_DIR") && names.count > 10)
        let filter = EnvironmentFilter.only(["GIT_*"] + names)
        for name in names + ["GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_7"] { #expect(!filter.passes(name), "\(name)") }
    }

    @Test func `a word that is nothing gets a suggestion`() {
        let failure = #expect(throws: Failure.self) { try registry().harness(named: "cluade") }
        #expect(failure?.kind == .missingProgram)
        #expect(failure?.message.contains("'claude'") == true)
        let other = #expect(throws: Failure.self) { try registry().harness(named: "zzzzzzzz") }
        #expect(other?.message.contains("[agent_clis.zzzzzzzz]") == true)
    }

    @Test func `a word that is a program is a command`() throws {
        #expect(try process("sh", registry()).dialect.name == "command")
    }

    @Test func `a command that needs a shell is refused`() {
        let failure = #expect(throws: Failure.self) { try registry().harness(named: "a | b") }
        #expect(failure?.kind == .configuration)
    }

    @Test func `presets whose program is installed are found`() throws {
        let bench = try HarnessBench(program: "codex", scenario: "")
        #expect(HarnessRegistry.available(path: bench.folder.path("bin")).map(\.name) == ["codex", "codex-mini"])
        #expect(HarnessRegistry.available(path: "").isEmpty)
    }
}

@Suite(.serialized, .queued) struct EnvironmentTests {
    private func make(
        _ inherited: [String: String], _ filter: EnvironmentFilter, person: [String: String] = [:],
        turn: [String: String] = [:]
    ) -> [String: String] {
        ChildEnvironment.make(
            inherited: inherited, filter: filter, dialect: ["D": "dialect"], person: person, turn: turn, home: "/h")
    }

    @Test func `a known program gets what it needs and nothing else`() {
        let all = [
            "PATH": "/b", "LC_ALL": "C", "ANTHROPIC_API_KEY": "k", "MY_SECRET": "s", "CLAUDECODE": "1",
            "CLAUDE_CODE_SESSION_ID": "x", "TINYTOWN_REDIS_PASSWORD": "p", "HOME": "/me",
        ]
        let child = make(all, Claude().inherited)
        #expect(
            child == ["PATH": "/b", "LC_ALL": "C", "ANTHROPIC_API_KEY": "k", "HOME": "/me", "D": "dialect"])
    }

    @Test func `no program of any kind gets the way to the town's store`() {
        let all = ["TINYTOWN_REDIS_PASSWORD": "p", "REDIS_URL": "r", "TINYTOWN_STORE_SOCKET": "s", "PATH": "/b"]
        for command in [
            "claude", "codex", "opencode", "gemini", "copilot", "cursor-agent", "auggie", "aider", "sh -c x",
        ] {
            let child = make(all, CLIPreset.dialect(of: command.split(separator: " ").map(String.init)).inherited)
            #expect(child["TINYTOWN_REDIS_PASSWORD"] == nil && child["REDIS_URL"] == nil, "\(command)")
        }
    }

    @Test func `any other program gets what every program needs, and what it names`() {
        let all = [
            "X": "1", "MY_KEY": "k", "MY_OTHER": "o", "CLAUDECODE": "1", "CODEX_HOME": "/c", "LD_PRELOAD": "/evil.so",
            "TINYTOWN_REDIS_PASSWORD": "p", "REDIS_URL": "r", "HOME": "/me", "PATH": "/b",
        ]
        let least = ["HOME": "/me", "PATH": "/b", "D": "dialect"]
        #expect(make(all, .common) == least)
        #expect(
            make(all, .common.passing(["MY_*", "X"]))
                == least.merging(["MY_KEY": "k", "MY_OTHER": "o", "X": "1"]) { $1 })
        // The beginning of a name stands for no mark of another session, and for nothing that loads code.
        let wide = make(all, .common.passing(["C*", "L*", "R*", "T*"]))
        #expect(wide == least)
        #expect(
            make(all, .common.passing(["REDIS_URL", "TINYTOWN_REDIS_PASSWORD"]))
                == least.merging(["REDIS_URL": "r"]) { $1 })
    }

    @Test func `git's variables say who commits, and never in which repository`() {
        let all = [
            "GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_DATE": "1", "GIT_DIR": "/other/.git",
            "GIT_INDEX_FILE": "/other/index",
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.hooksPath", "GIT_CONFIG_VALUE_0": "/evil",
            "GIT_CONFIG_GLOBAL": "/me/config", "GIT_SSH_COMMAND": "evil", "GIT_ASKPASS": "evil", "PATH": "/b",
            "HOME": "/me",
        ]
        let least = [
            "GIT_AUTHOR_NAME": "Ann", "GIT_CONFIG_GLOBAL": "/me/config", "PATH": "/b", "HOME": "/me", "D": "dialect",
        ]
        #expect(make(all, .common) == least)
        #expect(
            make(all, .common.passing(["GIT_SSH_COMMAND", "GIT_DIR", "GIT_C*"]))
                == least.merging(["GIT_SSH_COMMAND": "evil"]) { $1 })
    }

    @Test func `the person's settings go before the dialect's and the turn's before all`() {
        let child = make(
            [:], .common, person: ["D": "mine", "TINYTOWN_TURN": "forged"], turn: ["TINYTOWN_TURN": "t"])
        #expect(child["D"] == "mine" && child["TINYTOWN_TURN"] == "t")
    }

    @Test func `the town's program stays first on the path that a person sets`() {
        let child = make([:], .common, person: ["PATH": "/mine"], turn: ["PATH": "/tt:/usr/bin"])
        #expect(child["PATH"] == "/tt:/mine")
    }

    @Test func `home and path are never missing`() {
        let child = make(["HOME": ""], .common)
        #expect(child["HOME"] == "/h" && child["PATH"] == "/usr/local/bin:/usr/bin:/bin")
    }
}
