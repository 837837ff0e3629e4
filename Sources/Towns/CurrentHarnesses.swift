import Configuration
import Files
import Harnesses
import Model
import Operations
import Synchronization

/// The agent CLIs of a town as its files say now: a CLI that is added while a host runs is there for its next turn.
///
/// A file that cannot be read, or is half edited, changes nothing until it is whole again; neither does a configuration
/// that nobody trusts: a host keeps what was trusted when it started.
final class CurrentHarnesses: HarnessSource {
    private struct State {
        var texts: [String?]
        /// Where programs are looked for, as it was last read.
        var path: String
        var registry: HarnessRegistry
    }

    private let town: OpenTown
    private let environment: [String: String]
    private let state: Mutex<State>

    init(_ town: OpenTown, global: GlobalConfiguration, environment: [String: String]) {
        self.town = town
        self.environment = environment
        state = Mutex(
            State(
                texts: Self.texts(town.root, environment), path: environment["PATH"] ?? "",
                registry: HarnessRegistry(town: town, global: global, environment: environment)))
    }

    func harness(for agent: Agent) throws(Failure) -> any Harness { try current.harness(for: agent) }

    func isAvailable(_ cli: String) -> Bool { current.isAvailable(cli) }

    private var current: HarnessRegistry {
        let texts = Self.texts(town.root, environment)
        var environment = environment
        // A host that cron or a service manager started finds less than the shells of those who use it.
        environment["PATH"] = KnownPath.joined(environment["PATH"] ?? "", KnownPath.read(TownFiles(root: town.root)))
        return state.withLock { [environment] state in
            let path = environment["PATH"] ?? ""
            guard texts != state.texts || path != state.path else { return state.registry }
            let isSame = texts == state.texts
            state.texts = texts
            state.path = path
            if isSame {
                state.registry = state.registry.with(environment)
                return state.registry
            }
            if let (configuration, _) = try? TownConfiguration.load(root: town.root),
                let global = try? GlobalConfiguration.load(home: GlobalConfiguration.home(environment)),
                isTrusted(configuration)
            {
                var current = town
                current.configuration = configuration
                state.registry = HarnessRegistry(town: current, global: global, environment: environment)
            }
            return state.registry
        }
    }

    private static func texts(_ root: String, _ environment: [String: String]) -> [String?] {
        let home = GlobalConfiguration.home(environment)
        return [TownFiles(root: root).configuration, home + "/config.toml", home + "/trust.toml"]
            .map { (try? Files.text($0, limit: Files.Limit.configuration, links: .followed)) ?? nil }
    }

    // Decided by the files alone: a host that an agent's command started has a turn's variables in its environment.
    private func isTrusted(_ configuration: TownConfiguration) -> Bool {
        let gate = TrustGate(home: GlobalConfiguration.home(environment), environment: [:])
        return (try? gate.verdict(root: town.root, configuration: configuration)) == .trusted
    }
}
