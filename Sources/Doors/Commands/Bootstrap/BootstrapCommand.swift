import Arguments
import Configuration
import Model
import Operations
import Terminal
import Towns

enum BootstrapCommand {
    static let command = Command(
        CommandSpec(
            "bootstrap", "Install Redis, building it with an AI CLI if no package is available", group: Group.town,
            options: [
                .value(
                    "cli", "c", "CLI", "the CLI that builds it", standard: "your default_cli, then claude",
                    completion: .dynamic("clis")
                ).alias("model", "m"),
                .flag("dry-run", nil, "show what would be done"),
                .value("sha256", nil, "HEX", "the SHA-256 digest of the source archive"),
                .flag("yes", "y", "build without asking, even if a package is available"),
            ],
            positionals: [
                Positional("VERSION", .optional, "the version to build, such as 8.0.2, or latest")
            ],
            examples: [
                Example("tt bootstrap --dry-run", "see what there is and what would be done"),
                Example("tt bootstrap", "use what there is, else have the latest built"),
                Example("tt bootstrap 8.0.2 --cli codex", "have this one built by codex"),
            ],
            discussion: "Only towns with store = \"redis\" need one; the embedded store needs nothing. It is built in "
                + "~/.tt/versions ($TT_HOME) and linked into ~/.tt/bin. The command succeeds only if the server runs, "
                + "answers, and belongs to you. A program that other users can change is never used.")
    ) { context in
        let outcome = try await Bootstrap(context).run()
        try context.show(outcome) { _ in [] }
    }
}

/// What `tt bootstrap` came to.
struct BootstrapOutcome: Encodable {
    /// A Redis can be used now.
    var installed: Bool
    @OrNull var redis: FoundRedis?
    /// What a package manager offers.
    @OrNull var package: FoundRedis?
    /// The command that builds, or would.
    @OrNull var command: String?
    /// The SHA-256 of the source archive that it was built from.
    @OrNull var source: String?
}

/// The steps of the command.
private struct Bootstrap {
    let context: CommandContext
    let search: RedisSearch
    let asked: String?

    init(_ context: CommandContext) {
        self.context = context
        asked = context.arguments.positional("VERSION")
        search = RedisSearch(environment: context.environment, home: context.home, time: context.parts.time)
    }

    func run() async throws -> BootstrapOutcome {
        let wanted = try wantedVersion()
        let digest = try wantedDigest()
        for refusal in search.refusals { context.say("⚠️  \(TerminalText.line(refusal))") }
        let isDry = context.arguments.flag("dry-run")
        // A named version is meant to be built; otherwise the simplest way comes first.
        if asked == nil, let found = await search.installed() {
            context.say("✅ Redis \(found.version) is already there: \(TerminalText.line(found.location))")
            context.say("   To have another built: tt bootstrap latest")
            return BootstrapOutcome(installed: true, redis: found, package: nil, command: nil, source: nil)
        }
        let package = asked == nil ? await search.package() : nil
        if let package {
            context.say("📦 Your package manager has Redis \(package.version): \(package.location)")
        }
        let build = RedisBuild(
            search: search, command: try command(), wanted: wanted, digest: digest,
            tryServer: context.parts.tryServer, showsOutput: !context.wantsJSON)
        if isDry {
            plan(build)
            return BootstrapOutcome(installed: false, redis: nil, package: package, command: build.line, source: nil)
        }
        if let package, !context.arguments.flag("yes") {
            throw CommandFailure(
                .failed, code: "undecided", "nothing was installed",
                hint: "run: \(package.location), or have it built: tt bootstrap --yes")
        }
        let home = TerminalText.line(search.home)
        context.say("🚀 Bootstrapping Redis \(asked ?? "latest") to \(home)")
        context.say("   Using \(TerminalText.line(build.command.name)) to download and build Redis...", "")
        context.say("📋 Running: \(TerminalText.line(build.line))")
        context.say("   (This may take a few minutes to download and compile)", "")
        let built = try await build.run()
        let version = built.version
        context.say("", "✅ Redis \(version) installed: \(home)/bin/redis-server", "")
        if digest == nil {
            context.say(
                built.source.map { "   Its source archive has the SHA-256 \($0); compare it with" }
                    ?? "   ⚠️  Its source archive was not kept, so nothing shows what it was built from; see",
                "   https://github.com/redis/redis-hashes, or name the digest with --sha256", "")
        }
        context.say("   Add to your PATH:", "   export PATH=\"\(home)/bin:$PATH\"")
        let found = FoundRedis(source: .home, version: version.description, location: search.own)
        return BootstrapOutcome(
            installed: true, redis: found, package: package, command: build.line, source: built.source)
    }

    private func wantedVersion() throws -> RedisVersion? {
        guard let asked, asked != "latest" else { return nil }
        guard let version = RedisVersion(asked), asked.allSatisfy({ $0.isNumber || $0 == "." || $0 == "v" }) else {
            throw CommandFailure.usage("'\(asked)' is not a version", hint: "use one such as 8.0.2, or latest")
        }
        guard version >= RedisVersion(parts: [7]) else {
            throw CommandFailure.usage("Redis \(version) is too old: a town needs \(RedisVersion.oldest)")
        }
        return version
    }

    private func wantedDigest() throws -> String? {
        guard let text = context.arguments.string("sha256")?.lowercased() else { return nil }
        guard text.utf8.count == 64, text.allSatisfy(\.isHexDigit) else {
            throw CommandFailure.usage("--sha256 takes 64 hexadecimal digits")
        }
        return text
    }

    private func command() throws -> CLICommand {
        let global = try GlobalConfiguration.load(home: context.home)
        let named = context.arguments.string("cli") ?? global.defaultCLI ?? "claude"
        let clis = AgentCLI.presets.merging(global.agentCLIs) { $1 }
        let known = CLICommands(
            clis: clis, folder: context.parts.folder, environment: context.environment, time: context.parts.time)
        do { return try known.command(named) } catch {
            throw CommandFailure(.notFound, code: "unknown_cli", error.message)
        }
    }

    private func plan(_ build: RedisBuild) {
        let home = TerminalText.line(search.home)
        context.say("📋 What would be done:", "   1. write the task to \(TerminalText.line(build.prompt))")
        context.say("   2. run: \(TerminalText.line(build.line))")
        context.say("      which builds Redis \(asked ?? "latest") below \(home)/versions and links it in \(home)/bin")
        context.say("   3. check whose it is, start it on a private socket, and believe only what it then does")
        context.say("", "   Nothing was done.")
    }
}
