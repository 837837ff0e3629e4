/// Bounds on what may be sent.
public struct SendLimits: Sendable, Equatable {
    /// The longest chain of agents that one request may set in motion.
    public var maxHops: Int
    /// How many messages may wait in an inbox before no more are taken; nil: any number.
    public var maxInbox: Int?
    /// How often one turn may send, assign or add work; nil: any number.
    public var perTurn: Int?
    /// How often one agent may do so within a minute, over all its turns; nil: any number.
    public var perMinute: Int?
    /// When one chain brings the same agent to work so often, and no task was completed in between, its message is held.
    public var sameAgent: Int
    /// How often two agents may pass a chain to each other without completing a task.
    public var pingPong: Int
    /// How many messages of agents one message of a person may set in motion.
    public var perRoot: Int

    public init(
        maxHops: Int = 20, maxInbox: Int? = nil, perTurn: Int? = nil, perMinute: Int? = nil, sameAgent: Int = 5,
        pingPong: Int = 6, perRoot: Int = 200
    ) {
        self.maxHops = maxHops
        self.sameAgent = sameAgent
        self.pingPong = pingPong
        self.perRoot = perRoot
        self.maxInbox = maxInbox
        self.perTurn = perTurn
        self.perMinute = perMinute
    }
}

/// A turn whose own commands write: its lease, and what it may send.
public struct ActingTurn: Sendable, Equatable {
    /// The turn for which the present task writes; nil for people, hosts and everybody else.
    @TaskLocal public static var current: ActingTurn?

    public var token: LeaseToken
    public var limits: SendLimits

    public init(token: LeaseToken, limits: SendLimits) {
        self.token = token
        self.limits = limits
    }
}

/// How much an agent has sent lately.
public struct SendCount: Sendable, Equatable {
    /// The turn that `inTurn` counts.
    public var turn: TurnID
    public var inTurn: Int
    /// When the minute that `inMinute` counts began.
    public var since: Timestamp
    public var inMinute: Int

    public init(turn: TurnID, inTurn: Int, since: Timestamp, inMinute: Int) {
        self.turn = turn
        self.inTurn = inTurn
        self.since = since
        self.inMinute = inMinute
    }
}

/// A stretch of a listing.
public struct Page: Sendable, Equatable {
    public var offset: Int
    public var limit: Int

    public init(offset: Int = 0, limit: Int = 1000) {
        self.offset = Figure.int(offset, in: Figure.counts)
        self.limit = Figure.int(limit, in: Figure.counts)
    }
}

/// Messages by state, over the whole town.
public struct QueueCounts: Sendable, Equatable, Codable {
    public var waiting: Int
    public var leased: Int
    public var dead: Int

    public init(waiting: Int = 0, leased: Int = 0, dead: Int = 0) {
        self.waiting = waiting
        self.leased = leased
        self.dead = dead
    }
}

/// Asks for a turn's messages.
public struct LeaseRequest: Sendable {
    public var agent: AgentID
    public var host: HostID
    public var turn: TurnID
    public var now: Timestamp
    /// How long the lease holds without renewal.
    public var duration: Duration
    /// At most so many messages; more would not fit a prompt.
    public var maxMessages: Int
    /// A message during whose turns the host died so often is leased alone.
    public var aloneAfter: Int
    /// The SHA-256 of the turn's secret, in hexadecimal digits; nil for a turn without one.
    public var proof: String?

    public init(
        agent: AgentID, host: HostID, turn: TurnID, now: Timestamp, duration: Duration = .seconds(30),
        maxMessages: Int = 100, aloneAfter: Int = HostDeaths.alone(HostDeaths.standard), proof: String? = nil
    ) {
        self.agent = agent
        self.host = host
        self.turn = turn
        self.now = now
        self.duration = duration
        self.maxMessages = maxMessages
        self.aloneAfter = aloneAfter
        self.proof = proof
    }
}

/// Turns that may begin with a message without any of them ending, before it is taken out of circulation: a message
/// that kills its host each time must not do so for ever.
public let maxDeliveries = 50

/// What follows where turns end together with their host: a turn that takes its host down must not do so for ever, nor
/// take other turns with it.
public enum HostDeaths {
    /// After so many a message is a dead letter, unless the town says otherwise.
    public static let standard = 5

    /// After so many a turn with the message runs alone, where it is a dead letter after `most`: three of five.
    public static func alone(_ most: Int) -> Int { max(1, most / 5 * 3 + most % 5 * 3 / 5) }
}

/// A change of an agent outside its turns.
public enum AgentChange: Sendable, Equatable {
    /// Holds it: messages wait. `reason` is shown to people; the person in charge is told if it was not they who asked.
    case interrupt(reason: String?, tellsPerson: Bool = false)
    case resume
    /// Asks it to stop. An agent without a running turn stops at once, unless messages wait and the request is
    /// `whenEmpty`.
    case stop(StopRequest)
    /// Lets it rest, for the host that found its reason: one that was idle for long falls asleep, and mail wakes it; one
    /// that was asked to stop, or has used up its turns, ends. Does nothing while a turn runs or, unless its turns are
    /// used up, when something that would wake it arrived meanwhile.
    case retire(reason: String)
    /// Brings an ended agent, or one that sleeps, back with its inbox, session and id; counts turns anew.
    case restart(maxTurns: Int?)
    /// Only this host may run it; nil frees it.
    case pin(HostID?)
    /// Says, or takes back, what a person has to know of an agent that waits by itself. The person in charge is told if
    /// something really waits.
    case attention(String?, tellsPerson: Bool = false)
    /// Its command line interface; a session of another harness is dropped.
    case cli(String)
}

