public import Arguments
public import Configuration
import Concurrency
public import Model
public import Operations
public import Processes
import Secrets
public import Terminal
public import Towns

/// What a command needs from the world. Built once by `main`; tests build their own.
public struct CommandParts: Sendable {
    public var console: any Console
    public var environment: [String: String]
    /// The zone in which people read times.
    public var zone = LocalTime.utc
    /// The working directory at the start.
    public var folder: String
    public var time: any TimeSource
    public var random: any Randomness
    public var janitor: any ProcessJanitor
    /// Opens the store of a town.
    public var openStore: @Sendable (TownConfiguration, TownFiles, StoreAccess) async throws -> any Store
    /// Makes sure that a host runs for the town, where a live agent may need one.
    public var ensureHost: @Sendable (OpenTown) async throws -> Void
    /// Decides whether a town may run programs and connect to servers.
    public var admission = TownAdmission.everything
    /// Whether this process belongs to an agent's turn although its environment does not say so.
    public var isBeneathTurn: @Sendable () -> Bool = { false }
    /// Puts a program in the place of this process; returns only in tests.
    public var replace: @Sendable (Replacement) throws -> Void = { try $0.take() }
    /// Starts a server program once, and returns the version that the running server reports.
    public var tryServer: @Sendable (_ program: String, _ environment: [String: String]) async throws -> String = {
        try await ServerTrial.run($0, environment: $1)
    }

    public init(
        console: any Console, environment: [String: String], folder: String, time: any TimeSource,
        random: any Randomness, janitor: any ProcessJanitor,
        openStore: @escaping @Sendable (TownConfiguration, TownFiles, StoreAccess) async throws -> any Store,
        ensureHost: @escaping @Sendable (OpenTown) async throws -> Void
    ) {
        self.console = console
        self.environment = environment
        self.folder = folder
        self.time = time
        self.random = random
        self.openStore = openStore
        self.janitor = janitor
        self.ensureHost = ensureHost
    }
}

/// One run of one command.
public struct CommandContext: Sendable {
    public let parts: CommandParts
    public let arguments: ParsedArguments
    /// Set once this command has had a host started.
    let askedHost = OneShot<Void>()

    public init(parts: CommandParts, arguments: ParsedArguments) {
        self.parts = parts
        self.arguments = arguments
    }

    public var environment: [String: String] { parts.environment }
    public var console: any Console { parts.console }

    /// `--json` was given: exactly one JSON value goes to standard output.
    public var wantsJSON: Bool { arguments.flag("json") }

    /// The width to fit, nil where no terminal reads.
    public var width: Int? { console.capabilities.width }
    /// The zone in which people read times.
    var zone: LocalTime { parts.zone }
    public var style: Style { Style(isEnabled: console.capabilities.hasColour) }

    /// Who calls: a person, or an agent's turn.
    var caller: Caller { Caller(environment: environment, isBeneathTurn: parts.isBeneathTurn()) }

    /// The root of the town that `--town`, the environment or the working directory names.
    /// - Throws: `ConfigurationError.notInitialized`.
    public func townRoot() throws(ConfigurationError) -> String {
        try TownLocator.find(path: arguments.string("town"), environment: environment, folder: parts.folder)
    }

    /// Opens the town, runs `body`, and closes the store however it ends. Warnings about the configuration go to
    /// standard error where a person reads it.
    /// - Parameter runs: false for a command that can start nothing: it works in a town whose configuration has changed
    ///   since it was trusted.
    /// - Parameter revives: whether a host is started where work waits and none is there. False for commands that are a
    ///   host themselves, or that need the town at rest.
    public func withTown<Result>(
        _ access: StoreAccess, runs: Bool = true, revives: Bool = true, _ body: (OpenTown) async throws -> Result
    ) async throws -> Result {
        let root = try townRoot()
        let (configuration, warnings) = try TownConfiguration.load(root: root)
        if !wantsJSON { for warning in warnings { console.writeError("warning: \(TerminalText.line(warning))\n") } }
        if arguments.flag("verbose") {
            console.writeError(
                "town \(TerminalText.line(configuration.name)) at \(TerminalText.line(root)), "
                    + "store \(configuration.store.rawValue)\n")
        }
        (console as? MaskingConsole)?.learn(configuration.secrets)
        let store: any Store
        switch try await admit(root, configuration, runs: runs && access == .readWrite) {
        case .asConfigured:
            if access != .existing { try parts.admission.prepareState(root: root, configuration: configuration) }
            store = try await parts.openStore(configuration, TownFiles(root: root), access)
        case .nothingYet: store = TownStore.empty()
        }
        var town = OpenTown(
            root: root, configuration: configuration, store: store, time: store.clock ?? parts.time,
            random: parts.random, janitor: parts.janitor, caller: caller,
            redactor: (console as? MaskingConsole)?.redactor ?? Redactor(Secret.among(environment)))
        town.phrase = CommandPhrase.text
        let (known, home, environment) = (town, home, environment)
        town.openStore = { [parts] in try await parts.openStore($0, TownFiles(root: root), .readWrite) }
        town.user = user
        town.clis = {
            InstalledCLIs(known, global: try GlobalConfiguration.load(home: home), environment: environment)
        }
        do {
            let revives = revives && runs
            // What only looks shows the town as it is with its host; what changes something has done so by then.
            if revives, access != .readWrite { await revive(town) }
            let result = try await body(town)
            if revives, access == .readWrite { await revive(town) }
            await store.close()
            return result
        } catch {
            await store.close()
            throw error
        }
    }

    /// Has a host started where work waits and nobody is there to do it: the host, and the guardian that would have
    /// started it again, may both have been killed, or the machine has started anew. Where that must not be, says why.
    private func revive(_ town: OpenTown) async {
        guard askedHost.current == nil, !town.caller.isInTurn, (try? await town.isLeftAlone()) == true,
            isTrusted(town.root, town.configuration)
        else { return }
        if let trouble = HostTrouble.read(town) {
            let next = trouble.nextTry == nil ? "; start one again with: tt start --detach" : ""
            // Status and doctor say so themselves.
            if !["status", "doctor"].contains(arguments.path.first) {
                warn(trouble.sentence(now: town.time.now()) + next)
            }
            return
        }
        _ = try? await ensureHost(town)
    }

    /// Lines for people; nothing with `--json`.
    public func say(_ lines: String...) {
        if !wantsJSON { for line in lines { console.write(line + "\n") } }
    }

    /// The same of lines that are there already.
    func say(_ lines: [String]) {
        if !wantsJSON { console.write(lines.map { $0 + "\n" }.joined()) }
    }

    /// Prints a result: as JSON where that is wanted, else what `text` makes of it.
    public func show<Output: Encodable>(_ output: Output, _ text: (Output) -> [String]) throws {
        if wantsJSON {
            console.write(try JSONText.line(output) + "\n")
        } else {
            console.write(text(output).map { $0 + "\n" }.joined())
        }
    }

    /// Prints a secret that somebody asked for.
    public func showSecret<Output: Encodable>(_ output: Output, _ text: (Output) -> [String]) throws {
        var parts = parts
        parts.console = (console as? MaskingConsole)?.plain ?? console
        try CommandContext(parts: parts, arguments: arguments).show(output, text)
    }
}
