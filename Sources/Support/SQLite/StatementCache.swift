/// Prepared statements by their SQL.
///
/// Literals are found by address and kept for good: there are only as many as the program has. Composed texts are
/// limited in number.
struct StatementCache {
    /// How many composed statements are kept.
    static let composedLimit = 64

    private var literals: [UnsafePointer<UInt8>: Statement] = [:]
    private var composed: [String: Statement] = [:]

    /// How many statements are kept.
    var count: Int { literals.count + composed.count }

    func statement(for sql: borrowing SQL) -> Statement? {
        switch sql.content {
        case .literal(let text): literals[text.utf8Start]
        case .composed(let text): composed[text]
        }
    }

    mutating func insert(_ statement: Statement, for sql: borrowing SQL) {
        switch sql.content {
        case .literal(let text):
            literals[text.utf8Start] = statement
        case .composed(let text):
            // Those in use live on until they are done: whoever runs them holds them.
            if composed.count >= Self.composedLimit { composed.removeAll(keepingCapacity: true) }
            composed[text] = statement
        }
    }

    mutating func removeAll() {
        literals = [:]
        composed = [:]
    }
}
