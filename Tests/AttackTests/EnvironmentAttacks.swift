import FoundationEssentials
import Processes
import TestOrder
import TestTown
import Testing

/// What a turn must not inherit from the host's environment.
@Suite(.serialized, .timeLimit(.minutes(3)), .queued) struct EnvironmentAttacks {
    private func seen(_ town: TownOnDisk, _ file: String) throws -> [String] {
        try String(contentsOfFile: town.root + "/" + file, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    @Test func `a secret of the person's reaches no custom command that does not name it`() async throws {
        let town = try await TownOnDisk(
            agents: ["plain": "cat > /dev/null; env > plain"],
            settings: """
                [agent_clis.named]
                command = "sh -c 'cat > /dev/null; env > named'"
                pass = ["MY_SECRET", "MY_TOOL_*"]
                """,
            environment: [
                "MY_SECRET": "s3cret-1", "MY_TOOL_KEY": "s3cret-2", "OTHER_SECRET": "s3cret-3",
                "LD_PRELOAD": "/s3cret-4.so", "BASH_ENV": "/s3cret-5", "GIT_ASKPASS": "/s3cret-6",
            ])
        for name in ["plain", "named"] {
            try await town.tt("spawn", name, "--cli", name)
            try await town.tt("send", name, "go")
            try await town.event("turn_finished", name)
        }
        #expect(try seen(town, "plain").filter { $0.contains("s3cret") } == [])
        #expect(
            try seen(town, "named").filter { $0.contains("s3cret") }.sorted()
                == ["MY_SECRET=s3cret-1", "MY_TOOL_KEY=s3cret-2"])
        #expect(try seen(town, "plain").contains { $0.hasPrefix("HOME=") })
        try await town.close()
    }

    @Test func `the variables of a git hook aim no turn at another repository`() async throws {
        let other = try Intruder()
        let repository = try other.folder("other")
        let git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
        func run(_ words: [String], in folder: String) async throws -> String {
            let result = try await ChildProcess.run(
                Launch(
                    git[0], Array(git.dropFirst()) + words, environment: ["PATH": "/usr/bin:/bin", "HOME": other.home],
                    directory: folder))
            #expect(result.exit.isSuccess, "\(words): \(result.errorText)")
            return result.outputText
        }
        _ = try await run(["init", "-q"], in: repository)
        _ = try await run(["commit", "-q", "--allow-empty", "-m", "theirs"], in: repository)
        let before = try await run(["rev-parse", "HEAD"], in: repository)
        let town = try await TownOnDisk(
            agents: [
                "committer": """
                cat > /dev/null
                git init -q .
                git -c user.name=a -c user.email=a@b commit -q --allow-empty -m ours
                git rev-parse --absolute-git-dir > where
                """
            ],
            environment: [
                "GIT_DIR": repository + "/.git", "GIT_WORK_TREE": repository,
                "GIT_INDEX_FILE": repository + "/.git/index",
                "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.bare", "GIT_CONFIG_VALUE_0": "true",
            ])
        try await town.tt("spawn", "worker", "--cli", "committer")
        try await town.tt("send", "worker", "go")
        try await town.event("turn_finished", "worker")
        #expect(try seen(town, "where") == [town.root + "/.git"])
        #expect(try await run(["rev-parse", "HEAD"], in: repository) == before)
        try await town.close()
    }

    #if os(Linux)
        @Test func `a host that crashes writes no core dump`() async throws {
            let town = try await TownOnDisk(agents: ["plain": "cat > /dev/null; cat /proc/$$/limits > limits"])
            try await town.tt("spawn", "worker", "--cli", "plain")
            let host = try #require(try await town.hostPid)
            let limits = try #require(FileLock.text(of: "/proc/\(host)/limits"))
            let line = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
            #expect(line.split(separator: " ").dropFirst(4).first == "0")
            try await town.close()
        }
    #endif
}
