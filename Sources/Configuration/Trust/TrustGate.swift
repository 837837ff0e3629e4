import Files

/// Decides whether a town may run programs and connect to servers for this user.
public struct TrustGate: Sendable {
    /// What is known about a folder.
    public enum Verdict: Sendable, Equatable {
        /// A person trusts this configuration and this state.
        case trusted
        case untrusted(Reason)
        /// The folder has state that tt did not make here for this user.
        case foreignState
    }

    /// Why a person has to decide.
    public enum Reason: String, Sendable, Equatable {
        /// Nobody has decided yet.
        case unknown
        /// What can run or connect is not what was trusted.
        case changed
        /// A version without trust made the town.
        case older
        /// The folder was moved since it was trusted.
        case moved
        /// A person took the trust back.
        case revoked
    }

    private let home: String
    /// The town in whose turn this process runs. Its host decided when it started, and its agents' commands neither run
    /// programs nor connect to anything but that host.
    private let turnTown: String?

    /// - Parameters:
    ///   - home: the user's folder, as `GlobalConfiguration.home`.
    ///   - environment: this process's.
    public init(home: String, environment: [String: String]) {
        self.home = home
        let isTurn = environment["TINYTOWN_TURN"].map { !$0.isEmpty } ?? false
        turnTown = isTurn ? environment["TINYTOWN_TOWN"] : nil
    }

    /// - Throws: `ConfigurationError` if the user's list cannot be believed or read.
    public func verdict(root: String, configuration: TownConfiguration) throws -> Verdict {
        if turnTown == root { return .trusted }
        let digest = RunnablePart(configuration).digest
        let state = StateIdentity(TownFiles(root: root))
        let entries = try TrustList(home: home).entries()
        if let entry = entries.first(where: { $0.root == root }) {
            guard !state.hasState || state.id == entry.state else { return .foreignState }
            return entry.digest == digest ? .trusted : .untrusted(entry.digest.isEmpty ? .revoked : .changed)
        }
        guard state.hasState else { return .untrusted(.unknown) }
        // Renaming keeps the folder; a copy, an archive or a clone does not.
        if let moved = entries.first(where: { $0.state == state.id && $0.place == state.place }),
            !Files.exists(moved.root)
        {
            return .untrusted(.moved)
        }
        let isRegistered = (try? TownRegistry(home: home).entries().contains { $0.path == root }) ?? false
        return isRegistered && state.id == nil ? .untrusted(.older) : .foreignState
    }

    /// Whether the state in a folder was made here, or there is none: reading it is safe.
    public func ownsState(root: String) throws -> Bool {
        let state = StateIdentity(TownFiles(root: root))
        return try !state.hasState || TrustList(home: home).entry(root: root)?.state == state.id
    }

    /// Keeps a person's decision: this configuration and the state that is there, which gets an identity if it has none.
    /// - Throws: `ConfigurationError` (`foreignState`) for state from elsewhere; `FileError`.
    public func trust(root: String, configuration: TownConfiguration) throws {
        if try verdict(root: root, configuration: configuration) == .foreignState { throw Self.foreign(root) }
        try record(root: root, configuration: configuration)
    }

    /// The same for a folder whose state was looked at before.
    private func record(root: String, configuration: TownConfiguration) throws {
        let state = try StateIdentity.make(TownFiles(root: root))
        guard let id = state.id, let place = state.place else { throw Self.foreign(root) }
        try TrustList(home: home).record(
            .init(root: root, state: id, place: place, digest: RunnablePart(configuration).digest))
    }

    /// State that is made anew after it was removed gets an identity before anything is in it.
    public func prepareState(root: String, configuration: TownConfiguration) throws {
        guard turnTown != root else { return }
        if !StateIdentity(TownFiles(root: root)).hasState { try record(root: root, configuration: configuration) }
    }

    /// Forgets the decision.
    /// - Returns: false if there was none.
    public func revoke(root: String) throws -> Bool { try TrustList(home: home).revoke(root: root) }

    /// The error for state that came from elsewhere.
    public static func foreign(_ root: String) -> ConfigurationError {
        ConfigurationError(
            .foreignState,
            "\(root)/.tt holds state that tt did not make here for you; it may have come with the folder, and tt does not "
                + "use it. Move it away: mv '\(root)/.tt' '\(root)/.tt.old'")
    }
}
