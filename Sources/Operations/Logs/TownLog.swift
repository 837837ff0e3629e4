import Configuration
import Files
public import Model

/// A log of this machine, and where there is more of it.
struct TownLog {
    /// What the host's own log is called where an agent could be named.
    static let host = "host"
    static let standardLines = 50
    static let bounds = 0...10_000_000

    let file: SafePath
    let elsewhere: LogElsewhere?

    /// - Parameter reference: an agent, or `host`.
    init(of reference: String, in town: OpenTown) async throws {
        let files = TownFiles(root: town.root)
        if reference == Self.host {
            file = files.hostLog
            elsewhere = nil
        } else {
            let agent = try await town.agent(reference)
            file = files.log(agent: agent.name)
            elsewhere = try await town.logElsewhere(of: agent)
        }
    }
}

/// Which other machines have a part of an agent's log.
public struct LogElsewhere: Codable, Sendable, Equatable {
    /// The machine that runs the agent's turn now.
    public var runsOn: String?
    /// Machines that may have run turns before, sorted.
    public var ranOn: [String]

    /// To read it there.
    public func remedy(agent: String) -> Remedy {
        let place =
            runsOn.map { "its present turn runs on \($0), where its log is" }
            ?? "turns that ran on \(ranOn.joined(separator: ", ")) have their log there"
        return .operation("agent.log", ["agent": agent], why: "\(place); run there")
    }

    enum CodingKeys: String, CodingKey {
        case runsOn = "runs_on", ranOn = "ran_on"
    }
}

extension OpenTown {
    /// Where else the log of an agent is; nil if all of it is here.
    public func logElsewhere(of agent: Agent) async throws -> LogElsewhere? {
        let hosts = try await store.hosts().filter { isAlive($0) == nil && !$0.isForeground }
        guard !hosts.isEmpty else { return nil }
        let lease = try await store.leases().first { $0.token.agent == agent.id }
        return LogElsewhere(
            runsOn: hosts.first { $0.id == lease?.token.host }?.machineName,
            ranOn: Set(hosts.map(\.machineName)).sorted())
    }
}
