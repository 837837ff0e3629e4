import Model

/// Splits a command line into words as a POSIX shell would, without being a shell.
///
/// Quotes and backslashes group and escape. Nothing is expanded: no variables, globs or tildes. What only a shell can
/// do (pipes, lists, redirections, substitutions) is an error, because running such text without a shell would
/// silently mean something else.
enum WordSplitter {
    /// The words of `text`; at least one.
    ///
    /// - Throws: a `configuration` failure that names the character, an open quote, or that there is no word.
    static func words(in text: String) throws(Failure) -> [String] {
        var words: [String] = []
        var current: [UInt8] = []
        // An empty quoted word counts, an empty unquoted one does not.
        var inWord = false
        var rest = Substring(text).utf8
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                if inWord { words.append(String(decoding: current, as: UTF8.self)) }
                current = []
                inWord = false
            case UInt8(ascii: "'"):
                inWord = true
                guard let end = rest.firstIndex(of: byte) else { throw unclosed("'", in: text) }
                current.append(contentsOf: rest[..<end])
                rest = rest[rest.index(after: end)...]
            case UInt8(ascii: "\""):
                inWord = true
                try takeDoubleQuoted(from: &rest, into: &current, of: text)
            case UInt8(ascii: "\\"):
                guard let next = rest.popFirst() else {
                    throw Failure(.configuration, "The command '\(text)' ends with a backslash that escapes nothing.")
                }
                // A backslash before a line's end joins the lines.
                if next == UInt8(ascii: "\n") { continue }
                inWord = true
                current.append(next)
            case _ where shellOnly.contains(byte):
                throw needsShell(byte, in: text)
            default:
                inWord = true
                current.append(byte)
            }
        }
        if inWord { words.append(String(decoding: current, as: UTF8.self)) }
        guard let first = words.first, !first.isEmpty else {
            throw Failure(.configuration, "The agent's command is empty: name a program.")
        }
        return words
    }

    private static let shellOnly = Array(";|&$()<>`".utf8)

    private static func takeDoubleQuoted(
        from rest: inout Substring.UTF8View, into word: inout [UInt8], of text: String
    ) throws(Failure) {
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return
            case UInt8(ascii: "$"), UInt8(ascii: "`"): throw needsShell(byte, in: text)
            case UInt8(ascii: "\\"):
                guard let next = rest.popFirst() else { throw unclosed("\"", in: text) }
                if next == UInt8(ascii: "\n") { continue }
                // Within double quotes a backslash escapes only these.
                if !"\"\\$`".utf8.contains(next) { word.append(byte) }
                word.append(next)
            default: word.append(byte)
            }
        }
        throw unclosed("\"", in: text)
    }

    private static func unclosed(_ quote: String, in text: String) -> Failure {
        Failure(.configuration, "The command '\(text)' has an opening \(quote) without a closing one.")
    }

    private static func needsShell(_ byte: UInt8, in text: String) -> Failure {
        let character = Character(UnicodeScalar(byte))
        return Failure(
            .configuration,
            "The command '\(text)' contains '\(character)', which only a shell understands. "
                + "Put the command into a script and name the script, or quote the character with single quotes.")
    }
}

extension Substring.UTF8View {
    fileprivate mutating func popFirst() -> UInt8? {
        guard let byte = first else { return nil }
        self = dropFirst()
        return byte
    }
}
