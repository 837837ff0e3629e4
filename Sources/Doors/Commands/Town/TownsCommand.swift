import Arguments
import Configuration
import Files
import Model
import Operations
import Terminal
import Towns

enum TownsCommand {
    static let command = Command(
        CommandSpec(
            "towns", "List your towns, or take some out of the list", group: Group.town,
            options: [.flag("missing", nil, "with forget: all towns whose folder no longer exists")],
            positionals: [
                Positional(
                    "ACTION", .optional, "forget: take towns out of the list", completion: .values(["forget"])),
                Positional("TOWN", .any, "with forget: names or folders", completion: .dynamic("towns")),
            ],
            examples: [
                Example("tt towns", "where they are and which agents they have"),
                Example("tt towns forget old-shop", "take one out of the list, by its name or folder"),
                Example("tt towns forget --missing", "take out all whose folder no longer exists"),
            ],
            discussion: "No town is started or changed. To forget a town only removes it from this list: its folder "
                + "stays, and it is listed again after tt init or tt restore in it.")
    ) { context in
        switch context.arguments.positional("ACTION") {
        case nil:
            if context.arguments.flag("missing") {
                throw CommandFailure.usage("--missing belongs to forget", hint: "tt towns forget --missing")
            }
            try await list(context)
        case "forget": try ForgottenTowns.forget(context)
        case let other?:
            throw CommandFailure.usage("unknown action '\(other)'", hint: "use: tt towns, or tt towns forget TOWN")
        }
    }

    private static func list(_ context: CommandContext) async throws {
        var views: [TownEntryView] = []
        for entry in try TownRegistry(home: context.home).entries() {
            views.append(await look(at: entry, context))
        }
        struct Towns: Encodable { var towns: [TownEntryView] }
        try context.show(Towns(towns: views)) { towns in
            guard !towns.towns.isEmpty else {
                return ["📭 No towns registered yet.", "   Run 'tt init' in a folder to register a town."]
            }
            let entries = towns.towns.flatMap { town in
                [
                    "   \(TerminalText.line(town.name)) - \(town.summary)",
                    "      📂 \(TerminalText.line(town.path))", "",
                ]
            }
            return ["🏘️  Registered Towns (\(towns.towns.count)):", ""] + entries.dropLast()
        }
    }

    private static func look(at entry: TownRegistry.Entry, _ context: CommandContext) async -> TownEntryView {
        var view = TownEntryView(name: entry.name, path: entry.path, state: .ok)
        let files = TownFiles(root: entry.path)
        guard Files.isFolder(entry.path) else {
            view.state = .missing
            return view
        }
        guard Files.exists(files.configuration) else {
            view.state = .noConfiguration
            return view
        }
        do {
            try TownLocator.checkOwners(of: entry.path, environment: context.environment)
            let (configuration, _) = try TownConfiguration.load(root: entry.path)
            switch try context.parts.admission.answer(root: entry.path, configuration: configuration, runs: false) {
            case .yes, .looking(.asConfigured, _): break
            case .looking(.nothingYet, _): throw OperationError(.notFound, "it has no state yet")
            case .ask:
                throw CommandFailure(
                    .needsPerson, code: "untrusted", "it is not trusted",
                    hint: "review it with: tt --town '\(entry.path)' trust")
            }
            let store = try await context.parts.openStore(configuration, files, .existing)
            let (agents, hosts): ([Agent], [Host])
            do {
                (agents, hosts) = (try await store.agents(), try await store.hosts())
                await store.close()
            } catch {
                await store.close()
                throw error
            }
            view.agents = agents.count
            view.live = agents.count { !$0.state.isTerminal }
            view.isServed = hosts.contains { context.parts.janitor.isAlive($0) == true }
            if view.live == 0, !view.isServed, agents.count > 0 { view.state = .stopped }
        } catch let error as OperationError where error.code.kind == .notFound {
            // It came with a repository and was never used here.
            (view.agents, view.live) = (0, 0)
        } catch {
            view.state = .unavailable
            view.message = CommandFailure(error).text
        }
        return view
    }
}

/// A registered town as `tt towns` finds it.
struct TownEntryView: Encodable {
    enum State: String, Encodable {
        case ok, missing
        /// All its agents have ended.
        case stopped
        case noConfiguration = "no_configuration"
        case unavailable
    }

    var name: String
    var path: String
    var state: State
    @OrNull var agents: Int?
    /// Agents that have not ended.
    @OrNull var live: Int?
    /// Whether a host runs for it on this machine.
    var isServed = false
    /// Why it cannot be opened.
    @OrNull var message: String?

    enum CodingKeys: String, CodingKey {
        case name, state, agents, live, message
        case path = "root"
        case isServed = "host_running"
    }

    init(name: String, path: String, state: State) {
        self.name = name
        self.path = path
        self.state = state
        _agents = OrNull(wrappedValue: nil)
        _live = OrNull(wrappedValue: nil)
        _message = OrNull(wrappedValue: nil)
    }

    var summary: String {
        switch state {
        case .ok: "[OK] \(agents ?? 0) agents (\(live ?? 0) active)" + (isServed ? ", host runs" : "")
        case .stopped: "[STOPPED] \(agents ?? 0) agents"
        case .missing: "❌ (path not found)"
        case .noConfiguration: "⚠️  (no config)"
        case .unavailable: "[UNAVAILABLE] \(TerminalText.line(message ?? ""))"
        }
    }
}
