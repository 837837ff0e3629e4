public import Model
import Presets

/// What `tinytown.toml` says, defaults included.
public struct TownConfiguration: Sendable, Equatable {
    /// Where the town's state is.
    public enum StoreKind: String, Codable, Sendable, CaseIterable { case sqlite, redis }
    /// When SQLite waits for the disk.
    public enum Synchronous: String, Sendable, CaseIterable { case full, normal }

    public var name: String
    public var defaultCLI: String?
    public var conductorCLI: String?
    /// Live agents that the town may have.
    public var maxAgents = 10
    public var store = StoreKind.sqlite
    public var synchronous = Synchronous.full
    /// Where Redis is, for `store == .redis`.
    public var redis = RedisConfiguration()
    /// An idle agent ends after this time; zero: never.
    public var idleTimeout = Duration.seconds(300)
    /// An idle agent is offered tasks of the backlog that suit its role.
    public var offersBacklog = true
    /// The longest that a turn may take; zero: no limit.
    public var turnTimeout = Duration.seconds(3600)
    /// Silence after which a turn is reported as stalled; zero: never.
    public var stallNotice = Duration.seconds(600)
    /// Failed attempts after which a message is a dead letter.
    public var maxAttempts = 5
    /// Turns during which their host died, after which a message is a dead letter.
    public var maxHostDeaths = 5
    /// The first delay after a failure.
    public var firstDelay = Duration.seconds(10)
    /// The longest delay after a failure.
    public var longestDelay = Duration.seconds(300)
    /// Turns at once; nil: as many as agents, as far as the memory goes, at least two.
    public var maxConcurrentTurns: Int?
    /// Agents that one request may pass through.
    public var maxHops = 20
    /// Times that one chain of messages may bring the same agent to work without a completed task, before it is held.
    public var sameAgent = 5
    /// Times that two agents may pass a chain to each other without a completed task, before it is held.
    public var pingPong = 6
    /// Messages of agents that one message of a person may set in motion.
    public var messagesPerRoot = 200
    /// Processes that a turn may have at once; zero: no limit.
    public var maxProcesses = 512
    /// Whether a turn gets a control group of its own, if the user may make one.
    public var usesControlGroups = true
    /// The longest message or description of a task, in kilobytes.
    public var maxMessageKB = 1024
    /// The longest result of a task, in kilobytes.
    public var maxResultKB = 1024
    /// Messages that may wait in one inbox.
    public var maxInbox = 1000
    /// Messages and tasks that one turn may bring into the town.
    public var sendsPerTurn = 100
    /// Messages and tasks that one agent may bring into the town within a minute.
    public var sendsPerMinute = 120
    /// How long processes get to end when they are asked to.
    public var grace = Duration.seconds(5)
    /// How long a stopping host waits for running turns.
    public var drainGrace = Duration.seconds(10)
    /// How long a lease holds without renewal.
    public var lease = Duration.seconds(30)
    /// A log file is put aside at this size, in megabytes.
    public var logSizeMB = 10
    /// How many old log files are kept.
    public var logsKept = 3
    /// How long done messages stay known.
    public var keepDone = Duration.seconds(7 * 86_400)
    /// How many events are kept.
    public var keepEvents = 100_000
    /// Commands by name; the presets are part of it.
    public var agentCLIs: [String: AgentCLI] = [:]

    public init(name: String) { self.name = name }

    /// The bounds on what may be sent.
    public var sendLimits: SendLimits {
        SendLimits(
            maxHops: maxHops, maxInbox: maxInbox, perTurn: sendsPerTurn, perMinute: sendsPerMinute,
            sameAgent: sameAgent, pingPong: pingPong, perRoot: messagesPerRoot)
    }
}

/// How an agent CLI is called.
public struct AgentCLI: Sendable, Equatable {
    /// A command line; words may be quoted, and no shell ever reads it.
    public var command: String
    /// Where it runs, relative to the town; nil: the town's folder.
    public var workdir: String?
    public var env: [String: String]
    /// Names of the user's variables that it inherits besides those that every agent CLI gets; `PREFIX_*` stands for all
    /// that begin so.
    public var pass: [String]

    public init(command: String, workdir: String? = nil, env: [String: String] = [:], pass: [String] = []) {
        self.command = command
        self.workdir = workdir
        self.env = env
        self.pass = pass
    }

    /// Whether `text` can name variables to pass on: letters, digits and underscores, and `*` at the end for all that
    /// begin so. `*` alone would pass everything, secrets of other programs included.
    static func isPattern(_ text: String) -> Bool {
        let name = text.hasSuffix("*") ? text.dropLast() : text[...]
        return !name.isEmpty
            && name.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || $0 == "_" || $0.properties.numericType != nil)
            }
    }

    /// The commands that are known without any configuration.
    public static let presets = Dictionary(
        uniqueKeysWithValues: CLIPreset.all.map { ($0.name, AgentCLI(command: $0.command)) })
}

/// A configuration that cannot be used.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        case notInitialized, alreadyInitialized, invalid, unreadable, unknownKey
        /// Somebody else may have written it.
        case unsafe
        /// A person has to decide whether the folder may run programs and connect to servers.
        case untrusted
        /// The state in the folder came from elsewhere.
        case foreignState
    }

    public var code: Code
    /// One sentence with file, line and key where there are such, and what to do.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
