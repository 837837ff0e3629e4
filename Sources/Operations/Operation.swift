import Model

/// One thing that can be asked of a town, declared once. The command line calls it now; REST, OpenAPI and MCP derive
/// their routes and schemas from the same declaration.
///
/// Input and output are Codable: their JSON is what every door speaks, with snake_case keys.
public protocol Operation: Sendable {
    associatedtype Input: Codable & Sendable
    associatedtype Output: Codable & Sendable

    /// `noun.verb`, unique in the catalogue and stable for ever.
    static var name: String { get }
    /// One line without a full stop.
    static var summary: String { get }
    /// What a caller must be allowed to do.
    static var scope: Scope { get }

    init()

    /// Does it, wholly or not at all.
    /// - Throws: `OperationError`; `CancellationError` where the caller went away.
    func run(_ input: Input, in town: Town) async throws -> Output
}

/// What a caller must be allowed to do, from least to most.
public enum Scope: String, Sendable, Codable, CaseIterable {
    /// Changes nothing.
    case read
    /// Puts work into the town or moves it.
    case write
    /// Changes who works in the town.
    case manage
}

/// An input without fields.
public struct Nothing: Codable, Sendable, Equatable {
    public init() {}
}

extension Operation {
    /// Runs the operation, in a turn as its agent and if that may, with errors of the store put into the words of `OperationError`.
    public static func call(_ input: Input, in town: Town) async throws -> Output {
        do {
            if scope == .read { return try await Self().run(input, in: town) }
            return try await town.acting(as: name) { try await Self().run(input, in: $0) }
        } catch let error as StoreError {
            throw OperationError(error)
        }
    }
}
