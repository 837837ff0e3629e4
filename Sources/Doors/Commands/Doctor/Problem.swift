/// Every problem that `tt doctor` knows. The ids are stable: scripts and people may rely on them.
enum Problem: String, CaseIterable, Encodable {
    case kernelOld = "machine.kernel_old"
    case diskFull = "machine.disk_full"
    case diskLow = "machine.disk_low"
    case clockWrong = "machine.clock_wrong"
    case fewFiles = "machine.few_files"
    case isRoot = "machine.root"
    case configurationInvalid = "town.configuration_invalid"
    case unknownKey = "town.unknown_key"
    case notIgnored = "town.not_ignored"
    case registryDamaged = "town.registry_damaged"
    case untrusted = "town.untrusted"
    case foreignState = "town.foreign_state"
    case unsafeOwner = "town.unsafe_owner"
    case fileOpen = "files.open"
    case fileForeign = "files.foreign"
    case fileReadOnly = "files.read_only"
    case cliMissing = "cli.missing"
    case cliUnknown = "cli.unknown"
    case cliSilent = "cli.silent"
    case storeDamaged = "store.damaged"
    case storeUnusable = "store.unusable"
    case storeLog = "store.log_large"
    case hostStale = "host.stale"
    case hostMissing = "host.missing"
    case leaseStale = "lease.stale"
    case agentFailed = "agent.failed"
    case agentStopped = "agent.stopped"
    case agentAttention = "agent.attention"
    case taskOrphaned = "task.orphaned"
    case messageDead = "message.dead"
    case noTurnLimit = "settings.no_turn_limit"
    case secretInFile = "settings.secret_in_file"
    case openTownhall = "settings.open_townhall"
    case allPermissions = "settings.all_permissions"
    case securityLink = "security.link"
    case securityForeign = "security.foreign"
    case securityWritable = "security.writable"
    case securityProgram = "security.program"
    case securityRisk = "security.risky_setting"
    case securityPlaintext = "security.plaintext"
    case securityNoPassword = "security.no_password"
    case securityOpenServer = "security.open_server"
    case securityCoreDump = "security.core_dump"
    case securityShownSecret = "security.shown_secret"
    case securityCanary = "security.canary"

    /// How bad it is.
    enum Severity: String, Encodable, CaseIterable, Comparable {
        /// Worth knowing; nothing is wrong.
        case info
        /// Something is wrong, or will be.
        case warning
        /// Something does not work, or is not safe.
        case error

        static func < (left: Self, right: Self) -> Bool {
            allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
        }

        var icon: String {
            switch self {
            case .info: "ℹ️ "
            case .warning: "⚠️ "
            case .error: "❌"
            }
        }
    }

    var severity: Severity {
        switch self {
        case .kernelOld, .diskFull, .configurationInvalid, .fileForeign, .fileReadOnly, .storeDamaged, .storeUnusable,
            .openTownhall, .cliUnknown, .foreignState, .unsafeOwner, .securityLink, .securityForeign,
            .securityWritable, .securityProgram, .securityOpenServer, .securityCanary:
            .error
        case .isRoot, .allPermissions, .agentAttention: .info
        default: .warning
        }
    }

    /// What it means, for the page.
    var meaning: String {
        switch self {
        case .kernelOld: "The kernel lacks pidfds (Linux 5.3), which hosts need to notice when processes end"
        case .diskFull: "Less than 100 MB is free on the town's disk"
        case .diskLow: "Less than 1 GB is free on the town's disk"
        case .clockWrong: "The clock is behind the times that the town has recorded"
        case .fewFiles: "A process may open fewer than 512 files; each turn needs some"
        case .isRoot: "tt runs as root; as root, Claude Code refuses to skip permissions"
        case .configurationInvalid: "tinytown.toml or config.toml is invalid"
        case .unknownKey: "A key in tinytown.toml is unknown"
        case .notIgnored: "The town is in a git repository that does not ignore .tt"
        case .registryDamaged: "The list of towns cannot be read"
        case .untrusted: "The folder is not trusted to run programs and connect to servers"
        case .foreignState: "The state in .tt was created elsewhere"
        case .unsafeOwner: "Another user owns the town, or can write to it"
        case .fileOpen: "Other users can read something that belongs to the town or holds secrets"
        case .fileForeign: "A file of the town belongs to another user"
        case .fileReadOnly: "A folder of the town cannot be written"
        case .cliMissing: "A CLI's program is not on the PATH"
        case .cliUnknown: "An active agent uses an unknown CLI"
        case .cliSilent: "A CLI does not report its version within five seconds"
        case .storeDamaged: "The store's file is damaged"
        case .storeUnusable: "The store cannot be opened"
        case .storeLog: "The store's write-ahead log has grown beyond 256 MB"
        case .hostStale: "A listed host's process has ended"
        case .hostMissing: "Work is waiting, but no host is running"
        case .leaseStale: "A turn belongs to a host that is gone"
        case .agentFailed: "An agent stopped because it could not continue"
        case .agentStopped: "Mail is waiting for an agent that was stopped or has used up its turns"
        case .agentAttention: "An agent needs your attention"
        case .taskOrphaned: "Open tasks belong to stopped agents"
        case .messageDead: "There are dead letters"
        case .noTurnLimit: "A turn may run forever"
        case .secretInFile: "tinytown.toml, which is meant for version control, contains a secret"
        case .openTownhall: "The townhall listens on the network without authentication"
        case .allPermissions: "Agents run without permission prompts"
        case .securityLink: "A name in `.tt` is a symbolic link, or a hard link (`--security`, like all below)"
        case .securityForeign: "The town's folder, or something in it that tt uses, belongs to another user"
        case .securityWritable: "Every user can write to something that tt uses"
        case .securityProgram: "Another user can change a program that tt or an agent runs"
        case .securityRisk: "A setting in tinytown.toml can take over programs, or send traffic elsewhere"
        case .securityPlaintext: "The town's state goes to another machine without encryption"
        case .securityNoPassword: "A Redis on a port has no password"
        case .securityOpenServer: "A server that tt started accepts connections from other machines"
        case .securityShownSecret: "A secret is readable by others: on a command line, in a log or in a snapshot"
        case .securityCanary: "The code that writes logs let a planted secret through"
        case .securityCoreDump: "A host would leave its memory in a file if it crashed"
        }
    }

