import Model

/// What every door holds: it carries out operations for its caller, and does what has to follow.
public struct TownService: Sendable {
    /// The town, as the caller that opened it sees it.
    public var town: OpenTown
    private let starter: (any HostStarter)?

    /// - Parameter starter: starts hosts; nil where none may be started.
    public init(_ town: OpenTown, starter: (any HostStarter)? = nil) {
        self.town = town
        self.starter = starter
    }

    /// Carries out an operation: whether the caller may, then the input, then the operation, then its effect.
    /// - Parameter caller: nil means the one that opened the town.
    /// - Throws: `OperationError`; `CancellationError` if the caller went away; what files and programs throw.
    public func call<Called: Operation>(
        _ operation: Called.Type, _ input: Called.Input, as caller: Caller? = nil
    ) async throws -> Answer<Called.Output> {
        try await acting(as: Called.self, caller: caller, hasEffect: Called.hasEffect) { town in
            try input.validate()
            return try await Called.run(input, in: town)
        }
    }

    /// Does something that a door makes itself, with the rights of an operation and with its effect.
    /// - Throws: as `call`.
    public func acting<Called: Operation, Result: Sendable>(
        as operation: Called.Type, caller: Caller? = nil, hasEffect: (Result) -> Bool = { _ in true },
        _ body: (OpenTown) async throws -> Result
    ) async throws -> Answer<Result> {
        var town = town
        if let caller { town.caller = caller }
        let spec = Called.spec
        var warning: NoHost?
        let output: Result
        do {
            // What only reads is open to everybody who can open the town.
            let (town, turn) = spec.scope == .read ? (town, nil) : try await town.admitted(to: spec.name)
            (output, warning) = try await ActingTurn.acting(turn) {
                let warning = spec.effect == .needsHost ? try await ensureHost() : nil
                return (try await body(town), warning)
            }
        } catch let error as StoreError {
            throw OperationError(error)
        }
        if [.bringsWork, .endsTurns, .bringsAgent].contains(spec.effect), hasEffect(output) {
            warning = try await ensureHost(here: spec.effect == .bringsAgent)
        }
        return Answer(output: output, warning: warning)
    }

    /// Makes sure that a host runs if the town needs one. If a host of another machine serves the town, agents do not
    /// come here only because somebody here has work for them, unless they are to run `here`.
    ///
    /// What was asked for has been done by then, so the operation does not fail if no host can be started.
    /// - Returns: why no host could be started.
    /// - Throws: `CancellationError`.
    @discardableResult
    public func ensureHost(here: Bool = false) async throws -> NoHost? {
        guard let starter else { return nil }
        do {
            if !here, try await town.isServedElsewhere() { return nil }
            try await starter.ensureHost(for: town)
            return nil
        } catch let error as CancellationError {
            throw error
        } catch let error as StoreError {
            return NoHost(error: OperationError(error))
        } catch {
            return NoHost(error: error)
        }
    }
}

/// Starts hosts for doors.
public protocol HostStarter: Sendable {
    /// Returns when a host serves the town, or no agent needs one.
    /// - Throws: `OperationError` (`unavailable`) with what the host said last; `CancellationError`.
    func ensureHost(for town: OpenTown) async throws
}

/// What an operation gave.
public struct Answer<Output> {
    public var output: Output
    /// It was done, but what has to follow could not be done.
    public var warning: NoHost?

    public init(output: Output, warning: NoHost? = nil) {
        self.output = output
        self.warning = warning
    }
}

extension Answer: Sendable where Output: Sendable {}

/// Work waits, and no host could be started.
public struct NoHost: Sendable {
    /// Why.
    public var error: any Error
}
