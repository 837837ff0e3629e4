import Files
import Model
import Processes

/// A Redis that is there, or that could be installed.
struct FoundRedis: Codable, Equatable {
    enum Source: String, Codable {
        /// In the user's own folder.
        case home
        /// On the PATH.
        case path
        /// The system's package manager has it.
        case package
    }

    var source: Source
    var version: String
    /// The program; for a package, the command that installs it.
    var location: String
}

/// Looks for a Redis that is new enough. Runs programs only to ask for versions; changes nothing.
struct RedisSearch {
    let environment: [String: String]
    /// `$TT_HOME`.
    let home: String
    let time: any TimeSource

    /// Where a Redis of the user's own is.
    var own: String { home + "/bin/redis-server" }

    /// The version that a program reports; nil where it does not run, is no Redis, or is somebody else's: such a program
    /// is not even asked.
    func version(of program: String) async -> RedisVersion? {
        guard Executable.find(program, path: nil) != nil, Executable.stranger(program) == nil,
            let line = await Program.version(program, environment: environment, time: time, limit: .seconds(5))
        else { return nil }
        return RedisVersion(banner: line)
    }

    /// The one in the user's own folder, else the first good enough one on the PATH.
    func installed() async -> FoundRedis? {
        if let version = await version(of: own), version >= .oldest {
            return FoundRedis(source: .home, version: version.description, location: own)
        }
        for name in ["redis-server", "valkey-server"] {
            guard let program = Executable.find(name, path: environment["PATH"]),
                let version = await version(of: program), version >= .oldest
            else { continue }
            return FoundRedis(source: .path, version: version.description, location: program)
        }
        return nil
    }

    /// Why server programs that are there are not used: somebody else could change them.
    var refusals: [String] {
        let onPath: [String] = ["redis-server", "valkey-server"]
            .compactMap { Executable.find($0, path: environment["PATH"]) }
        var refusals: [String] = []
        for program in [own] + onPath where Executable.find(program, path: nil) != nil {
            if let reason = Executable.stranger(program) { refusals.append("\(program) is not used: \(reason)") }
        }
        return refusals
    }

    /// What the system's package manager would install, where that is good enough.
    func package() async -> FoundRedis? {
        if let apt = Executable.find("apt-cache", path: environment["PATH"]) {
            for name in ["redis-server", "valkey-server"] {
                guard let output = await output(of: apt, ["policy", name]) else { continue }
                let line = output.split(whereSeparator: \.isNewline).first { $0.contains("Candidate:") }
                guard let text = line?.split(separator: " ").last, let version = RedisVersion(String(text)),
                    version >= .oldest
                else { continue }
                let command = (Files.user == 0 ? "" : "sudo ") + "apt-get install \(name)"
                return FoundRedis(source: .package, version: version.description, location: command)
            }
        }
        if let brew = Executable.find("brew", path: environment["PATH"]),
            let output = await output(of: brew, ["info", "redis"]),
            let word = output.split(whereSeparator: \.isWhitespace).lazy.compactMap({ RedisVersion(String($0)) }).first,
            word >= .oldest
        {
            return FoundRedis(source: .package, version: word.description, location: "brew install redis")
        }
        return nil
    }

    private func output(of program: String, _ arguments: [String]) async -> String? {
        let launch = Launch(program, arguments, environment: environment, input: .none, errors: .discard)
        guard let ran = try? await ChildProcess.run(launch, limit: 256 * 1024), ran.exit.isSuccess else { return nil }
        return ran.outputText
    }
}
