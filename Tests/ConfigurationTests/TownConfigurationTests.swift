import Configuration
import Testing

@Suite struct `town configuration` {
    private func load(_ text: String) throws -> TownConfiguration {
        try TownConfiguration.parse(text, file: "tinytown.toml").0
    }

    private func problem(_ text: String) -> String {
        do {
            _ = try TownConfiguration.parse(text, file: "tinytown.toml")
            return "it was accepted"
        } catch {
            return error.message
        }
    }

    @Test func `a file with nothing but a name has every default and every preset`() throws {
        let configuration = try load(#"name = "t""#)
        var expected = TownConfiguration(name: "t")
        expected.agentCLIs = AgentCLI.presets
        #expect(configuration == expected)
        #expect(configuration.maxAgents == 10)
        #expect(configuration.idleTimeout == .seconds(300))
        #expect(configuration.synchronous == .full)
        #expect(configuration.agentCLIs["codex"]?.command.hasPrefix("codex exec") == true)
    }

    @Test func `the template of a new town says what the defaults are and nothing that is unknown`() throws {
        let text = TownConfiguration.template(name: "t", defaultCLI: nil)
        let (configuration, warnings) = try TownConfiguration.parse(text, file: "tinytown.toml")
        var expected = TownConfiguration(name: "t")
        expected.agentCLIs = AgentCLI.presets
        #expect(configuration == expected)
        #expect(warnings == [])
    }

    @Test func `the defaults that the template shows are those of the program`() throws {
        let text = TownConfiguration.template(name: "t", defaultCLI: nil)
        // Every commented line that assigns a value comes into force, but for the example of a command.
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasPrefix("# ") && line.contains(" = ") && line.contains("  # ")
                ? String(line.dropFirst(2)) : String(line)
        }
        let keys = ConfigurationKey.all.filter { $0.path != "agent.turn_timeout" }
        #expect(lines.count { !$0.hasPrefix("#") && $0.contains(" = ") } == keys.count)
        var shown = try load(lines.joined(separator: "\n"))
        var expected = TownConfiguration(name: "t")
        expected.agentCLIs = AgentCLI.presets
        #expect(shown.defaultCLI == "claude" && shown.maxConcurrentTurns == 2)
        (shown.defaultCLI, shown.conductorCLI, shown.maxConcurrentTurns) = (nil, nil, nil)
        // Of an address, a user or a certificate there is only an example.
        #expect(shown.redis.useSocket == true && !shown.redis.useCentral && !shown.redis.usesTLS)
        #expect(shown.redis.host == "127.0.0.1" && shown.redis.port == 6379)
        var redis = RedisConfiguration()
        (redis.socketPath, redis.bind, redis.fsync) = (shown.redis.socketPath, shown.redis.bind, shown.redis.fsync)
        #expect(redis == RedisConfiguration())
        shown.redis = redis
        #expect(shown == expected)
    }

