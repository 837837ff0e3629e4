import Processes
import Redis

/// The server program on this machine.
struct ServerProgram: Sendable, Equatable {
    let path: String
    let version: RedisVersion

    /// Looks in `bin` of the user's folder, then on the PATH; Redis before Valkey.
    ///
    /// - Throws: `notInstalled`, `tooOld`, each with how to get one.
    static func find(home: String, environment: [String: String]) async throws(ServerError) -> ServerProgram {
        var refusal: ServerError?
        for path in candidates(home: home, path: environment["PATH"]) {
            // It gets the town's data, so nobody else may decide what it is.
            if let reason = Executable.stranger(path) {
                refusal = ServerError(
                    .notInstalled, "\(path) is not used: \(reason)",
                    hint: "take the right to write from others (chmod go-w), or install a server with a package manager"
                )
                continue
            }
            guard let version = await version(of: path, environment: environment) else { continue }
            if version.isSupported { return ServerProgram(path: path, version: version) }
            refusal = ServerError(
                .tooOld,
                "\(path) is \(version), which is too old: Redis 7.0 or Valkey 7.2 is needed, or anything newer",
                hint: "run: tt bootstrap; or install a newer one, or put it into \(home)/bin")
        }
        throw refusal
            ?? ServerError(
                .notInstalled, "no Redis or Valkey server is installed, and this town keeps its state in one",
                hint:
                    "install one (Debian: apt install redis-server; macOS: brew install valkey), or put redis-server or "
                    + "valkey-server into \(home)/bin, or set REDIS_URL to a server that you run")
    }

    /// What a server gets of the environment: nothing else, which may hold passwords, is its business.
    static func inherited(_ environment: [String: String]) -> [String: String] {
        environment.filter { ["PATH", "HOME", "LANG", "TMPDIR"].contains($0.key) }
    }

    private static func candidates(home: String, path: String?) -> [String] {
        let names = ["redis-server", "valkey-server"]
        let own = names.map { "\(home)/bin/\($0)" }.filter { Executable.find($0, path: nil) != nil }
        return own + names.compactMap { Executable.find($0, path: path) }
    }

    private static func version(of path: String, environment: [String: String]) async -> RedisVersion? {
        let launch = Launch(path, ["--version"], environment: inherited(environment))
        guard let result = try? await ChildProcess.run(launch, limit: 4096), result.exit == .exited(0) else {
            return nil
        }
        return RedisVersion(programOutput: result.outputText)
    }
}
