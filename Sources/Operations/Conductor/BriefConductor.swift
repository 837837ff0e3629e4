import Engine
import Model
import Text

/// What a conductor that a person talks to reads when it starts: the town as it is now, and how to lead it.
///
/// Nothing in it was written by agents: names and numbers only, so that no message can speak to the conductor from here.
public struct BriefConductor: Operation {
    public static let spec = OperationSpec(
        "conductor.brief", "Describe the town to the AI that leads it", .read, route: .get("/v1/conductor/brief"))

    public struct Output: Codable, Sendable, Equatable {
        /// Markdown.
        public var text: String
        /// True where agents are there already.
        public var resumes: Bool
    }

    public static func run(_ input: Nothing, in town: OpenTown) async throws -> Output {
        let agents = try await ListAgents.run(.init(), in: town).agents.filter { !$0.state.isTerminal }
        let counts = try await town.store.taskCounts()
        let brief = Brief(
            town: town, agents: agents, backlog: counts.backlog,
            open: [TaskState.pending, .assigned, .running].reduce(0) { $0 + (counts.byState[$1] ?? 0) },
            waitingForYou: try await town.store.waitingCounts()[.supervisor]?.values.reduce(0, +) ?? 0)
        return Output(text: brief.text, resumes: !agents.isEmpty)
    }
}

private struct Brief {
    let town: OpenTown
    let agents: [AgentView]
    let backlog: Int
    let open: Int
    let waitingForYou: Int

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
        if !agents.isEmpty {
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
