import Engine
import Model
import Operations
import Text

/// What an interactive conductor reads when it starts: the town as it is now, and how to lead it.
///
/// Nothing in it was written by agents: names and numbers only, so that no message can speak to the conductor from here.
struct ConductorContext {
    let town: OpenTown
    let agents: [AgentView]
    let backlog: Int
    let open: Int
    let waitingForYou: Int

    init(_ town: OpenTown, _ context: CommandContext) async throws {
        self.town = town
        agents = try await context.call(ListAgents.self, .init(), in: town).agents.filter { !$0.state.isTerminal }
        let counts = try await town.store.taskCounts()
        backlog = counts.backlog
        open = [TaskState.pending, .assigned, .running].reduce(0) { $0 + (counts.byState[$1] ?? 0) }
        waitingForYou = try await town.store.waitingCounts()[.supervisor]?.values.reduce(0, +) ?? 0
    }

    /// True where agents are there already.
    var isResuming: Bool { !agents.isEmpty }

    /// The file's text.
    var text: String {
        var lines = [
            "# Tinytown Conductor", "",
            "You are the **conductor** of Tinytown \(PromptText.quoted(town.name)). A person talks to you in this terminal; you lead a "
                + "team of AI agents for that person through the command `tt`, which is on your PATH and knows that you "
                + "are the supervisor.", "", "## Current Town State", "",
            "- Town: \(PromptText.name(town.name)), in \(PromptText.name(town.root))",
        ]
        lines.append(agents.isEmpty ? "- Agents: none" : "- Agents:")
        for agent in agents {
            // The label in parts, each of which may come from another program.
            var label = PromptText.name(agent.name)
            if let nickname = agent.givenNickname { label += " \(PromptText.quoted(nickname))" }
            if let role = agent.roleID, role != "default", role != agent.name { label += " (\(PromptText.name(role)))" }
            let waiting = agent.pending.total
            lines.append(
                "  - \(label): \(agent.state.rawValue), \(waiting) message\(waiting == 1 ? "" : "s") pending")
        }
        lines.append("- Open tasks: \(open); in the backlog: \(backlog)")
        lines.append("- Messages for you: \(waitingForYou); read them with `tt inbox`")
        lines.append("")
        if isResuming {
            lines += [
                "## Resuming", "",
                "A team is working. Begin with `tt status --deep` and `tt inbox`, tell the person in a few lines where "
                    + "things stand, and go on from there. What was said of the town before this text may be outdated.",
                "",
            ]
        } else {
            lines += [
                "## Fresh start", "",
                "There is no team yet. Ask what is to be built, unless you know. Offer to look at the project (its README, "
                    + "design documents, code), propose the roles that fit, and break the idea into tasks.", "",
            ]
        }
        return (lines + [ConductorGuide.text, "", Self.end]).joined(separator: "\n") + "\n"
    }

    private static let end = """
        ## Guidelines

        - Give each task to one agent, small enough for one sitting, with what it needs to know in the task itself.
        - Uncertain who should do it? Put it into the backlog with tags.
        - Look at `tt status` before you answer questions about progress; do not guess.
        - After larger steps: `tt sync pull`, and suggest a commit of tasks.toml.
        """
}
