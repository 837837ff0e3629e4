import FoundationEssentials
import Processes
import TestOrder
import TestTown
import Testing

/// Does what it is asked, notes the order, and completes its tasks; a `rejects` file makes it fail them instead.
private let worker = """
    prompt=$(cat)
    for task in $(printf '%s' "$prompt" | sed -n 's/.*`tt task complete \\([0-9a-f-]*\\) .*/\\1/p'); do
        echo "$TINYTOWN_AGENT_NAME" >>order.txt
        if [ -e "rejects-$TINYTOWN_AGENT_NAME" ]; then
            tt task fail "$task" --result "changes requested"
        else
            tt task complete "$task" --result "by $TINYTOWN_AGENT_NAME"
        fi
    done
    """

private let plan = """
    # A feature goes through review before it is released.
    [meta]
    description = "Reviewer pattern"

    [[tasks]]
    id = "build"
    description = "Build the feature"
    agent = "backend"
    status = "pending"   # kept by tt sync pull

    [[tasks]]
    id = "review"
    description = "Review the feature"
    agent = "reviewer"
    depends_on = ["build"]

    [[tasks]]
    id = "release"
    description = "Release the feature"
    agent = "backend"
    parent = "review"

    """

@Suite(.timeLimit(.minutes(4)), .serialized, .queued) struct PlanEndToEnd {
    private func town() async throws -> TownOnDisk {
        let town = try await TownOnDisk(agents: ["worker": worker])
        for name in ["backend", "reviewer"] { try await town.tt("spawn", name, "--cli", "worker") }
        try plan.write(toFile: town.root + "/tasks.toml", atomically: true, encoding: .utf8)
        return town
    }

    private func task(_ entry: String, _ town: TownOnDisk) async throws -> String {
        let pushed = try JSONValue(try await town.answer(["sync", "push", "--json"]).output)
        for index in 0..<3 where pushed.at(["tasks", "\(index)", "id"])?.text == entry {
            return pushed.at(["tasks", "\(index)", "task"])?.text ?? ""
        }
        return ""
    }

    @Test func `the reviewer pattern - a plan runs in its order, and pull writes what became of it`() async throws {
        let town = try await town()
        #expect(try await town.tt("plan").contains("[reviewer] review - Review the feature (after build)"))
        #expect(try await town.tt("sync").hasPrefix("⬆️  Pushed 3 tasks from tasks.toml to the town (3 new)"))
        try await town.event("task_completed", "Release the feature")
        let order = try String(contentsOfFile: town.root + "/order.txt", encoding: .utf8)
        #expect(order == "backend\nreviewer\nbackend\n")
        #expect(try await town.tt("sync", "push").contains("(3 as before)"))
        let pulled = try await town.tt("sync", "pull")
        #expect(pulled.hasPrefix("⬇️  Pulled 3 tasks from the town to tasks.toml"))
        let text = try String(contentsOfFile: town.root + "/tasks.toml", encoding: .utf8)
        #expect(text.contains("status = \"completed\"   # kept by tt sync pull\n"))
        #expect(text.contains("parent = \"review\"\nstatus = \"completed\"\n"))
        #expect(text.hasPrefix("# A feature goes through review before it is released.\n[meta]\n"))
        try await town.close()
    }

    @Test func `the reviewer pattern - what the reviewer rejects is not released until a person lets it go`()
        async throws
    {
        let town = try await town()
        try "".write(toFile: town.root + "/rejects-reviewer", atomically: true, encoding: .utf8)
        try await town.tt("sync", "push")
        try await town.event("task_blocked", "Release the feature")
        let release = try await task("release", town)
        #expect(try await town.json(["task", "show", release], "task", "waiting") == "true")
        #expect(try await town.tt("task", "list", "--state", "waiting").contains("which failed"))
        #expect(try await town.tt("inbox").contains("Review the feature"))
        #expect(
            try await town.answer(["task", "complete", release]).status == Processes.ExitStatus.exited(4),
            "what waits cannot be completed")
        #expect(try await town.json(["task", "show", release], "dependents", "0", "id") == nil)
        try await town.tt("task", "release", String(release.prefix(8)))
        try await town.event("task_completed", "Release the feature")
        try await town.close()
    }

    @Test func `W11 - pushes of many processes at once make each task once`() async throws {
        let town = try await town()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { try await town.tt("sync", "push") } }
            try await group.waitForAll()
        }
        let tasks = try JSONValue(try await town.answer(["task", "list", "--json"]).output)
        #expect(tasks.at(["tasks", "2"]) != nil && tasks.at(["tasks", "3"]) == nil)
        try await town.close()
    }

    /// The demonstration agents of the repository repair a program, review the repair and go on with what waited for it.
    @Test func `the demonstration agents follow a plan with a reviewer`() async throws {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        let town = try await TownOnDisk(agents: [
            "worker": "exec sh '\(root)/examples/demo/agent' worker",
            "reviewer": "exec sh '\(root)/examples/demo/agent' reviewer",
        ])
        for (name, text) in [
            ("calc.sh", "add() {\n    echo $(( $1 + $2 + 1 ))\n}\n"),
            ("test.sh", ". ./calc.sh\n[ \"$(add 2 3)\" = 5 ] || { echo 'FAIL add: wrong'; exit 1; }\n"),
            (
                "tasks.toml",
                plan.replacing("\"backend\"", with: "\"worker\"")
                    .replacing("Build the feature", with: "Repair add")
            ),
        ] { try text.write(toFile: "\(town.root)/\(name)", atomically: true, encoding: .utf8) }
        for words in [["init", "-q"], ["add", "-A"], ["commit", "-qm", "A mistake"]] {
            let git = Launch(
                "/usr/bin/git", ["-c", "user.name=you", "-c", "user.email=you@town.invalid"] + words,
                environment: ["PATH": "/usr/bin:/bin", "HOME": town.root], directory: town.root, input: .none)
            #expect(try await ChildProcess.run(git).exit.isSuccess)
        }
        for name in ["worker", "reviewer"] { try await town.tt("spawn", name, "--cli", name) }
        try await town.tt("sync", "push")
        try await town.event("task_completed", "Release the feature")
        let tasks = try JSONValue(try await town.answer(["task", "list", "--json"]).output)
        #expect(tasks.at(["tasks", "0", "result"])?.text?.hasPrefix("repaired add") == true)
        #expect(tasks.at(["tasks", "1", "result"])?.text?.hasPrefix("approved") == true)
        try await town.close()
    }
}
