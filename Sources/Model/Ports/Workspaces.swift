/// Decides in which folder each turn works.
public protocol Workspaces: Sendable {
    /// The folder of a turn that is about to begin; it exists.
    ///
    /// - Throws: why there is none. The turn fails with that, and its harness is not run.
    func folder(for lease: Lease) async throws(Failure) -> String
}

/// All turns of a town work in one folder.
public struct SharedFolder: Workspaces {
    private let path: String

    public init(_ path: String) { self.path = path }

    public func folder(for lease: Lease) async throws(Failure) -> String { path }
}
