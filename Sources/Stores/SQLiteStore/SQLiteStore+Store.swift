package import Model
package import StoreVerbs

extension SQLiteStore: VerbStore {
    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (Verbs<SQLiteRecords>) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        try await reader.read(body)
    }

    package func write<Value: Sendable>(
        rings: Ring, needsSync: Bool, _ body: @escaping @Sendable (Verbs<SQLiteRecords>) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        try await writer.write(rings: rings, needsSync: needsSync, body)
    }
}
