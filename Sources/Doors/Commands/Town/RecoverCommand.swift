import Arguments
import Model
import Operations
import Terminal

enum RecoverCommand {
    static let command = Command(
        CommandSpec(
            "recover", "Requeue the work of processes that died", group: Group.agents,
            examples: [
                Example("tt recover", "after a crash, or to be sure"),
                Example("tt recover --json | jq .recovered", "which agents were affected"),
            ],
            discussion: "Rarely needed: every host notices the death of another at once and does the same. An agent "
                + "whose process died goes on; its messages wait as before. An agent that works is never touched, "
                + "however long it is silent.")
    ) { context in
        try await context.withTown(.readWrite) { town in
            context.say("🔍 Scanning for orphaned agents...")
            let output = try await context.call(RecoverTown.self, Nothing(), in: town)
            try context.show(output) { lines($0, now: town.time.now()) }
        }
    }

    private static func lines(_ output: RecoverTown.Output, now: Timestamp) -> [String] {
        var lines = output.recovered.map { agent in
            let host = agent.hostPid.map { "its host (pid \($0)) is gone" } ?? "its host is gone"
            let turn = agent.turnID == nil ? "" : "; its turn was put back"
            return "   🔄 Recovered '\(TerminalText.line(agent.name))' (\(agent.state.shown)) - \(host)\(turn), "
                + "last heartbeat \(TimeText.ago(now - agent.lastHeartbeat))"
        }
        let known = output.recovered.compactMap(\.hostPid)
        lines += output.hosts.filter { !known.contains($0) }.map { "   🧹 Removed the dead host of process \($0)" }
        if output.unserved > 0 {
            lines.append("   🚀 Starting a host for \(output.unserved.of("agent")) that none served")
        }
        let checked = "\(output.checked) agent\(output.checked == 1 ? "" : "s") checked"
        lines.append(
            output.recovered.isEmpty
                ? "✨ No orphaned agents found (\(checked))"
                : "✨ Recovered \(output.recovered.count.of("orphaned agent")) (\(checked))")
        return lines
    }
}
