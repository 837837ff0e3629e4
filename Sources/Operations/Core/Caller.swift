import Cryptography
import Files
import Model

/// Who calls: a person or a program of theirs, or a command that runs in an agent's turn.
///
/// The variables of a turn are hints for reading only. What writes in a turn needs the turn's secret, by which the store
/// knows the agent.
public struct Caller: Sendable, Equatable {
    /// `TINYTOWN_AGENT_ID`; outside of turns, the agent for which a program speaks.
    public var agentID: String?
    /// `TINYTOWN_AGENT_NAME`.
    public var agentName: String?
    /// `TINYTOWN_TASK_ID`: the first task of the turn.
    public var taskID: String?
    /// `TINYTOWN_TASK_IDS`: all tasks that the turn is asked to do, oldest first.
    public var taskIDs: [String] = []
    /// Whether this runs in a turn, whichever it is.
    public private(set) var isInTurn = false
    /// The SHA-256 of the secret that was shown; nil if there is none that could be read.
    private(set) var proof: String?
    /// The agent whose live turn the secret belongs to; set by `Town.admitted(to:)`.
    var proven: Agent?

    /// Outside of turns.
    public init(agentID: String? = nil, agentName: String? = nil, taskID: String? = nil) {
        self.agentID = agentID
        self.agentName = agentName
        self.taskID = taskID
    }

    /// Reads the variables that a turn sets, and the file with its secret.
    /// - Parameter isBeneathTurn: whether this process belongs to a turn although its environment does not say so.
    public init(environment: [String: String], isBeneathTurn: Bool = false) {
        func variable(_ name: String) -> String? {
            environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        self.init(
            agentID: variable("TINYTOWN_AGENT_ID"), agentName: variable("TINYTOWN_AGENT_NAME"),
            taskID: variable("TINYTOWN_TASK_ID"))
        taskIDs = variable("TINYTOWN_TASK_IDS")?.split(separator: " ").map(String.init) ?? []
        let file = variable("TINYTOWN_PROOF_FILE")
        isInTurn =
            isBeneathTurn || agentID != nil || agentName != nil || file != nil || variable("TINYTOWN_TURN") != nil
        proof = file.flatMap(Self.digest(ofFile:))
    }

    /// The digest of a turn's secret: 64 hexadecimal digits and nothing else.
    private static func digest(ofFile path: String) -> String? {
        guard let bytes = (try? Files.bytes(path)) ?? nil, bytes.count == 64 else { return nil }
        var digest = SHA256()
        digest.update(bytes)
        return digest.hexDigest()
    }
}
