import Configuration
import Files
public import FoundationEssentials
import Model
import Operations
import Secrets
import Synchronization
import Towns

/// A town that is open: a folder with a configuration, a store, and agents that take turns.
///
/// Everything that it says is in the store when a call returns, and survives the death of every process. Any number of
/// programs, commands and hosts may use one town at once. Close it when the program is done with it.
public final class Town: Sendable {
    let opened: OpenTown
    let keeper: HostKeeper
    let hosting: Hosting
    /// Messages that were received here and neither acknowledged nor put back.
    let handedOut = Mutex(Set<MessageID>())

    private init(_ opened: OpenTown, _ hosting: Hosting, _ keeper: HostKeeper) {
        self.opened = opened
        self.hosting = hosting
        self.keeper = keeper
    }

    /// Makes a town of a folder, which is made where it does not exist, and connects to it.
    /// - Parameters:
    ///   - path: absolute, or relative to the working directory.
    ///   - name: nil takes that of the git repository and branch, or of the folder.
    ///   - hosting: who runs the turns of its agents.
    ///   - environment: what agents' programs inherit.
    /// - Throws: `alreadyInitialized`, `invalid`, `unavailable`.
    public static func initialize(
        at path: String, name: String? = nil, hosting: Hosting = .background(),
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws(TownError) -> Town {
        let made = try await reporting {
            try await TownMaker(home: GlobalConfiguration.home(environment)).make(try Self.absolute(path), name: name)
        }
        return try await connect(to: made.root, hosting: hosting, environment: environment)
    }

    /// Opens a town that is there.
    /// - Parameters:
    ///   - path: its folder; nil takes the one that an agent's turn names, else the nearest town from the working
    ///     directory upwards.
    ///   - hosting: who runs the turns of its agents.
    ///   - environment: what agents' programs inherit. Inside an agent's turn it also says which agent the program
    ///     speaks for; elsewhere it speaks for the supervisor.
    ///   - log: told in one line of what a host of this process does.
    /// - Throws: `notInitialized`, `invalid` for a configuration that cannot be used, `unavailable`, `untrusted` for a
    ///   folder that nobody has decided about: `tt trust`.
    public static func connect(
        to path: String? = nil, hosting: Hosting = .background(),
        environment: [String: String] = ProcessInfo.processInfo.environment,
        log: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws(TownError) -> Town {
        let opened = try await reporting {
            let root = try TownLocator.find(
                path: path, environment: environment, folder: try Files.currentFolder())
            let (configuration, _) = try TownConfiguration.load(root: root)
            try TownAdmission(environment: environment).require(root: root, configuration: configuration)
            let store = try await TownStore.open(
                configuration, TownFiles(root: root), .readWrite, environment: environment)
            var opened = OpenTown(
                root: root, configuration: configuration, store: store, time: store.clock ?? ThisMachine.time,
                random: ThisMachine.random, janitor: ThisMachine.janitor,
                caller: Caller(environment: environment, isBeneathTurn: TurnAncestry.isBeneathTurn()),
                redactor: Redactor(Secret.among(environment) + configuration.secrets))
            let town = opened
            opened.user = .local(
                environment: environment, folder: try Files.currentFolder(),
                admission: TownAdmission(environment: environment), janitor: ThisMachine.janitor, time: opened.time,
                openStore: { try await TownStore.open($0, $1, $2, environment: environment) },
                explain: { "\($0)" })
            opened.openStore = {
                try await TownStore.open($0, TownFiles(root: root), .readWrite, environment: environment)
            }
            opened.clis = {
                let home = GlobalConfiguration.home(environment)
                return InstalledCLIs(town, global: try GlobalConfiguration.load(home: home), environment: environment)
            }
            return opened
        }
        return Town(opened, hosting, HostKeeper(hosting, environment: environment, log: log))
    }

    /// Ends a host of this process, then lets go of the store. Work that is under way there is put back and goes on
    /// when a host runs again; a background host goes on. Later calls fail with `closed`.
    public func close() async {
        await keeper.close(opened)
        await opened.store.close()
    }

    /// The town's name.
    public var name: String { opened.name }
    /// The absolute path of its folder.
    public var root: String { opened.root }

    // MARK: Operations

    /// Carries out an operation. What it brings needs a host, so one that cannot be started is an error here.
    func call<Called: Operation>(
        _ operation: Called.Type, _ input: Called.Input, as caller: Caller? = nil
    ) async throws -> Called.Output {
        try await acting(as: Called.self, caller) { try await Called.run(input, in: $0) }
    }

    /// Does something with the rights and the effect of an operation.
    func acting<Called: Operation, Result: Sendable>(
        as operation: Called.Type, _ caller: Caller? = nil, _ body: (OpenTown) async throws -> Result
    ) async throws -> Result {
        let answer = try await TownService(opened, starter: keeper).acting(as: Called.self, caller: caller, body)
        if let warning = answer.warning { throw warning.error }
        return answer.output
    }

    // MARK: Agents

    /// Registers an agent, and makes sure that a host runs it.
    /// - Parameters:
    ///   - name: unique among live agents.
    ///   - role: what it is for, such as `backend`; tasks of the backlog are offered by it.
    ///   - nickname: a second name, shown beside the first.
    ///   - parent: the agent that it belongs to.
    ///   - cli: a preset such as `claude`, a name from the configuration, or a command line; nil takes the default.
    ///   - maxTurns: turns it may take; 0: no limit.
    /// - Throws: `invalid`, `nameTaken`, `tooManyAgents`, `agentNotFound` for the parent, `unavailable`.
    public func spawn(
        _ name: String, cli: String? = nil, role: String? = nil, nickname: String? = nil, parent: AgentHandle? = nil,
        maxTurns: Int = 10
    ) async throws(TownError) -> AgentHandle {
        try await reporting(missing: .agentNotFound) {
            let made = try await call(
                SpawnAgent.self,
                .init(
                    name: name, cli: cli, role: role, nickname: nickname, parent: parent?.id.description,
                    maxTurns: maxTurns))
            return AgentHandle(town: self, id: AgentID(made.agent.id), name: made.agent.name)
        }
    }

    /// Becomes an agent: this program reads its inbox and does its work, and no host takes turns for it.
    ///
    /// Others see it as `paused`, because hosts leave it alone. Joining again under the same name, after a crash for
    /// example, gives the same agent with everything that waits for it. `tt resume` hands it to a host.
    /// - Throws: `invalid`, `nameTaken` by an agent that a host runs, `tooManyAgents`.
    public func join(_ name: String, role: String? = nil) async throws(TownError) -> AgentHandle {
        try await reporting {
            // No host runs it, so none is started.
            try await TownService(opened).acting(as: SpawnAgent.self) { town in
                // Only a person's program plays an agent, not a turn of another one.
                try town.check(.spawn(cli: AgentHandle.playedCLI, isNamed: false, role: role))
                let known = try await town.store.agents().last {
                    $0.name.lowercased() == name.lowercased() && $0.cli == AgentHandle.playedCLI
                }
                if let known {
                    if known.state.isTerminal {
                        try await town.store.change(known.id, .restart(maxTurns: 0), now: town.time.now())
                    }
                    try await hold(known.id)
                    return AgentHandle(town: self, id: AgentID(known.id), name: known.name)
                }
                // What plays it is this program, not a CLI.
                var town = town
                town.clis = { nil }
                let made = try await SpawnAgent.run(
                    .init(name: name, cli: AgentHandle.playedCLI, role: role, maxTurns: 0), in: town)
                try await hold(made.agent.id)
                return AgentHandle(town: self, id: AgentID(made.agent.id), name: made.agent.name)
            }.output
        }
    }

    private func hold(_ id: Model.AgentID) async throws {
        try await opened.store.change(
            id, .interrupt(reason: "a program plays this agent and reads its inbox"), now: opened.time.now())
    }

    /// The agent that `reference` means: its name, nickname, label, short or whole identifier.
    /// - Throws: `agentNotFound`; `conflict` where several fit; `invalid` for the supervisor, which is a mailbox.
    public func agent(_ reference: String) async throws(TownError) -> AgentHandle {
        try await reporting(missing: .agentNotFound) {
            let agent = try await opened.agent(reference)
            return AgentHandle(town: self, id: AgentID(agent.id), name: agent.name)
        }
    }

    /// All agents, ended ones too, in the order in which they were registered.
    public func agents() async throws(TownError) -> [Agent] {
        try await reporting { try await opened.store.agents().map { Agent($0) } }
    }

    private static func absolute(_ path: String) throws -> String {
        path.hasPrefix("/") ? path : try Files.currentFolder() + "/" + path
    }
}