    @Test func `the template keeps a name and a command that need quoting`() throws {
        let configuration = try load(TownConfiguration.template(name: "my town", defaultCLI: #"a "b" \c"#))
        #expect(configuration.name == "my town")
        #expect(configuration.defaultCLI == #"a "b" \c"#)
    }

    @Test func `every key is read`() throws {
        let configuration = try load(
            """
            name = "t"
            default_cli = "codex"
            conductor_cli = "gemini"
            max_agents = 3
            store = "sqlite"
            [sqlite]
            synchronous = "normal"
            [agent]
            idle_timeout_secs = 0
            turn_timeout_secs = 1.5
            stall_notice_secs = 7
            max_attempts = 2
            first_delay_secs = 1
            longest_delay_secs = 2
            [limits]
            max_concurrent_turns = 4
            max_hops = 6
            grace_secs = 8
            drain_secs = 9
            lease_secs = 11
            [logs]
            max_size_mb = 12
            keep = 0
            [retention]
            done_messages_secs = 13
            events = 100
            """)
        var expected = TownConfiguration(name: "t")
        expected.agentCLIs = AgentCLI.presets
        (expected.defaultCLI, expected.conductorCLI, expected.maxAgents) = ("codex", "gemini", 3)
        (expected.synchronous, expected.idleTimeout) = (.normal, .zero)
        (expected.turnTimeout, expected.stallNotice) = (.milliseconds(1500), .seconds(7))
        (expected.maxAttempts, expected.firstDelay, expected.longestDelay) = (2, .seconds(1), .seconds(2))
        (expected.maxConcurrentTurns, expected.maxHops) = (4, 6)
        (expected.grace, expected.drainGrace, expected.lease) = (.seconds(8), .seconds(9), .seconds(11))
        (expected.logSizeMB, expected.logsKept) = (12, 0)
        (expected.keepDone, expected.keepEvents) = (.seconds(13), 100)
        #expect(configuration == expected)
    }

    @Test(arguments: [("60m", 3600), ("90s", 90), ("1.5h", 5400), ("2d", 172_800), ("7", 7)])
    func `a turn's limit may have a unit`(text: String, seconds: Int) throws {
        let configuration = try load("name = \"t\"\n[agent]\nturn_timeout = \"\(text)\"")
        #expect(configuration.turnTimeout == .seconds(seconds))
    }

    @Test(arguments: [
        ("", "tinytown.toml:1: name is missing or empty"),
        ("name = 3", "tinytown.toml:1:8: name must be a string, not"),
        ("name = \"t\"\nmax_agents = \"10\"", "tinytown.toml:2:14: max_agents must be a whole number, not"),
        ("name = \"t\"\nmax_agents = 0", "max_agents must be from 1 to 10000, not 0"),
        ("name = \"t\"\nstore = \"mysql\"", "tinytown.toml:2:9: store must be one of \"sqlite\", \"redis\""),
        ("name = \"t\"\n[agent]\nidle_timeout_secs = -1", "3:21: agent.idle_timeout_secs must be a number of seconds"),
        ("name = \"t\"\n[agent]\nturn_timeout = \"soon\"", "agent.turn_timeout must be a time such as"),
        ("name = \"t\"\n[agent]\nidle_timeout_secs = nan", "must be a number of seconds from 0 on"),
        ("name = \"t\"\nagent_clis = 3", "tinytown.toml:2:14: agent_clis must be a table"),
        ("name = \"t\"\n[agent_clis.x]\nworkdir = \"a\"", "agent_clis.x needs a command"),
        ("name = \"t\"\n[agent_clis.x]\ncommand = 1", "3:11: agent_clis.x.command must be a string, not"),
        ("name = \"t\"\n[agent_clis.x]\ncommand = \"c\"\nenv = { A = 1 }", "agent_clis.x.env.A must be a string"),
        ("name = \"t\"\n[agent_clis.x]\ncommand = \"c\"\nworkdri = \"a\"", "agent_clis.x has no key 'workdri'"),
        ("name = \"t", "tinytown.toml:1:"),
    ])
    func `a wrong value is an error that names file, line and key`(text: String, expected: String) {
        #expect(problem(text).contains(expected))
    }

    @Test(arguments: [
        ("defualt_cli = \"x\"", "tinytown.toml:2: unknown key 'defualt_cli'; did you mean 'default_cli'?"),
        (
            "[agent]\nmax_atempts = 3",
            "tinytown.toml:3: unknown key 'agent.max_atempts'; did you mean 'agent.max_attempts'?"
        ),
        ("[agnet]\nmax_attempts = 3", "tinytown.toml:2: unknown key 'agnet'; did you mean 'agent'?"),
        ("whatever = 1", "tinytown.toml:2: unknown key 'whatever'"),
        (
            "[redis]\nmax_agents = 3",
            "tinytown.toml:3: unknown key 'redis.max_agents'; 'max_agents' is a key of the town itself: move it above "
                + "the first line that begins with ["
        ),
        (
            "[agent_clis]\ndefault_cli = \"codex\"",
            "tinytown.toml:3: unknown key 'agent_clis.default_cli'; 'default_cli' is a key of the town itself: move it "
                + "above the first line that begins with ["
        ),
        ("[agent]\nmax_hops = 3", "tinytown.toml:3: unknown key 'agent.max_hops'; 'max_hops' belongs under [limits]"),
        ("max_hops = 3", "tinytown.toml:2: unknown key 'max_hops'; 'max_hops' belongs under [limits]"),
    ])
    func `an unknown key is a warning with the closest key`(text: String, expected: String) throws {
        let (_, warnings) = try TownConfiguration.parse("name = \"t\"\n\(text)", file: "tinytown.toml")
        #expect(warnings == [expected])
    }

    @Test func `sections of the parents' files are no mistakes`() throws {
        let text = """
            name = "t"
            use_streams = false
            [redis]
            host = "127.0.0.1"
            [townhall.auth]
            mode = "none"
            """
        let (_, warnings) = try TownConfiguration.parse(text, file: "tinytown.toml")
        #expect(warnings == [])
    }

    @Test func `a file with Redis settings and no store is a town in Redis`() throws {
        #expect(try load("name = \"t\"\n[redis]\nport = 6379").store == .redis)
        #expect(try load("name = \"t\"\nstore = \"sqlite\"\n[redis]\nport = 6379").store == .sqlite)
    }

    @Test func `W25 folder and variables of a command are kept`() throws {
        let cli = try load(
            """
            name = "t"
            [agent_clis.mine]
            command = "my-agent --file {prompt_file}"
            workdir = "sub"
            env = { KEY = "value" }
            [agent_clis.claude]
            env = { ONLY = "this" }
            """
        ).agentCLIs
        #expect(
            cli["mine"] == AgentCLI(command: "my-agent --file {prompt_file}", workdir: "sub", env: ["KEY": "value"]))
        // A preset that is only changed in part keeps its command.
        #expect(cli["claude"]?.command == AgentCLI.presets["claude"]?.command)
        #expect(cli["claude"]?.env == ["ONLY": "this"])
    }

    @Test(arguments: [
        "a:b", "a*", "a?", "[a]", "a/b", "a\nb", "a\u{1B}b", " a", ".a", "", String(repeating: "x", count: 129),
    ])
    func `W31 a town's name cannot match the keys of another town`(name: String) {
        #expect(TownName.problem(with: name) != nil)
        #expect(TownName.problem(with: TownName.sanitized(name)) == nil)
    }

    @Test(arguments: ["tinytown-main", "Größe 2", "a_b.c+d@e"])
    func `usual names are fine`(name: String) {
        #expect(TownName.problem(with: name) == nil)
    }
}
