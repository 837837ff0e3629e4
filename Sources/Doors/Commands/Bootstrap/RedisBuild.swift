import Cryptography
import Files
import Processes
import Towns

/// Has an AI CLI build a Redis in the user's own folder, and believes only what it can check: whose the program is, where
/// it is, that it serves, and from which source it was built.
struct RedisBuild {
    let search: RedisSearch
    let command: CLICommand
    /// Nil: the latest.
    let wanted: RedisVersion?
    /// The SHA-256 that the source archive has to have, if the person named it.
    let digest: String?
    /// Starts a server program once, and returns the version that it reports.
    let tryServer: @Sendable (String, [String: String]) async throws -> String
    /// The CLI's output goes to this program's own; otherwise nowhere.
    let showsOutput: Bool

    var prompt: String { search.home + "/bootstrap_prompt.md" }

    /// What the CLI is asked to do.
    var promptText: String {
        let (home, version) = (search.home, wanted?.description)
        let place = "\(home)/versions/redis-\(version ?? "VERSION")"
        return """
            Install Redis \(version ?? "(the latest stable release)") from source for one user of this machine.

            Work only below \(home). Do not use sudo, do not change the system, do not start a server.

            1. \(version == nil
                ? "Find the latest stable release on https://github.com/redis/redis/releases (no pre-release)."
                : "The release is on https://github.com/redis/redis/releases.")
            2. Download its source archive to \(place).tar.gz and keep it there. Its SHA-256 has to be
               \(digest ?? "the one in https://github.com/redis/redis-hashes"). Stop if it is not.
            3. Unpack it to \(place) and build it there with make, on all cores.
            4. Make \(home)/bin if need be, and in it symbolic links redis-server and redis-cli to the two programs that
               were built. Replace links that are there already.
            5. Run \(home)/bin/redis-server --version and tell what it prints.

            If a tool is missing (a C compiler, make, curl or wget), say which one, and stop.

            """
    }

    /// The command line, for people.
    var line: String { "\(command.text) < \(prompt)" }

    /// What was built.
    struct Result {
        var version: RedisVersion
        /// The SHA-256 of the source archive; nil if the CLI did not keep it.
        var source: String?
    }

    /// Returns the version that runs afterwards.
    /// - Throws: `CommandFailure` where the CLI cannot be run or fails, or where no new, fitting Redis runs then.
    func run() async throws -> Result {
        let before = identity
        try Files.makeFolder(search.home)
        try Files.write(promptText, to: prompt)
        defer { Files.remove(prompt) }
        let status = try await runCommand()
        guard status.isSuccess else {
            throw CommandFailure(
                .failed, code: "agent_failed", "\(command.name) ended with \(status); Redis was not installed",
                hint: "see what it said, or install a package")
        }
        guard let version = await search.version(of: search.own) else {
            throw CommandFailure(
                .failed, code: "not_installed",
                "\(command.name) ended, but \(search.own) \(Files.exists(search.own) ? "does not run" : "is not there")",
                hint: "see what it said, or try another CLI with --cli")
        }
        if let wanted, !version.fits(wanted) {
            throw CommandFailure(
                .failed, code: "wrong_version", "\(search.own) is \(version), and \(wanted) was asked for")
        }
        guard version >= .oldest else {
            throw CommandFailure(
                .failed, code: "wrong_version", "\(search.own) is \(version), and a town needs \(RedisVersion.oldest)")
        }
        guard wanted != nil || identity != before else {
            throw CommandFailure(
                .failed, code: "not_installed",
                "\(command.name) ended without building anything; Redis \(version) from before is still there")
        }
        do { return try await verified(version) } catch {
            // Whatever it is, no town may start it.
            if identity != before { Files.remove(search.own) }
            throw error
        }
    }

    /// Checks what a program cannot claim of itself.
    private func verified(_ version: RedisVersion) async throws -> Result {
        guard let home = try? Files.canonical(search.home), let program = try? Files.canonical(search.own),
            program.hasPrefix(home + "/")
        else {
            throw CommandFailure(
                .failed, code: "not_verified", "\(search.own) leads out of \(search.home); it is not used",
                hint: "have it built anew, or install a package")
        }
        let source = try archiveDigest(version)
        if let digest, source != digest {
            throw CommandFailure(
                .failed, code: "wrong_source",
                source.map { "the source archive has the SHA-256 \($0), and \(digest) was asked for; it is not used" }
                    ?? "the source archive \(archive(version)) was not kept, so its SHA-256 cannot be checked",
                hint: "compare with https://github.com/redis/redis-hashes, or install a package")
        }
        let running: String
        do { running = try await tryServer(program, search.environment) } catch {
            throw CommandFailure(
                .failed, code: "not_verified", "\(CommandFailure(error).message); it is not used",
                hint: "have it built anew, or install a package")
        }
        guard RedisVersion(running) == version else {
            throw CommandFailure(
                .failed, code: "not_verified",
                "\(search.own) prints the version \(version), but the server that it starts is \(running); it is not used"
            )
        }
        return Result(version: version, source: source)
    }

    private func archive(_ version: RedisVersion) -> String { "\(search.home)/versions/redis-\(version).tar.gz" }

    private func archiveDigest(_ version: RedisVersion) throws -> String? {
        let path = archive(version)
        // Sources have four megabytes; something else under that name is not read to its end.
        guard let status = Files.status(path), !status.isFolder, status.size < 100_000_000,
            (try? Files.canonical(path))
                == (try? Files.canonical(Files.parent(of: path))).map({ $0 + "/" + Files.name(of: path) }),
            let bytes = try Files.bytes(path)
        else { return nil }
        var digest = SHA256()
        digest.update(bytes)
        return digest.hexDigest()
    }

    private func runCommand() async throws -> ExitStatus {
        var words = command.words
        let usesFile = words.contains { $0.contains("{prompt_file}") }
        words = words.map { $0.replacing("{prompt_file}", with: prompt) }
        let output: Launch.Output = showsOutput ? .inherit : .discard
        let launch = Launch(
            words[0], Array(words.dropFirst()),
            environment: search.environment.merging(command.environment) { $1 }, directory: search.home,
            input: usesFile ? .none : .bytes(Array(promptText.utf8)), output: output, errors: output)
        let work = Task { try await ChildProcess.run(launch).exit }
        // Ctrl-C ends the CLI with everything that it started.
        return try await Shutdown().guarding(onFirst: { _ in work.cancel() }) { try await work.value }
    }

    // A new build is another file, or the same one changed.
    private var identity: String? {
        guard let path = try? Files.canonical(search.own), let status = Files.status(path) else { return nil }
        return "\(path) \(status.size) \(status.changedAt)"
    }
}
