import Model
import TOML
import Text

/// The one description of `tinytown.toml`: reading, checking, unknown keys and documentation come from it.
public struct ConfigurationKey: Sendable {
    /// Dotted, as it is written.
    public var path: String
    /// What it is for, in one line.
    public var meaning: String
    /// The default, as it is written.
    public var standard: String
    let read: @Sendable (TOMLValue, inout TownConfiguration) -> String?

    /// Every key that means something today.
    public static let all: [ConfigurationKey] =
        [
            text("name", "the town's name", "required") { $0.name = $1 },
            text("default_cli", "the CLI of agents that are spawned without --cli", "the global default_cli") {
                $0.defaultCLI = $1
            },
            text("conductor_cli", "the CLI of the conductor", "default_cli") { $0.conductorCLI = $1 },
            number("max_agents", "live agents that the town may have", "10", 1...10_000) { $0.maxAgents = $1 },
            choice("store", "where state is kept: sqlite or redis", "sqlite") { $0.store = $1 },
            flag("use_central_redis", "one Redis server for all your towns, for store = \"redis\"", "false") {
                $0.redis.useCentral = $1
            },
            choice("sqlite.synchronous", "full: each step is on disk before it counts; normal: faster", "full") {
                $0.synchronous = $1
            },
            seconds("agent.idle_timeout_secs", "an idle agent falls asleep after this time; 0: never", "300") {
                $0.idleTimeout = $1
            },
            flag("agent.offer_backlog", "idle agents are offered backlog tasks that suit their role", "true") {
                $0.offersBacklog = $1
            },
            seconds("agent.turn_timeout_secs", "the longest turn; 0: no limit", "3600") { $0.turnTimeout = $1 },
            time("agent.turn_timeout", "the same with a unit, such as \"60m\"", "60m") { $0.turnTimeout = $1 },
            seconds("agent.stall_notice_secs", "silence after which a turn is reported", "600") { $0.stallNotice = $1 },
            number("agent.max_attempts", "failed turns after which a message is a dead letter", "5", 1...1000) {
                $0.maxAttempts = $1
            },
            number(
                "agent.max_host_deaths", "turns that ended their host, after which a message is a dead letter", "5",
                1...1_000_000
            ) { $0.maxHostDeaths = $1 },
            seconds("agent.first_delay_secs", "the first delay after a failed turn; it doubles", "10") {
                $0.firstDelay = $1
            },
            seconds("agent.longest_delay_secs", "the longest delay after failed turns", "300") { $0.longestDelay = $1 },
            number(
                "limits.max_concurrent_turns", "turns at once on a host", "max_agents, as far as memory goes", 1...1000
            ) {
                $0.maxConcurrentTurns = $1
            },
            number("limits.max_hops", "agents that one request may pass through", "20", 1...1000) { $0.maxHops = $1 },
            number("limits.same_agent", "turns of one agent in a chain without a completed task", "5", 2...1000) {
                $0.sameAgent = $1
            },
            number("limits.ping_pong", "times two agents may pass a chain to each other", "6", 2...1000) {
                $0.pingPong = $1
            },
            number("limits.messages_per_root", "messages that one request may lead to", "200", 1...1_000_000) {
                $0.messagesPerRoot = $1
            },
            number("limits.max_processes", "processes that a turn may have at once; 0: no limit", "512", 0...1_000_000)
            {
                $0.maxProcesses = $1
            },
            flag("limits.use_cgroups", "a cgroup for each turn, if you may make one; else rlimits", "true") {
                $0.usesControlGroups = $1
            },
            number("limits.max_message_kb", "the longest message or task, in kilobytes", "1024", 1...16_384) {
                $0.maxMessageKB = $1
            },
            number("limits.max_result_kb", "the longest result of a task, in kilobytes", "1024", 1...16_384) {
                $0.maxResultKB = $1
            },
            number("limits.max_inbox", "messages that may wait in one inbox", "1000", 1...10_000_000) {
                $0.maxInbox = $1
            },
            number("limits.sends_per_turn", "messages and tasks that one turn may send", "100", 1...1_000_000) {
                $0.sendsPerTurn = $1
            },
            number("limits.sends_per_minute", "the same for one agent within a minute", "120", 1...1_000_000) {
                $0.sendsPerMinute = $1
            },
            seconds("limits.grace_secs", "time for processes to end when asked", "5") { $0.grace = $1 },
            seconds("limits.drain_secs", "time for running turns when a host stops", "10") { $0.drainGrace = $1 },
            seconds("limits.lease_secs", "how long a lease holds without renewal", "30") { $0.lease = $1 },
            number("logs.max_size_mb", "size at which a log is put aside", "10", 1...10_000) { $0.logSizeMB = $1 },
            number("logs.keep", "old log files that are kept", "3", 0...100) { $0.logsKept = $1 },
            seconds("retention.done_messages_secs", "how long done messages stay known", "604800") { $0.keepDone = $1 },
            number("retention.events", "events that are kept", "100000", 100...100_000_000) { $0.keepEvents = $1 },
        ] + redis