/// A live agent as a host sees it.
public struct AgentPulse: Sendable, Equatable {
    public var agent: Agent
    /// Something waits that would start a turn.
    public var hasWork: Bool
    public var lease: LeaseRecord?
    /// A task that it owns waits for others: it will have work, and is not idle.
    public var expectsWork: Bool

    public init(agent: Agent, hasWork: Bool, lease: LeaseRecord?, expectsWork: Bool = false) {
        self.agent = agent
        self.hasWork = hasWork
        self.lease = lease
        self.expectsWork = expectsWork
    }

    /// Whether somebody has to run it: it is awake, or something waits that wakes it.
    public var needsHost: Bool { agent.state.isAwake || (agent.state == .cold && hasWork) }
}

/// What became of what a removed agent had.
public struct Removal: Sendable, Equatable, Codable {
    /// Open tasks that are in the backlog again.
    public var tasks: [TaskID]
    /// Messages that are dead letters now.
    public var deadLetters: Int

    public init(tasks: [TaskID] = [], deadLetters: Int = 0) {
        self.tasks = tasks
        self.deadLetters = deadLetters
    }
}

/// Where reclaimed work goes.
public enum Destination: Sendable, Equatable {
    case backlog
    case agent(AgentID)
}

/// What was moved.
public struct Reclaimed: Sendable, Equatable {
    /// Tasks that changed hands.
    public var tasks: [TaskID]
    /// Tasks that were made of messages, by the messages' order.
    public var made: [TaskID]
    /// Messages that moved to the other agent.
    public var messages: [MessageID]
    /// Messages that stay in the inbox.
    public var left: Int

    public init(tasks: [TaskID] = [], made: [TaskID] = [], messages: [MessageID] = [], left: Int = 0) {
        self.tasks = tasks
        self.made = made
        self.messages = messages
        self.left = left
    }
}

/// Whether a task was offered.
public enum OfferResult: String, Sendable, Codable, CaseIterable {
    case offered
    /// This agent was offered this task before.
    case known
    /// The task is not in the backlog any more, or another agent thinks about it.
    case taken
    /// The agent takes a turn, has work, or may take no turn now.
    case busy
}

/// Gives a new task to an agent.
public struct Assignment: Sendable, Equatable {
    public var agent: AgentID
    /// The id of the message that announces it.
    public var announcement: MessageID
    public var priority: Priority

    public init(agent: AgentID, announcement: MessageID, priority: Priority = .normal) {
        self.agent = agent
        self.announcement = announcement
        self.priority = priority
    }
}

/// A task to be made.
public struct NewTask: Sendable, Equatable {
    public var task: AgentTask
    /// Who gets it; nil for nobody.
    public var assignee: Assignment?

    public init(_ task: AgentTask, assignee: Assignment? = nil) {
        self.task = task
        self.assignee = assignee
    }
}

/// Which tasks to list. Conditions that are nil do not restrict.
public struct TaskFilter: Sendable, Equatable {
    public var states: Set<TaskState>?
    public var assignee: AgentID?
    public var inBacklog: Bool?
    /// Lower-case hexadecimal digits with which the id begins, hyphens included.
    public var idPrefix: String?
    /// Those that something holds back, or that nothing holds back.
    public var isWaiting: Bool?
    /// Only tasks that depend on this one or are parts of it.
    public var needing: TaskID?

    public init(
        states: Set<TaskState>? = nil, assignee: AgentID? = nil, inBacklog: Bool? = nil, idPrefix: String? = nil,
        isWaiting: Bool? = nil, needing: TaskID? = nil
    ) {
        self.states = states
        self.assignee = assignee
        self.inBacklog = inBacklog
        self.idPrefix = idPrefix
        self.isWaiting = isWaiting
        self.needing = needing
    }

    public static let backlog = TaskFilter(inBacklog: true)
}

/// Tasks by state.
public struct TaskCounts: Sendable, Equatable {
    public var byState: [TaskState: Int]
    public var backlog: Int

    public init(byState: [TaskState: Int] = [:], backlog: Int = 0) {
        self.byState = byState
        self.backlog = backlog
    }
}

/// Which events to read. Conditions that are nil do not restrict.
public struct EventFilter: Sendable, Equatable {
    public var agent: AgentID?
    public var types: Set<EventType>?

    public init(agent: AgentID? = nil, types: Set<EventType>? = nil) {
        self.agent = agent
        self.types = types
    }
}

/// How long things that are over are kept.
public struct Retention: Sendable, Equatable {
    /// Done messages stay known this long, so that a repeated send is noticed.
    public var doneMessages: Duration
    /// The log keeps at most so many events.
    public var events: Int

    public init(doneMessages: Duration = .seconds(7 * 86_400), events: Int = 100_000) {
        self.doneMessages = doneMessages
        self.events = events
    }
}
