import Configuration
import Files
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

private func mode(_ path: String) -> UInt32 {
    var status = stat()
    guard stat(path, &status) == 0 else { return 0 }
    return UInt32(status.st_mode) & 0o777
}

@Suite(.timeLimit(.minutes(1))) struct `global configuration` {
    @Test func `a file that does not exist says nothing and is not made by reading`() async throws {
        try await withScratchFolder { folder in
            let home = folder.path("home")
            let values = try GlobalConfiguration.load(home: home).values
            #expect(values.isEmpty)
            #expect(!Files.exists(home))
        }
    }

    @Test func `W35 the file that is made on demand is private`() async throws {
        try await withScratchFolder { folder in
            let home = folder.path("home")
            try GlobalConfiguration.set("default_cli", to: "codex", home: home)
            #expect(try GlobalConfiguration.load(home: home).defaultCLI == "codex")
            #expect(mode(home) == 0o700)
            #expect(mode(home + "/config.toml") == 0o600)
        }
    }

    @Test func `comments and order survive an edit`() async throws {
        try await withScratchFolder { folder in
            try folder.write(
                """
                # mine
                default_cli = "claude" # the usual
                conductor_cli = "codex"

                [agent_clis]
                # a favourite
                fast = "fast --yes"

                """, to: "config.toml")
            try GlobalConfiguration.set("default_cli", to: "fast", home: folder.path)
            try GlobalConfiguration.set("agent_clis.slow", to: "slow --sure", home: folder.path)
            try GlobalConfiguration.set("conductor_cli", to: nil, home: folder.path)
            #expect(
                try Files.text(folder.path("config.toml")) == """
                    # mine
                    default_cli = "fast" # the usual

                    [agent_clis]
                    # a favourite
                    fast = "fast --yes"
                    slow = "slow --sure"

                    """)
            #expect(try GlobalConfiguration.load(home: folder.path).agentCLIs["slow"]?.command == "slow --sure")
        }
    }

    @Test func `every documented key can be set and is listed`() async throws {
        try await withScratchFolder { folder in
            let values = [
                "default_cli": "codex", "conductor_cli": "claude", "agent_clis.mine": "mine --x", "redis.host": "h",
                "redis.port": "1", "redis.password": "p", "redis.use_central": "true",
                "redis.use_port": "true", "redis.bind": "0.0.0.0", "redis.allow_plaintext": "false",
                "redis.read_dump": "/town",
            ]
            for (key, value) in values.sorted(by: { $0.key < $1.key }) {
                try GlobalConfiguration.set(key, to: value, home: folder.path)
            }
            let read = try GlobalConfiguration.load(home: folder.path).values
            #expect(Dictionary(uniqueKeysWithValues: read.map { ($0.key, $0.value) }) == values)
        }
    }

    @Test(arguments: [
        ("defualt_cli", "x", "did you mean 'default_cli'?"),
        ("nonsense", "x", "There are: default_cli"),
        ("agent_clis.", "x", "unknown key"),
        ("redis.port", "70000", "redis.port must be a port from 1 to 65535, not '70000'"),
        ("redis.use_central", "maybe", "redis.use_central must be true or false"),
        ("default_cli", "", "default_cli cannot be empty"),
    ])
    func `a key or value that makes no sense is refused and nothing is written`(
        key: String, value: String, expected: String
    ) async throws {
        try await withScratchFolder { folder in
            let error = #expect(throws: ConfigurationError.self) {
                try GlobalConfiguration.set(key, to: value, home: folder.path)
            }
            #expect(error?.message.contains(expected) == true)
            #expect(!Files.exists(folder.path("config.toml")))
        }
    }

    @Test func `W54 a file that cannot be read is never overwritten`() async throws {
        try await withScratchFolder { folder in
            try folder.write("default_cli = [", to: "config.toml")
            let error = #expect(throws: ConfigurationError.self) {
                try GlobalConfiguration.set("default_cli", to: "codex", home: folder.path)
            }
            #expect(error?.code == .invalid)
            #expect(try Files.text(folder.path("config.toml")) == "default_cli = [")
        }
    }

    @Test func `W54 edits at the same time lose nothing`() async throws {
        try await withScratchFolder { folder in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<24 {
                    group.addTask {
                        try GlobalConfiguration.set("agent_clis.n\(number)", to: "c\(number)", home: folder.path)
                    }
                }
                try await group.waitForAll()
            }
            let read = try GlobalConfiguration.load(home: folder.path)
            #expect(read.agentCLIs.count == 24)
            #expect(Files.names(in: folder.path) == ["config.lock", "config.toml"])
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct `town registry` {
    @Test func `a town that is registered again keeps its place and gets its new name`() async throws {
        try await withScratchFolder { folder in
            let registry = TownRegistry(home: folder.path)
            #expect(try registry.entries().isEmpty)
            try registry.register(.init(path: "/a \"quoted\" path", name: "one"))
            try registry.register(.init(path: "/b", name: "two"))
            try registry.register(.init(path: "/a \"quoted\" path", name: "three"))
            #expect(
                try registry.entries() == [
                    .init(path: "/a \"quoted\" path", name: "three"), .init(path: "/b", name: "two"),
                ])
            #expect(mode(folder.path("towns.toml")) == 0o600)
        }
    }

    @Test(arguments: ["[[towns]\npath = ", "towns = 3", "[[towns]]\npath = \"/a\"\n"])
    func `W54 a registry that cannot be read is put aside, never overwritten`(damaged: String) async throws {
        try await withScratchFolder { folder in
            try folder.write(damaged, to: "towns.toml")
            let registry = TownRegistry(home: folder.path)
            #expect(throws: ConfigurationError.self) { try registry.entries() }
            let aside = try registry.register(.init(path: "/a", name: "one"))
            #expect(aside == folder.path("towns.toml.damaged-1"))
            #expect(try Files.text(folder.path("towns.toml.damaged-1")) == damaged)
            #expect(try registry.entries() == [.init(path: "/a", name: "one")])
            // A second accident does not hide the first.
            try folder.write("also [ broken", to: "towns.toml")
            #expect(try registry.register(.init(path: "/b", name: "two")) == folder.path("towns.toml.damaged-2"))
            #expect(try Files.text(folder.path("towns.toml.damaged-1")) == damaged)
        }
    }

    @Test func `W54 towns that are registered at the same time are all kept`() async throws {
        try await withScratchFolder { folder in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<40 {
                    group.addTask {
                        let registry = TownRegistry(home: folder.path)
                        try registry.register(.init(path: "/town/\(number)", name: "t\(number)"))
                    }
                }
                try await group.waitForAll()
            }
            let paths = Set(try TownRegistry(home: folder.path).entries().map(\.path))
            #expect(paths == Set((0..<40).map { "/town/\($0)" }))
        }
    }
}
