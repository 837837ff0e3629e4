import Configuration
import Files
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct `trust in a folder` {
    private func configuration(_ text: String) throws -> TownConfiguration {
        try TownConfiguration.parse("name = \"t\"\n" + text, file: "tinytown.toml").0
    }

    private func part(_ text: String) throws -> RunnablePart { RunnablePart(try configuration(text)) }

    @Test func `what cannot run or connect is not part of it, and each thing that can is`() throws {
        let nothing = try part("")
        #expect(nothing.lines.isEmpty)
        for text in [
            "max_agents = 3", "[agent]\nmax_attempts = 1", "[limits]\nmax_hops = 2", "[logs]\nkeep = 1",
            "[agent_clis]\nclaude = \"claude --print --dangerously-skip-permissions\"",
        ] { #expect(try part(text).digest == nothing.digest, "\(text)") }
        let texts = [
            "default_cli = \"x\"", "conductor_cli = \"x\"", "store = \"redis\"", "use_central_redis = true",
            "[agent_clis]\nx = \"y\"", "[agent_clis]\nx = \"z\"", "[agent_clis.x]\ncommand = \"y\"\nworkdir = \"a\"",
            "[agent_clis.x]\ncommand = \"y\"\npass = [\"A\"]", "[agent_clis.x]\ncommand = \"y\"\npass = [\"B\"]",
            "[agent_clis.x]\ncommand = \"y\"\nenv = { A = \"1\" }",
            "[agent_clis.x]\ncommand = \"y\"\nenv = { A = \"2\" }",
            "[redis]\nurl = \"redis://a\"", "[redis]\nhost = \"a\"", "[redis]\nport = 1", "[redis]\nuser = \"a\"",
            "[redis]\npassword = \"a\"", "[redis]\npassword = \"b\"", "[redis]\nbind = \"0.0.0.0\"",
            "[redis]\nuse_socket = false", "[redis]\nsocket_path = \"/x\"", "[redis]\ntls_enabled = true",
            "[redis]\ntls_ca_cert = \"a\"", "[redis]\ntls_cert = \"a\"", "[redis]\ntls_key = \"a\"",
            "[redis]\ntls_server_name = \"a\"",
        ]
        let digests = Set(try texts.map { try part($0).digest })
        #expect(digests.count == texts.count)
        #expect(!digests.contains(nothing.digest))
    }

    @Test func `no two parts read alike`() throws {
        let one = try part("[agent_clis]\n\"a.command\" = \"x\"")
        let two = try part("[agent_clis.a]\ncommand = \"x\"")
        #expect(one.digest != two.digest)
        #expect(
            try part("[agent_clis.a]\ncommand = \"x\\n5:y\"").digest != part("[agent_clis.a]\ncommand = \"x\"").digest)
    }

    @Test(arguments: [
        "LD_PRELOAD", "NODE_OPTIONS", "BASH_ENV", "ANTHROPIC_BASE_URL", "OPENAI_BASE_URL", "PATH", "HTTPS_PROXY",
        "GIT_SSH_COMMAND", "PYTHONSTARTUP", "SSL_CERT_FILE", "HOME", "ld_preload", "BASH_FUNC_x%%",
    ])
    func `a dangerous variable is named`(name: String) { #expect(RiskyVariable.risk(of: name) != nil) }

    @Test func `an ordinary variable is not`() {
        for name in ["MODE", "LANG", "MY_SETTING", "COLUMNS"] { #expect(RiskyVariable.risk(of: name) == nil) }
    }

    @Test func `state is known by its identity, not by its folder's name`() async throws {
        try await withScratchFolder { folder in
            let (home, root) = (folder.path("home"), folder.path("town"))
            try Files.makeFolder(root)
            let gate = TrustGate(home: home, environment: [:])
            let configuration = try configuration("")
            func verdict(_ root: String) throws -> TrustGate.Verdict {
                try gate.verdict(root: root, configuration: configuration)
            }
            #expect(try verdict(root) == .untrusted(.unknown))
            try gate.trust(root: root, configuration: configuration)
            #expect(try verdict(root) == .trusted)

            // Moved: a person is asked. Exchanged for another folder's state: refused.
            try Files.move(root, to: folder.path("moved"))
            #expect(try verdict(folder.path("moved")) == .untrusted(.moved))
            try Files.makeFolder(root + "/.tt")
            #expect(try verdict(root) == .trusted)
            try folder.write("x", to: "town/.tt/town.db")
            #expect(try verdict(root) == .foreignState)
            #expect(throws: ConfigurationError.self) { try gate.trust(root: root, configuration: configuration) }
            // The old folder exists again, so the other one is a copy as far as anybody can tell.
            #expect(try verdict(folder.path("moved")) == .foreignState)

            // State that was removed is made anew under a new identity.
            Files.remove(root + "/.tt")
            #expect(try verdict(root) == .trusted)
            try gate.prepareState(root: root, configuration: configuration)
            #expect(try verdict(root) == .trusted)
            #expect(try gate.revoke(root: root))
            #expect(try !gate.revoke(root: root))
            #expect(try verdict(root) == .untrusted(.revoked))
        }
    }

    @Test func `a town of an earlier version is asked about only if the user's own list names it`() async throws {
        try await withScratchFolder { folder in
            let (home, root) = (folder.path("home"), folder.path("town"))
            try Files.makeFolder(root + "/.tt")
            try folder.write("x", to: "town/.tt/town.db")
            let gate = TrustGate(home: home, environment: [:])
            let configuration = try configuration("")
            #expect(try gate.verdict(root: root, configuration: configuration) == .foreignState)
            try TownRegistry(home: home).register(.init(path: root, name: "t"))
            #expect(try gate.verdict(root: root, configuration: configuration) == .untrusted(.older))
            try gate.trust(root: root, configuration: configuration)
            #expect(try gate.verdict(root: root, configuration: configuration) == .trusted)
        }
    }

    @Test func `in a turn only the town of the turn is trusted`() async throws {
        try await withScratchFolder { folder in
            let (home, root) = (folder.path("home"), folder.path("town"))
            try Files.makeFolder(root)
            let gate = TrustGate(home: home, environment: ["TINYTOWN_TURN": "x", "TINYTOWN_TOWN": root])
            #expect(try gate.verdict(root: root, configuration: configuration("")) == .trusted)
            #expect(
                try gate.verdict(root: folder.path("other"), configuration: configuration("")) == .untrusted(.unknown))
        }
    }

    @Test func `a damaged list trusts nothing`() async throws {
        try await withScratchFolder { folder in
            for text in ["towns = 3", "[[towns]]\nroot = 1", "[[towns]]\nroot = \"/\"", "\u{0}"] {
                try folder.write(text, to: "trust.toml")
                let gate = TrustGate(home: folder.path, environment: [:])
                #expect(throws: (any Error).self, "\(text)") {
                    try gate.verdict(root: "/x", configuration: configuration(""))
                }
            }
        }
    }
}
