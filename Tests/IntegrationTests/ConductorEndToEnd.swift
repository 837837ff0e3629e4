import Concurrency
import FoundationEssentials
import Processes
import TestOrder
import TestTown
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// `tt conductor` with stand-ins for its CLI.
@Suite(.serialized, .timeLimit(.minutes(4)), .queued) struct ConductorEndToEnd {
    @Test func `the conductor's CLI takes the place of tt, with its status, the context and this very tt`() async throws
    {
        let town = try await TownOnDisk(agents: [
            "stand-in": #"""
            [ -s "$TINYTOWN_CONDUCTOR_CONTEXT" ] && [ "$(head -n 1 "$TINYTOWN_CONDUCTOR_CONTEXT")" = "# Tinytown Conductor" ] || exit 90
            [ -z "${TINYTOWN_AGENT_ID:-}" ] || exit 91
            case $1 in "# Tinytown Conductor"*) ;; *) exit 92 ;; esac
            [ "$(pwd -P)" = "$TINYTOWN_TOWN" ] || exit 93
            tt send worker --info "from the conductor" || exit 94
            trap 'exit 33' TERM
            kill -TERM $$
            exit 95
            """#
        ])
        try await town.tt("spawn", "worker", "--cli", "stand-in")
        let answer = try await town.answer(["conductor", "--cli", "stand-in"])
        #expect(answer.status == .exited(33), "\(answer)")
        #expect(answer.output.contains("🚂 Starting conductor with stand-in, resuming"))
        let inbox = try await town.tt("inbox", "worker")
        #expect(inbox.contains("from the conductor") && inbox.contains("supervisor"), "\(inbox)")
        let context = try String(contentsOfFile: town.root + "/.tt/conductor_context.md", encoding: .utf8)
        #expect(context.contains("## Resuming") && context.contains("- worker: "))
        #expect(context.contains("## The reviewer pattern"))
        try await town.close()
    }

    /// Gives work to a builder and its review to a reviewer, and tries to be done too early: the builder is held back
    /// until then.
    private static let conductor = #"""
        prompt=$(cat)
        goal=$(printf '%s' "$prompt" | sed -n 's/.*Your goal, task \([0-9a-f-]*\):.*/\1/p' | head -n 1)
        if [ -n "$goal" ]; then
            echo "$goal" >goal
            tt spawn builder --cli builder --role backend && tt spawn reviewer --cli reviewer --role reviewer
            tt task complete "$goal" --result "nothing was done" 2>>refused && exit 1
            exec 9>hold; flock 9
            work=$(tt assign builder "Build it" | sed -n 's/.*Assigned task \([0-9a-f-]*\) to.*/\1/p')
            tt task complete "$goal" --result "no review" 2>>refused && exit 1
            tt assign reviewer "Review it" --tags review --depends-on "$work"
            exec 9>&-
        elif printf '%s' "$prompt" | grep -q 'approved: fine'; then
            tt task complete "$(cat goal)" --result "built and approved"
        fi
        """#
    private static let builder = #"""
        cat >/dev/null; [ -z "${TINYTOWN_TASK_ID:-}" ] || { flock hold true; tt task complete "$TINYTOWN_TASK_ID" --result built; }
        """#
    private static let reviewer = #"""
        cat >/dev/null; [ -z "${TINYTOWN_TASK_ID:-}" ] || tt task complete "$TINYTOWN_TASK_ID" --result "approved: fine"
        """#

    @Test func `a goal is reached only after a reviewer has approved the work`() async throws {
        let town = try await TownOnDisk(agents: [
            "lead": Self.conductor, "builder": Self.builder, "reviewer": Self.reviewer,
        ])
        let answer = try await town.answer(["conductor", "--goal", "Build the thing", "--cli", "lead"])
        #expect(answer.status.isSuccess, "\(answer)")
        #expect(answer.output.contains("🏁 The goal is reached: built and approved"), "\(answer.output)")
        let refused = try String(contentsOfFile: town.root + "/refused", encoding: .utf8)
        #expect(refused.contains("nothing was approved") && refused.contains("1 task is not done"), "\(refused)")
        try await town.close()
    }

    @Test func `a question for a person ends the command with 7, and the same command goes on with the answer`()
        async throws
    {
        let town = try await TownOnDisk(agents: [
            "lead": #"""
            prompt=$(cat)
            goal=$(printf '%s' "$prompt" | sed -n 's/.*Your goal, task \([0-9a-f-]*\):.*/\1/p' | head -n 1)
            if printf '%s' "$prompt" | grep -q 'Blue, of course'; then
                tt task fail "$(cat goal)" --result "blue is out of stock"
            elif [ -n "$goal" ]; then
                echo "$goal" >goal
                tt send supervisor --query "Which colour?"
            fi
            """#
        ])
        let asked = try await town.answer(["conductor", "--goal", "Paint it", "--cli", "lead"])
        #expect(asked.status == .exited(7), "\(asked)")
        #expect(asked.errors.contains("Which colour?") && asked.errors.contains("tt send goal-conductor"))
        let other = try await town.answer(["conductor", "--goal", "Something else", "--cli", "lead"])
        #expect(other.status == .exited(4), "\(other)")
        try await town.tt("send", "goal-conductor", "Blue, of course")
        let again = try await town.answer(["conductor", "--goal", "Paint it", "--cli", "lead"])
        #expect(again.status == .exited(1), "\(again)")
        #expect(again.output.contains("❌ The goal is failed: blue is out of stock"), "\(again.output)")
        try await town.close()
    }

    @Test func `after kill -9 of the command and its host the same command reaches the goal`() async throws {
        let town = try await TownOnDisk(agents: [
            "lead": Self.conductor,
            "builder": #"""
            cat >/dev/null
            [ -n "${TINYTOWN_TASK_ID:-}" ] || exit 0
            flock hold true
            if mkdir once 2>/dev/null; then tt send supervisor --info "builder is at work"; sleep 600; fi
            tt task complete "$TINYTOWN_TASK_ID" --result built
            """#, "reviewer": Self.reviewer,
        ])
        let command = try await town.start("conductor", "--goal", "Build the thing", "--cli", "lead")
        try await town.event("builder is at work")
        _ = command.signal(.kill)
        command.finishOutput()
        _ = await command.exit
        let host = try #require(try await town.hostPid)
        kill(host, SIGKILL)
        let answer = try await town.answer(["conductor", "--goal", "Build the thing", "--cli", "lead"])
        #expect(answer.status.isSuccess, "\(answer)")
        #expect(answer.output.contains("🚂 Following towards the goal"), "\(answer.output)")
        #expect(answer.output.contains("🏁 The goal is reached: built and approved"), "\(answer.output)")
        try await town.close()
    }

    /// Does nothing in its first turn but wait until `go` can be read; gives up as soon as it is woken.
    private static let sleepy = #"""
        prompt=$(cat)
        goal=$(printf '%s' "$prompt" | sed -n 's/.*Your goal, task \([0-9a-f-]*\):.*/\1/p' | head -n 1)
        if printf '%s' "$prompt" | grep -q 'Nobody is working'; then
            echo woken >>woken
            tt task fail "$(cat goal)" --result "nobody helps"
        elif [ -n "$goal" ]; then
            echo "$goal" >goal
            tt send supervisor --info "lead is at work"
            read line <go
        fi
        """#

    /// A town whose conductor takes its first turn, and whose `tt conductor` was killed meanwhile.
    private func orphaned() async throws -> TownOnDisk {
        let town = try await TownOnDisk(agents: ["lead": Self.sleepy])
        #expect(mkfifo(town.root + "/go", 0o600) == 0)
        let command = try await town.start("conductor", "--goal", "Build the thing", "--cli", "lead")
        try await town.event("lead is at work")
        _ = command.signal(.kill)
        command.finishOutput()
        _ = await command.exit
        return town
    }

    private func wake(_ town: TownOnDisk) throws {
        try Data("go\n".utf8).write(to: URL(filePath: town.root + "/go"))
    }

    @Test func `after kill -9 of the command the host wakes the conductor, once, until the goal is over`() async throws
    {
        let town = try await orphaned()
        try wake(town)
        try await town.event("nobody helps")
        #expect(try String(contentsOfFile: town.root + "/woken", encoding: .utf8) == "woken\n")
        // Nothing keeps the conductor awake any more, and with it no host.
        try await town.event("goal-conductor", "asked to stop")
        // Who follows it again learns how it ended.
        let answer = try await town.answer(["conductor", "--goal", "Build the thing", "--cli", "lead"])
        #expect(answer.status == .exited(1), "\(answer)")
        #expect(answer.output.contains("❌ The goal is failed: nobody helps"), "\(answer.output)")
        try await town.close()
    }

    @Test func `tt kill of the conductor ends the work on its goal, and the command says so`() async throws {
        let town = try await TownOnDisk(agents: ["lead": Self.sleepy])
        #expect(mkfifo(town.root + "/go", 0o600) == 0)
        let command = try await town.start("conductor", "--goal", "Build the thing", "--cli", "lead")
        try await town.event("lead is at work")
        try await town.tt("kill", "goal-conductor")
        try wake(town)
        command.finishOutput()
        #expect(await command.exit == .exited(7))
        // Whoever would wake it does so before the host finds that nobody needs it.
        try await town.event("the host of process", "stopped")
        #expect(!FileManager.default.fileExists(atPath: town.root + "/woken"))
        try await town.close()
    }
}
