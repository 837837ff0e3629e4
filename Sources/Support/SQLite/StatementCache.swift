/// Prepared statements by their SQL.
///
/// Literals are found by address and kept for good: there are only as many as the program has. Composed texts are
/// limited in number.
struct StatementCache {
    /// How many composed statements are kept.
    static let composedLimit = 64

    private var literals = LiteralTable()
    private var composed: [String: Statement] = [:]

    /// How many statements are kept.
    var count: Int { literals.count + composed.count }

    func statement(for sql: borrowing SQL) -> Statement? {
        switch sql.content {
        case .literal(let text): literals[UInt(bitPattern: text.utf8Start)]
        case .composed(let text): composed[text]
        }
    }

    mutating func insert(_ statement: Statement, for sql: borrowing SQL) {
        switch sql.content {
        case .literal(let text):
            literals.insert(statement, for: UInt(bitPattern: text.utf8Start))
        case .composed(let text):
            // Those in use live on until they are done: their runners hold them.
            if composed.count >= Self.composedLimit { composed.removeAll(keepingCapacity: true) }
            composed[text] = statement
        }
    }

    mutating func removeAll() {
        literals = LiteralTable()
        composed = [:]
    }
}

/// Statements by the address of their text: a lookup is one multiplication and, nearly always, one comparison, where
/// a dictionary's keyed hash costs as much as binding a value.
private struct LiteralTable {
    private var keys = [UInt](repeating: 0, count: 64)
    private var statements = [Statement?](repeating: nil, count: 64)
    private(set) var count = 0

    subscript(key: UInt) -> Statement? {
        let slot = slot(of: key)
        return keys[slot] == key ? statements[slot] : nil
    }

    mutating func insert(_ statement: Statement, for key: UInt) {
        if count * 2 >= keys.count { grow() }
        let slot = slot(of: key)
        if keys[slot] == 0 { count += 1 }
        keys[slot] = key
        statements[slot] = statement
    }

    /// Where the key is, or the free place where it belongs; at least half of all places are free.
    private func slot(of key: UInt) -> Int {
        let mask = keys.count - 1
        // The high half of the product depends on all bits of the address.
        var slot = Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> 32) & mask
        while keys[slot] != 0 && keys[slot] != key { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func grow() {
        let old = zip(keys, statements)
        keys = [UInt](repeating: 0, count: keys.count * 2)
        statements = [Statement?](repeating: nil, count: keys.count)
        count = 0
        for (key, statement) in old {
            if let statement { insert(statement, for: key) }
        }
    }
}
