/// One thing that can be asked of a town, declared once. Every door (commands, library, REST, MCP) calls the same
/// declaration through `TownService`.
///
/// Input and output are Codable: their JSON is what every door speaks, with snake_case keys.
public protocol Operation: Sendable {
    associatedtype Input: Described & Codable & Sendable
    associatedtype Output: Codable & Sendable

    /// Its name and everything that doors derive from.
    static var spec: OperationSpec { get }

    /// Does it. `TownService` calls this; operations that consist of others call it as well.
    ///
    /// A single verb of the store happens wholly or not at all. Operations that are a row of verbs say so, and can be
    /// repeated after an interruption.
    /// - Throws: `OperationError`, `StoreError`; `CancellationError` if the caller went away.
    static func run(_ input: Input, in town: OpenTown) async throws -> Output

    /// Whether `spec.effect` has to follow this output: nothing may have changed.
    static func hasEffect(_ output: Output) -> Bool
}

extension Operation {
    public static func hasEffect(_ output: Output) -> Bool { true }
}

/// An input without fields.
public struct Nothing: Codable, Sendable, Equatable {
    public init() {}
}