    private static let redis: [ConfigurationKey] = [
        text("redis.url", "a server that you run: redis://, rediss:// or unix://", "\"redis://localhost:6379\"") {
            $0.redis.url = $1
        },
        flag("redis.use_socket", "false: on a port, if you also run: tt config redis.use_port true", "true") {
            $0.redis.useSocket = $1
        },
        text("redis.socket_path", "that socket, relative to the town", "\".tt/redis.sock\"") {
            $0.redis.socketPath = $1
        },
        text("redis.host", "with use_socket = false; another machine: a server that you run", "\"127.0.0.1\"") {
            $0.redis.host = $1
        },
        number("redis.port", "its port", "6379", 1...65_535) { $0.redis.port = $1 },
        text("redis.bind", "the address of that port; others than loopback need: tt config redis.bind", "\"127.0.0.1\"")
        {
            $0.redis.bind = $1
        },
        text("redis.user", "the ACL user", "\"default\"") { $0.redis.user = $1 },
        text("redis.password", "better in TINYTOWN_REDIS_PASSWORD: this file may be shared", "\"\"") {
            $0.redis.password = $1
        },
        flag("redis.tls_enabled", "encrypted; the server's certificate is checked", "false") { $0.redis.usesTLS = $1 },
        text("redis.tls_ca_cert", "the PEM file of the authority to trust; else the system's", "\"ca.crt\"") {
            $0.redis.authority = $1
        },
        text("redis.tls_cert", "the PEM file of the client's certificate", "\"client.crt\"") {
            $0.redis.certificate = $1
        },
        text("redis.tls_key", "the PEM file of its key", "\"client.key\"") { $0.redis.key = $1 },
        text("redis.tls_server_name", "the name in the server's certificate, if not its host", "\"redis.example\"") {
            $0.redis.serverName = $1
        },
        choice(
            "redis.fsync", "a server of ours writes to disk each second, or always before it answers", "\"everysec\""
        ) { $0.redis.fsync = $1 },
    ]

    /// Keys and tables of the parents' file that other parts of the product read, and that are no mistake here.
    static let foreign: Set<String> = [
        "use_streams", "redis.persist", "redis.aof_path", "townhall", "workspace", "models", "teams", "channels",
    ]

    private static func make(
        _ path: String, _ meaning: String, _ standard: String,
        _ read: @escaping @Sendable (TOMLValue, inout TownConfiguration) -> String?
    ) -> ConfigurationKey {
        ConfigurationKey(path: path, meaning: meaning, standard: standard, read: read)
    }

    private static func text(
        _ path: String, _ meaning: String, _ standard: String,
        _ set: @escaping @Sendable (inout TownConfiguration, String) -> Void
    ) -> ConfigurationKey {
        make(path, meaning, standard) { value, configuration in
            guard case .string(let text) = value else { return "must be a string, not \(value.kind)" }
            set(&configuration, text)
            return nil
        }
    }

    private static func number(
        _ path: String, _ meaning: String, _ standard: String, _ range: ClosedRange<Int>,
        _ set: @escaping @Sendable (inout TownConfiguration, Int) -> Void
    ) -> ConfigurationKey {
        make(path, meaning, standard) { value, configuration in
            guard case .integer(let number) = value else { return "must be a whole number, not \(value.kind)" }
            guard let number = Int(exactly: number), range.contains(number) else {
                return "must be from \(range.lowerBound) to \(range.upperBound), not \(number)"
            }
            set(&configuration, number)
            return nil
        }
    }

    private static func flag(
        _ path: String, _ meaning: String, _ standard: String,
        _ set: @escaping @Sendable (inout TownConfiguration, Bool) -> Void
    ) -> ConfigurationKey {
        make(path, meaning, standard) { value, configuration in
            guard case .bool(let truth) = value else { return "must be true or false, not \(value.kind)" }
            set(&configuration, truth)
            return nil
        }
    }

    private static func seconds(
        _ path: String, _ meaning: String, _ standard: String,
        _ set: @escaping @Sendable (inout TownConfiguration, Duration) -> Void
    ) -> ConfigurationKey {
        make(path, meaning, standard) { value, configuration in
            switch value {
            case .integer(let number) where (0...1_000_000_000).contains(number):
                set(&configuration, .seconds(number))
            case .double(let number) where (0...1_000_000_000).contains(number):
                set(&configuration, Duration(outsideSeconds: number))
            case .integer, .double: return "must be a number of seconds from 0 on"
            default: return "must be a number of seconds, not \(value.kind)"
            }
            return nil
        }
    }

    private static func time(
        _ path: String, _ meaning: String, _ standard: String,
        _ set: @escaping @Sendable (inout TownConfiguration, Duration) -> Void
    ) -> ConfigurationKey {
        make(path, meaning, standard) { value, configuration in
            switch value {
            case .integer(let number) where (0...1_000_000_000).contains(number): set(&configuration, .seconds(number))
            case .string(let text):
                guard let duration = DurationText.parse(text) else {
                    return "must be a time such as \"90s\", \"5m\" or \"1h\", not \"\(text)\""
                }
                set(&configuration, duration)
            default: return "must be a time such as \"90s\", \"5m\" or \"1h\", not \(value.kind)"
            }
            return nil
        }
    }

    private static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
        _ path: String, _ meaning: String, _ standard: String,
        _ set: @escaping @Sendable (inout TownConfiguration, Choice) -> Void
    ) -> ConfigurationKey {
        let choices = Dictionary(uniqueKeysWithValues: Choice.allCases.map { ($0.rawValue, $0) })
        let names = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        return make(path, meaning, standard) { value, configuration in
            guard case .string(let text) = value, let choice = choices[text] else { return "must be one of \(names)" }
            set(&configuration, choice)
            return nil
        }
    }
}
