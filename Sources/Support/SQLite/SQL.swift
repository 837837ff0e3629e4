/// The text of one SQL statement.
///
/// Write it as a literal: `db.run("delete from inbox where id = ?", id)`. A literal cannot hold an interpolation, so
/// values reach SQLite only through parameters, and it is found in the statement cache by its address alone.
public struct SQL: ExpressibleByStringLiteral, Sendable, CustomStringConvertible {
    @usableFromInline
    enum Text: Sendable {
        case literal(StaticString)
        case composed(String)
    }

    @usableFromInline let content: Text

    /// SQL known when the program was built.
    @inlinable
    public init(stringLiteral text: StaticString) {
        content = text.hasPointerRepresentation ? .literal(text) : .composed(text.description)
    }

    /// SQL put together at run time, for names of tables or lists of placeholders; never put values into it.
    ///
    /// Such statements are cached by their text, a limited number of them.
    public init(composed text: String) {
        content = .composed(text)
    }

    /// The text itself.
    public var description: String {
        switch content {
        case .literal(let text): text.description
        case .composed(let text): text
        }
    }
}
