/// Runs one agent CLI or endpoint for one turn.
///
/// `run` returns when nothing of the turn is left running. Cancelling the task ends the turn's processes in steps and
/// then returns. It never throws: what went wrong is a `Failure` in the result.
public protocol Harness: Sendable {
    /// The name in the configuration and in `tt spawn --cli`.
    var name: String { get }

    func run(_ request: TurnRequest) async -> HarnessResult
}

/// Finds the harness that takes an agent's turns.
public protocol HarnessSource: Sendable {
    /// What it is may depend on everything that is known of the agent, and not on its `cli` alone.
    ///
    /// - Throws: a `configuration` failure that names what can be used instead.
    func harness(for agent: Agent) throws(Failure) -> any Harness

    /// Whether the program named by `cli` is installed here.
    func isAvailable(_ cli: String) -> Bool
}

/// What a harness gets for a turn.
public struct TurnRequest: Sendable {
    public var turn: TurnID
    /// For a harness that lets its caller choose the id of a new session.
    public var newSessionID: String
    /// The session to continue; nil begins a new one.
    public var session: HarnessSession?
    public var prompt: String
    /// Where `{prompt_file}` and files of what is too long for the prompt go; exists during the turn.
    public var scratchFolder: String
    public var workingDirectory: String
    /// The child's variables, complete but for what the harness itself needs.
    public var environment: [String: String]
    public var limits: TurnLimits
    /// Called for everything worth showing live, in order. Must not block.
    public var emit: @Sendable (HarnessEvent) -> Void

    public init(
        turn: TurnID, newSessionID: String, session: HarnessSession?, prompt: String, scratchFolder: String,
        workingDirectory: String, environment: [String: String], limits: TurnLimits = TurnLimits(),
        emit: @escaping @Sendable (HarnessEvent) -> Void
    ) {
        self.turn = turn
        self.newSessionID = newSessionID
        self.session = session
        self.prompt = prompt
        self.scratchFolder = scratchFolder
        self.workingDirectory = workingDirectory
        self.environment = environment
        self.limits = limits
        self.emit = emit
    }
}

/// How long things may take within a turn.
public struct TurnLimits: Sendable, Equatable {
    /// The whole turn. Zero: no limit.
    public var turn: Duration
    /// Silence after which the turn is reported as stalled, once; output resets it. Zero: never.
    public var stallNotice: Duration
    /// From the polite request to end until the kill.
    public var grace: Duration
    /// How long nothing but retry notices may come before the turn is given up and classified by them.
    public var retryNotices: Duration
    /// How many processes the turn may have at once. Zero: no limit.
    public var processes: Int
    /// Whether the turn gets a control group of its own, if the user may make one.
    public var usesControlGroup: Bool

    public init(
        turn: Duration = .seconds(3600), stallNotice: Duration = .seconds(600), grace: Duration = .seconds(5),
        retryNotices: Duration = .seconds(60), processes: Int = 512, usesControlGroup: Bool = true
    ) {
        self.turn = turn
        self.stallNotice = stallNotice
        self.grace = grace
        self.retryNotices = retryNotices
        self.processes = processes
        self.usesControlGroup = usesControlGroup
    }
}

/// What a harness says while it runs.
public enum HarnessEvent: Sendable, Equatable {
    /// The child runs; `process` is `pid:start`.
    case started(process: String)
    /// Its session has this id. Sent as soon as it is known, because a killed turn must be resumable.
    case session(String)
    /// A piece of what the agent says.
    case text(String)
    case toolStarted(name: String, input: String)
    case toolFinished(name: String, output: String, failed: Bool)
    /// Something a person may want to know: a warning, a retry, a denied permission.
    case notice(String)
    /// No output for as long as `TurnLimits.stallNotice`.
    case stalled(Duration)
    /// Raw bytes of the child's output, for the turn's log.
    case raw([UInt8])
}

/// How a turn ended.
public struct HarnessResult: Sendable, Equatable {
    /// The final text, whole; empty where there is none.
    public var reply: String
    /// The session to continue next time. Present after failures too, where the harness made one.
    public var session: HarnessSession?
    /// What this turn alone used.
    public var usage: Usage?
    /// The model that the CLI named, where it named one.
    public var model: String?
    public var failure: Failure?

    public init(reply: String = "", session: HarnessSession? = nil, usage: Usage? = nil, failure: Failure? = nil) {
        self.reply = reply
        self.session = session
        self.usage = usage
        self.failure = failure
    }
}
