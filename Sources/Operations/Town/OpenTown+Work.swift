import Model

extension OpenTown {
    /// Whether something waits for a host, and none is there that could do it: a message that starts a turn, a turn whose
    /// host died, or an agent that is to end.
    public func isLeftAlone() async throws -> Bool {
        // The cheap question first: most towns are served.
        let hosts = try await store.hosts()
        guard !hosts.contains(where: { !$0.isForeground && liveness(of: $0).isAlive }) else { return false }
        let alive = Set(hosts.filter { liveness(of: $0).isAlive }.map(\.id))
        return try await store.pulse().contains { pulse in
            let agent = pulse.agent
            guard !agent.state.isTerminal, !(agent.pinnedTo.map { alive.contains($0) } ?? false) else { return false }
            return pulse.lease != nil || agent.stopRequest != nil
                || (pulse.hasWork && agent.state.canTakeTurns && !agent.isOutOfRounds)
        }
    }
}
