import Configuration
public import Model

/// Puts back what dead hosts left behind. Every host does the same by itself as soon as it looks; this is for towns
/// that none serves, and for people who want to be sure. An agent that works is never touched (W10).
public struct RecoverTown: Operation {
    public static let spec = OperationSpec(
        "town.recover", "Put back the turns of hosts that died", .manage, aliases: ["recovery.recover_agents"],
        route: .post("/v1/recover"),
        effect: .bringsWork, isIdempotent: true)

    public struct Output: Codable, Sendable, Equatable {
        /// Agents whose turn was put back, or that a dead host had kept for itself.
        public var recovered: [RecoveredAgent]
        /// Process ids of hosts that were removed from the list.
        public var hosts: [Int]
        /// Agents that were looked at.
        public var checked: Int
        /// Live agents that no host serves now.
        public var unserved: Int
    }

    public static func run(_ input: Nothing, in town: OpenTown) async throws -> Output {
        // Leases first: their holders were known before, so a host that comes just now does not look dead.
        let leases = try await town.store.leases()
        let hosts = try await town.store.hosts()
        let dead = hosts.filter { !town.liveness(of: $0).isAlive }
        let known = Dictionary(uniqueKeysWithValues: hosts.map { ($0.id, $0) })
        let agents = try await town.store.agents()
        var output = Output(recovered: [], hosts: [], checked: agents.count, unserved: 0)
        for lease in leases {
            let holder = known[lease.token.host]
            let isLost = holder.map { host in dead.contains { $0.id == host.id } } ?? true
            guard isLost, let agent = agents.first(where: { $0.id == lease.token.agent }) else { continue }
            // What the turn left running ends first: its messages must not be worked on twice at a time.
            await town.janitor.endSurvivors(of: [lease.token.turn])
            do throws(StoreError) {
                try await town.store.release(
                    lease.token, cause: .hostDied, maxHostDeaths: town.configuration.maxHostDeaths,
                    now: town.time.now())
            } catch {
                // A host was faster.
                if error.code == .leaseLost { continue }
                throw error
            }
            output.recovered.append(RecoveredAgent(agent, host: holder, turn: lease.token.turn))
        }
        for agent in agents where !agent.state.isTerminal {
            guard let host = dead.first(where: { $0.id == agent.pinnedTo }) else { continue }
            if !output.recovered.contains(where: { $0.id == agent.id }) {
                output.recovered.append(RecoveredAgent(agent, host: host, turn: nil))
            }
        }
        for host in dead {
            do throws(StoreError) {
                try await town.store.retire(host.id, died: true, now: town.time.now())
                output.hosts.append(host.pid)
            } catch {
                guard error.code == .illegalMove else { throw error }
            }
        }
        let serving = Set(hosts.map(\.id)).subtracting(dead.map(\.id))
        let isServed = hosts.contains { serving.contains($0.id) && !$0.isForeground }
        output.unserved = try await town.store.agents().count { agent in
            agent.state.isAwake && !(agent.pinnedTo.map { serving.contains($0) } ?? isServed)
        }
        return output
    }
}

/// An agent that goes on.
public struct RecoveredAgent: Codable, Sendable, Equatable {
    public var id: AgentID
    public var name: String
    /// As it was found.
    public var state: AgentState
    /// The process that is gone; null where nothing is known of it.
    @OrNull public var hostPid: Int?
    /// The turn that was put back; null where it took none.
    @OrNull public var turnID: TurnID?
    public var lastHeartbeat: Timestamp

    enum CodingKeys: String, CodingKey {
        case id, name, state
        case hostPid = "host_pid"
        case turnID = "turn_id"
        case lastHeartbeat = "last_heartbeat"
    }

    init(_ agent: Agent, host: Host?, turn: TurnID?) {
        id = agent.id
        name = agent.name
        state = agent.state
        lastHeartbeat = agent.lastHeartbeat
        hostPid = host?.pid
        turnID = turn
    }
}
