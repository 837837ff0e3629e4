import Configuration
import Files
import Processes
import Terminal
import Towns

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What strangers could make of a town: `tt doctor --security` (docs/security.md). Changes nothing.
struct SecurityCheck {
    let files: TownFiles
    /// The user's folder for what belongs to no town.
    let home: String
    let configuration: TownConfiguration?
    let environment: [String: String]
    /// The CLIs of agents that have not ended, and the one of new agents.
    let clis: [String]
    let known: CLICommands
    /// Processes of hosts on this machine.
    let hosts: [ProcessIdentity]
    /// So many files of a town are looked at.
    static let mostFiles = 20_000

    struct Result {
        var facts: [String] = []
        var findings: [Finding] = []
    }

    /// - Parameter hasTown: whether there is a town; without one, only the machine is looked at.
    func run(hasTown: Bool) -> Result {
        var result = Result()
        checkPrograms(&result)
        checkProcesses(&result)
        guard hasTown else { return result }
        checkFiles(&result)
        checkAgents(&result)
        guard let configuration else { return result }
        checkSettings(configuration, &result)
        checkRedis(configuration, &result)
        return result
    }

    // MARK: - Files

    /// Owners, modes and links, of the town's folder and of everything in `.tt`.
    private func checkFiles(_ result: inout Result) {
        var count = 0
        for path in [files.root, files.configuration, files.state] {
            if let found = TownFile(path) { judge(found, &result) }
        }
        var folders = [files.state]
        while let folder = folders.popLast(), count < Self.mostFiles {
            for name in Files.names(in: folder) {
                count += 1
                guard let found = TownFile(folder + "/" + name) else { continue }
                judge(found, &result)
                if found.isFolder { folders.append(found.path) }
            }
        }
        result.facts.append("files: \(count) in .tt")
    }

    private func judge(_ file: TownFile, _ result: inout Result) {
        let path = TerminalText.line(file.path)
        if file.isLink || file.links > 1 && !file.isFolder {
            result.findings.append(
                Finding(
                    .securityLink,
                    file.isLink ? "\(path) is a symbolic link" : "\(path) has \(file.links) names (hard links)",
                    mend: "find out where it came from, then: rm '\(path)'"))
        }
        if file.owner != Files.user, file.owner != 0 {
            result.findings.append(
                Finding(
                    .securityForeign, "\(path) belongs to user \(file.owner)",
                    mend: "use a folder of your own, or: sudo chown $(id -u) '\(path)'"))
        }
        if !file.isLink, file.mode & 0o002 != 0 {
            result.findings.append(
                Finding(.securityWritable, "every user can write \(path)", mend: "chmod o-w '\(path)'"))
        }
    }

    // MARK: - Programs

    /// tt itself, the agents' programs, and the folders where programs are looked for.
    private func checkPrograms(_ result: inout Result) {
        var programs = [Executable.currentPath].compactMap { $0 }
        for cli in clis {
            guard let words = try? known.command(cli).words, let first = words.first else { continue }
            if let found = Executable.find(first, path: environment["PATH"], directory: files.root) {
                programs.append(found)
            }
        }
        let folders = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
            .filter { $0.hasPrefix("/") && Files.isFolder($0) }
        for path in programs + folders {
            guard let reason = Executable.stranger(path) else { continue }
            let finding = Finding(
                .securityProgram, "another user decides what runs as \(TerminalText.line(path)): \(reason)",
                mend: "take the right to write from others (chmod go-w), or take the folder out of your PATH")
            if !result.findings.contains(finding) { result.findings.append(finding) }
        }
    }

    // MARK: - Agents

    private func checkAgents(_ result: inout Result) {
        for cli in clis {
            guard let command = try? known.command(cli) else { continue }
            if let remark = SettingsCheck.remark(on: command.text, named: TerminalText.line(command.name)) {
                result.findings.append(remark)
            }
        }
        result.facts.append("agents: run as you (user \(Files.user)), without a sandbox of tt's; docs/security.md")
    }

    /// Settings of the folder that decide what programs do; whether they are trusted or not.
    private func checkSettings(_ configuration: TownConfiguration, _ result: inout Result) {
        for risk in RunnablePart(configuration).risks {
            result.findings.append(
                Finding(
                    .securityRisk, "\(TerminalText.line(risk.key)) in tinytown.toml: \(TerminalText.line(risk.reason))",
                    mend: "take it out, or put it into your own configuration: tt config"))
        }
    }

    // MARK: - Redis

    private func checkRedis(_ configuration: TownConfiguration, _ result: inout Result) {
        guard configuration.store == .redis,
            let redis = try? RedisFacts(configuration, files, environment: environment)
        else { return }
        result.facts.append("redis: \(TerminalText.line(redis.place))")
        if !redis.isLocal, !redis.isEncrypted {
            result.findings.append(
                Finding(
                    .securityPlaintext, "the town's state goes to \(TerminalText.line(redis.place)) without encryption",
                    mend: "use a rediss:// address, or redis.tls_enabled = true"))
        }
        if redis.isPort, !redis.hasPassword {
            result.findings.append(
                Finding(
                    .securityNoPassword,
                    "anybody who reaches \(TerminalText.line(redis.place)) can give your agents orders: no password",
                    mend: "set requirepass on the server, and TINYTOWN_REDIS_PASSWORD; or use a Unix socket"))
        }
        if let process = redis.process {
            for address in ListeningPorts.open(by: process.pid) {
                result.findings.append(
                    Finding(
                        .securityOpenServer,
                        "the Redis server of tt (process \(process.pid)) listens on \(address), for other machines",
                        mend: "tt config redis.bind 127.0.0.1, then: tt stop --server"))
            }
        }
    }

    // MARK: - Processes

    /// Core dumps of hosts, and whether the kernel bounds the processes of a turn.
    private func checkProcesses(_ result: inout Result) {
        for host in hosts {
            let text = ((try? Files.text("/proc/\(host.pid)/limits")) ?? nil) ?? ""
            guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Max core file size") }),
                let limit = line.dropFirst(18).split(separator: " ").first, limit != "0"
            else { continue }
            result.findings.append(
                Finding(
                    .securityCoreDump, "the host of process \(host.pid) would leave its memory in a file if it crashed",
                    mend: "restart it: tt stop, then tt start --detach"))
        }
        #if os(Linux)
            let group = ((try? Files.text("/proc/self/cgroup")) ?? nil) ?? ""
            let path = group.split(separator: "\n").first { $0.hasPrefix("0::/") }?.dropFirst(3)
            let canDelegate = path.map { Files.isWritable("/sys/fs/cgroup\($0)/cgroup.procs") } ?? false
            result.facts.append(
                canDelegate
                    ? "processes: the kernel can bound those of a turn (cgroup v2)"
                    : "processes: no cgroup of your own; tt bounds those of a turn itself")
        #endif
    }
}

/// What the file system says of a name itself; a link is not followed.
struct TownFile {
    let path: String
    let mode: UInt32
    let owner: UInt32
    let links: UInt64
    let isLink: Bool
    let isFolder: Bool

    init?(_ path: String) {
        var state = stat()
        guard lstat(path, &state) == 0 else { return nil }
        self.path = path
        mode = UInt32(state.st_mode & 0o7777)
        owner = state.st_uid
        links = UInt64(state.st_nlink)
        isLink = state.st_mode & S_IFMT == S_IFLNK
        isFolder = state.st_mode & S_IFMT == S_IFDIR
    }
}
