public import Configuration
import Files

/// What a town may do for this user, by what is trusted: asked before a store is opened or a host is started.
public struct TownAdmission: Sendable {
    /// How a town may be opened.
    public enum Terms: Sendable, Equatable {
        /// As its configuration says.
        case asConfigured
        /// Nobody trusts it, and it has no state: there is nothing to see, and nothing is made.
        case nothingYet
    }

    /// An answer.
    public enum Answer: Sendable, Equatable {
        case yes(Terms)
        /// It may be looked at; what could run or connect waits for a person.
        case looking(Terms, TrustGate.Reason)
        /// A person has to decide first.
        case ask(TrustGate.Reason)
    }

    private let gate: TrustGate?

    /// Decides by the user's list of trusted towns.
    public init(environment: [String: String]) {
        gate = TrustGate(home: GlobalConfiguration.home(environment), environment: environment)
    }

    private init() { gate = nil }

    /// Admits every town; for tests of what comes afterwards.
    public static let everything = TownAdmission()

    /// - Parameter runs: whether what follows may start a host, or change the town.
    /// - Throws: `ConfigurationError`: `foreignState`, or what is wrong with the user's list.
    public func answer(root: String, configuration: TownConfiguration, runs: Bool) throws -> Answer {
        guard let gate else { return .yes(.asConfigured) }
        switch try gate.verdict(root: root, configuration: configuration) {
        case .trusted: return .yes(.asConfigured)
        case .foreignState: throw TrustGate.foreign(root)
        case .untrusted(let reason):
            // A store in Redis is reached over a connection that the file describes.
            guard !runs, configuration.store == .sqlite else { return .ask(reason) }
            guard TownFiles(root: root).database.exists else { return .looking(.nothingYet, reason) }
            return try gate.ownsState(root: root) ? .looking(.asConfigured, reason) : .ask(reason)
        }
    }

    /// Gives a trusted town that has no state an identity for it, before a store is made.
    public func prepareState(root: String, configuration: TownConfiguration) throws {
        try gate?.prepareState(root: root, configuration: configuration)
    }

    /// - Throws: `ConfigurationError` (`untrusted`) with the next step, unless the town is trusted.
    public func require(root: String, configuration: TownConfiguration) throws {
        guard case .yes = try answer(root: root, configuration: configuration, runs: true) else {
            throw ConfigurationError(
                .untrusted,
                "\(root) is not trusted: review what it can run and connect to with: tt --town '\(root)' trust")
        }
        try prepareState(root: root, configuration: configuration)
    }

    /// Keeps a person's decision.
    public func trust(root: String, configuration: TownConfiguration) throws {
        try gate?.trust(root: root, configuration: configuration)
    }

    /// Forgets a decision.
    /// - Returns: false if there was none.
    public func revoke(root: String) throws -> Bool { try gate?.revoke(root: root) ?? false }
}
