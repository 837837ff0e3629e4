import TestOrder
import TestTown
import Testing

/// The programs of `examples/tutorials`, with agents that are shell scripts.
@Suite(.serialized, .timeLimit(.minutes(4)), .queued) struct TutorialsEndToEnd {
    private static let worker = """
        cat >/dev/null
        case ${TINYTOWN_TASK_ID:-} in
            "") ;;
            *) tt task complete "$TINYTOWN_TASK_ID" --result "done by $TINYTOWN_AGENT_NAME" ;;
        esac
        """

    @Test func `the tutorial of a single agent runs`() async throws {
        let town = try await TownOnDisk(agents: ["stand-in": Self.worker])
        let output = try await town.example("single-agent")
        #expect(output.contains("🤖 Spawned agent: coder"))
        #expect(output.contains("📊 The task is completed: done by coder"))
        try await town.close()
    }

    @Test func `the tutorial of several agents runs`() async throws {
        let town = try await TownOnDisk(agents: ["stand-in": Self.worker])
        let output = try await town.example("multi-agent")
        #expect(output.contains("📣 Told 4 agents"))
        for name in ["frontend", "backend", "docs"] { #expect(output.contains(": done by \(name)\n")) }
        #expect(output.contains("🔎 completed: done by reviewer"))
        try await town.close()
    }

    @Test func `the tutorial of a pipeline runs its stages in order`() async throws {
        let town = try await TownOnDisk(agents: ["stand-in": Self.worker])
        let output = try await town.example("task-pipeline")
        let stages = output.split(separator: "\n").map { $0.prefix { $0 != ":" } }
        #expect(stages == ["architect", "developer", "tester", "reviewer"], "\(output)")
        #expect(output.contains("reviewer: completed — done by reviewer"))
        try await town.close()
    }

    @Test func `a pipeline whose stage fails is called off and does not wait for ever`() async throws {
        let town = try await TownOnDisk(agents: [
            "stand-in": """
            cat >/dev/null
            [ -n "${TINYTOWN_TASK_ID:-}" ] || exit 0
            if [ "$TINYTOWN_AGENT_NAME" = developer ]; then tt task fail "$TINYTOWN_TASK_ID" --result "no idea"
            else tt task complete "$TINYTOWN_TASK_ID" --result fine; fi
            """
        ])
        let output = try await town.example("task-pipeline")
        #expect(output == "architect: completed — fine\ndeveloper: failed — no idea\n")
        let open = try await town.tt("task", "list", "--state", "open")
        #expect(!open.contains("reviewer"), "\(open)")
        try await town.close()
    }

    @Test func `the tutorial of recovery runs`() async throws {
        let town = try await TownOnDisk(agents: [
            "stand-in": """
            cat >/dev/null
            [ -z "${TINYTOWN_TASK_ID:-}" ] || tt task fail "$TINYTOWN_TASK_ID" --result "it is impossible"
            """
        ])
        let output = try await town.example("recovery")
        #expect(output.contains("❌ there is no agent 'nobody'"))
        #expect(output.contains("💥 first: failed — it is impossible"))
        #expect(output.contains("🛠 second: completed — done by hand"))
        try await town.close()
    }
}
