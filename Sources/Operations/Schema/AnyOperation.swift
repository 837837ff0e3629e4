public import FoundationEssentials

/// An operation as doors see it that offer all of them by name: with the form of its JSON, and called with JSON.
public struct AnyOperation: Sendable {
    public let spec: OperationSpec
    /// An object, with help for every field.
    public let input: Schema
    /// An object.
    public let output: Schema
    private let carryOut: @Sendable (Data, TownService, Caller?) async throws -> (Data, NoHost?)

    init<Called: Operation>(_ operation: Called.Type) {
        spec = Called.spec
        input = SchemaReader.schema(of: Called.Input.self)
        output = SchemaReader.schema(of: Called.Output.self)
        carryOut = { data, service, caller in
            let input: Called.Input
            do { input = try JSONDecoder().decode(Called.Input.self, from: data) } catch {
                throw Self.unreadable(error)
            }
            let answer = try await service.call(Called.self, input, as: caller)
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return (try encoder.encode(answer.output), answer.warning)
        }
    }

    /// Carries it out.
    /// - Parameter input: one JSON object; `{}` for an input without fields.
    /// - Returns: one JSON object with sorted keys, and why no host could be started for it, if that is so.
    /// - Throws: as `TownService.call`; `invalid` for JSON that is not an input, with the field that is at fault.
    public func call(
        _ input: Data, in service: TownService, as caller: Caller? = nil
    ) async throws -> (output: Data, warning: NoHost?) { try await carryOut(input, service, caller) }

    private static func unreadable(_ error: any Error) -> OperationError {
        func path(_ context: DecodingError.Context) -> String? {
            let names = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
            return names.isEmpty ? nil : names.joined(separator: ".")
        }
        switch error as? DecodingError {
        case .keyNotFound(let key, _):
            return OperationError(.invalid, "'\(key.stringValue)' is missing", field: key.stringValue)
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            guard let field = path(context) else {
                return OperationError(.invalid, "the input must be a JSON object")
            }
            return OperationError(.invalid, "'\(field)' has a value of another type", field: field)
        case .dataCorrupted(let context):
            guard let field = path(context) else { return OperationError(.invalid, "the input is not valid JSON") }
            return OperationError(.invalid, "'\(field)' has a value that cannot be used", field: field)
        default: return OperationError(.invalid, "the input cannot be read: \(error)")
        }
    }
}

extension Catalogue {
    /// All operations with their forms, sorted by name.
    public static let operations: [AnyOperation] = all.map { entry($0) }

    private static func entry<Called: Operation>(_ operation: Called.Type) -> AnyOperation { AnyOperation(operation) }

    /// The operation of this name, or with this alias.
    public static func operation(named name: String) -> AnyOperation? { byName[name] }

    private static let byName = Dictionary(
        uniqueKeysWithValues: operations.flatMap { operation in
            ([operation.spec.name] + operation.spec.aliases).map { ($0, operation) }
        })
}