    /// The usual cure, for the page; a finding names the exact command.
    var cure: String {
        switch self {
        case .kernelOld: "update the system"
        case .diskFull, .diskLow: "free some space; `tt save` elsewhere first if in doubt"
        case .clockWrong: "`timedatectl set-ntp true`"
        case .fewFiles: "`ulimit -n 4096`"
        case .isRoot: "run tt as an ordinary user"
        case .configurationInvalid, .unknownKey: "edit the named line"
        case .notIgnored: "`echo '*' > .tt/.gitignore`"
        case .registryDamaged: "move `towns.toml` away; `tt init` creates a new one"
        case .untrusted: "`tt trust`"
        case .foreignState: "move `.tt` away; the next command creates a new state"
        case .unsafeOwner: "`chown`, `chmod go-w`, or `tt config safe_folders FOLDER`"
        case .fileOpen: "`chmod go= FILE`"
        case .fileForeign: "`chown`"
        case .fileReadOnly: "`chmod u+w FOLDER`"
        case .cliMissing: "install it, or choose another: `tt config default_cli NAME`"
        case .cliUnknown: "`tt config agent_clis.NAME COMMAND`, or install the program"
        case .cliSilent: "run it by hand; it may be waiting for a login"
        case .storeDamaged: "`tt stop`, then restore a copy: `tt restore --force FILE`"
        case .storeUnusable: "follow the finding's message"
        case .storeLog: "`tt stop`; the next command empties it"
        case .hostStale, .leaseStale: "`tt recover`"
        case .hostMissing: "`tt start --detach`"
        case .agentFailed: "`tt restart AGENT`"
        case .agentStopped: "`tt restart AGENT`"
        case .agentAttention: "`tt logs AGENT`, then `tt resume AGENT`"
        case .taskOrphaned: "`tt reclaim --to-backlog`"
        case .messageDead: "`tt dead list`"
        case .noTurnLimit: "set `agent.turn_timeout_secs`"
        case .secretInFile: "set it in the environment, or in `~/.tt/config.toml`"
        case .openTownhall: "`bind = \"127.0.0.1\"` under `[townhall]`"
        case .allPermissions: "configure a command with fewer permissions under `[agent_clis]`"
        case .securityLink: "find out where it came from, then remove it"
        case .securityForeign: "use a folder of your own"
        case .securityWritable, .securityProgram: "`chmod go-w`"
        case .securityRisk: "remove the setting, or put it into `~/.tt/config.toml`"
        case .securityPlaintext: "use a `rediss://` address"
        case .securityNoPassword: "use `requirepass`, or a Unix socket"
        case .securityOpenServer: "`tt config redis.bind 127.0.0.1`"
        case .securityShownSecret: "change the secret; then pass it in the environment"
        case .securityCanary: "report it, as docs/security.md says"
        case .securityCoreDump: "`tt stop`, then `tt start --detach`"
        }
    }
}

/// One problem that is there.
struct Finding: Encodable, Equatable {
    var problem: Problem
    /// One sentence without a full stop.
    var message: String
    /// The command or the step that fixes it.
    var cure: String

    init(_ problem: Problem, _ message: String, mend cure: String) {
        self.problem = problem
        self.message = message
        self.cure = cure
    }

    private enum CodingKeys: String, CodingKey {
        case problem = "id"
        case severity, message
        case cure = "hint"
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(problem, forKey: .problem)
        try values.encode(problem.severity, forKey: .severity)
        try values.encode(message, forKey: .message)
        try values.encode(cure, forKey: .cure)
    }
}

/// `docs/doctor.md`, from the same table.
public enum DoctorPage {
    public static var text: String {
        var text = """
            # tt doctor: what it finds

            *For everyone whose town does not do what it should.*

            `tt doctor` checks the machine, the town, its files, the CLIs, the store and the work in it. It changes
            nothing. Every finding has an id from this table, a severity and a fix. The exit code is 1 if there are
            warnings or errors, and 0 otherwise (`info` alone is not a problem). `tt doctor --json` prints an object
            with `findings` (`id`, `severity`, `message`, `hint`), `facts` and `ok`.

            | id | severity | meaning | fix |
            |---|---|---|---|

            """
        for problem in Problem.allCases {
            text += "| `\(problem.rawValue)` | \(problem.severity.rawValue) | \(problem.meaning) | \(problem.cure) |\n"
        }
        return text
    }
}
