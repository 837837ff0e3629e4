import Configuration
import Dispatch
import Model
import Operations
import Terminal
import Towns

/// Runs one agent in this terminal until it ends or Ctrl-C.
struct ForegroundRun: Sendable {
    let run: HostProcess
    let shutdown: Shutdown
    let context: CommandContext

    /// - Parameters:
    ///   - agent: registered, and live.
    ///   - introduction: what is said of it before its first turn.
    /// - Throws: `CommandFailure` where the agent stopped with an error.
    func callAsFunction(_ view: AgentView, introduction: [String]) async throws {
        let (store, time) = (run.town.store, run.town.time)
        let host = run.foregroundHost()
        // Pinned before the host is known, so that no other host takes the agent in between.
        try await store.change(view.id, .pin(host.id), now: time.now())
        if !context.wantsJSON {
            let lines = introduction + ["   It runs in this terminal. Press Ctrl-C to stop it, twice to stop at once."]
            context.console.write(lines.map { $0 + "\n" }.joined())
        }
        let screen = Screen(context)
        let (run, shutdown) = (run, shutdown)
        try await shutdown.guarding { _ in
            // The agent lives in this terminal: with the terminal's process it ends.
            _ = try? await store.change(view.id, .stop(.afterTurn), now: time.now())
            let grace = TimeText.length(run.town.configuration.drainGrace)
            screen.line("stopping: a running turn has \(grace) to end by itself; Ctrl-C again ends it at once")
        } _: {
            try await run.foreground(view.id, host: host, echo: { screen.line($0) }, shutdown.ending)
        }
        screen.finish()
        if let agent = try await store.agent(view.id), agent.state.isAwake {
            try await store.change(view.id, .stop(.afterTurn), now: time.now())
        }
        try await farewell(view)
    }

    private func farewell(_ view: AgentView) async throws {
        let agents = try await context.call(ListAgents.self, .init(), in: run.town).agents
        guard let ended = agents.first(where: { $0.id == view.id }) else { return }
        try context.show(ended) { ended in
            let rounds = ended.turnsCompleted == 1 ? "1 turn" : "\(ended.turnsCompleted) turns"
            var line =
                "🏁 Agent '\(TerminalText.line(ended.name))' stopped\(ended.state == .error ? " with an error" : "") after \(rounds)"
            let waiting = ended.pending.total
            if waiting > 0 {
                line += "; \(waiting) message\(waiting == 1 ? " waits" : "s wait") for its restart"
            }
            return [line]
        }
        if ended.state == .error { throw CommandFailure.endedInError(ended) }
    }

    /// What the agent does, line by line. A queue writes, so that the caller need not wait for a terminal
    /// that is held with Ctrl-S.
    private final class Screen: Sendable {
        private let queue = DispatchQueue(label: "terminal")
        private let context: CommandContext

        init(_ context: CommandContext) { self.context = context }

        func line(_ text: String) {
            guard !context.wantsJSON else { return }
            queue.async { [context] in context.console.write(TerminalText.sanitized(text) + "\n") }
        }

        /// Returns when everything is written.
        func finish() { queue.sync {} }
    }
}

extension CommandFailure {
    /// What is said of an agent that could not go on.
    static func endedInError(_ agent: AgentView) -> CommandFailure {
        CommandFailure(
            .failed, code: "agent_failed",
            "agent '\(agent.name)' stopped with an error" + (agent.attention.map { ": \($0)" } ?? ""),
            hint: "see: tt logs \(agent.name)")
    }
}
