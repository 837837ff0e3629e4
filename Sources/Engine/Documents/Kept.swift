import FoundationEssentials
public import Model
import Text

/// Values of one type that are kept as JSON documents. A change reads a value, works on a copy and writes only if nobody
/// else wrote meanwhile; otherwise it begins anew.
public struct Kept<Value: Codable & Sendable>: Sendable {
    private let store: any DocumentStore

    public init(in store: any DocumentStore) { self.store = store }

    /// What a change works on.
    public struct Draft: Sendable {
        /// Nil if there is nothing at the place, or nothing shall be there afterwards.
        public var value: Value?
        public var dueAt: Timestamp?
        /// What happens together with the change, or not at all.
        public var steps: [Step] = []
    }

    /// - Throws: `corrupt` if what is there is no such value.
    public func value(at place: Place) async throws(StoreError) -> Value? {
        guard let document = try await store.document(place) else { return nil }
        return try Self.decoded(document)
    }

    /// Changes what is at a place.
    ///
    /// - Parameters:
    ///   - attempts: how often it is tried if others change it at the same time.
    ///   - change: called again for each attempt, with what is there then.
    /// - Returns: the value afterwards.
    /// - Throws: `conflict` if others were faster each time; `unknownOutcome` if nobody can tell whether it happened.
    @discardableResult
    public func update(
        _ place: Place, attempts: Int = 50, _ change: @Sendable (inout Draft) throws(StoreError) -> Void
    ) async throws(StoreError) -> Value? {
        var attempt = 0
        while true {
            attempt += 1
            let old = try await store.document(place)
            var draft = Draft(value: try old.map(Self.decoded), dueAt: old?.dueAt)
            try change(&draft)
            let new = draft.value.map(Self.encoded)
            let change = DocumentChange(
                place, expects: old.map { .content($0.content) } ?? .absent,
                becomes: new.map { .content($0, dueAt: draft.dueAt) } ?? .absent)
            do throws(StoreError) {
                try await store.perform([.documents([change])] + draft.steps)
                return draft.value
            } catch {
                switch error.code {
                case .conflict where attempt < attempts: continue
                case .unknownOutcome:
                    // Where it is as we left it the step was taken; where it is as it was, it can be taken again.
                    let found = try await store.document(place)?.content
                    if found == old?.content, found != new, attempt < attempts { continue }
                    if found == new, found != old?.content { return draft.value }
                    throw error
                default: throw error
                }
            }
        }
    }

    static func decoded(_ document: Document) throws(StoreError) -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(document.content))
        } catch {
            throw StoreError(.corrupt, "the document \(document.place.key) cannot be read: \(error)")
        }
    }

    static func encoded(_ value: Value) -> [UInt8] {
        // Values of features are texts, numbers and lists of them: encoding them cannot fail.
        (try? JSON.encoded(value)) ?? []
    }
}
