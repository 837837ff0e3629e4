/// A TOML text that is changed in place: comments, order and blank lines stay as they are.
public struct TOMLDocument: Sendable {
    /// The text as it is now.
    public private(set) var text: String
    /// Its meaning.
    public private(set) var table: TOMLTable
    private let file: String

    public init(_ text: String, file: String) throws(TOMLError) {
        self.text = text
        self.file = file
        table = try TOML.parse(text, file: file)
    }

    /// Gives the value at `path` a new value; makes the key, and the table around it, where there is none.
    /// - Throws: where a key on the way is no table, or the text cannot be changed safely.
    public mutating func set(_ path: [String], to value: TOMLValue) throws(TOMLError) {
        precondition(!path.isEmpty, "a path has at least one key")
        if let node = table[path: path] {
            try adopt(replacing(node, with: TOMLWriter.inline(value)), path, value)
            return
        }
        let parent = Array(path.dropLast())
        let line = "\(TOMLWriter.key(path.last!)) = \(TOMLWriter.inline(value))"
        try adopt(inserting(line, into: parent), path, value)
    }

    /// Takes the key at `path` out, with its line; nothing happens where there is none.
    public mutating func remove(_ path: [String]) throws(TOMLError) {
        guard let node = table[path: path] else { return }
        var lines = self.lines
        let first = node.key.line > 0 ? node.key.line - 1 : node.start.line - 1
        var last = max(first, node.end.line - 1)
        if case .table = node.value, lines[first].hasPrefix("[") {
            last = first
            while last + 1 < lines.count, !lines[last + 1].hasPrefix("[") { last += 1 }
        }
        lines.removeSubrange(first...min(last, lines.count - 1))
        let changed = lines.joined(separator: "\n")
        let parsed = try TOML.parse(changed, file: file)
        guard parsed[path: path] == nil else { throw unsafe("\(path.joined(separator: ".")) cannot be taken out") }
        (text, table) = (changed, parsed)
    }

    private var lines: [String] { text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }

    private func replacing(_ node: TOMLNode, with new: String) -> String {
        var lines = self.lines
        let (first, last) = (node.start.line - 1, node.end.line - 1)
        guard lines.indices.contains(first), lines.indices.contains(last) else { return text }
        let head = String(lines[first].unicodeScalars.prefix(node.start.column - 1).map(Character.init))
        let tail = String(lines[last].unicodeScalars.dropFirst(node.end.column - 1).map(Character.init))
        lines.replaceSubrange(first...last, with: [head + new + tail])
        return lines.joined(separator: "\n")
    }

    private func inserting(_ line: String, into parent: [String]) -> String {
        var lines = self.lines
        if parent.isEmpty {
            // Root keys must stand before the first table.
            var at = lines.firstIndex { $0.drop { $0 == " " }.hasPrefix("[") } ?? lines.count
            while at > 0, lines[at - 1].allSatisfy(\.isWhitespace) || lines[at - 1].hasPrefix("#"), at < lines.count {
                at -= 1
            }
            while at > 0, at == lines.count, lines[at - 1].isEmpty { at -= 1 }
            lines.insert(line, at: at)
            return ended(lines)
        }
        let header = "[" + parent.map(TOMLWriter.key).joined(separator: ".") + "]"
        guard let start = lines.firstIndex(where: { $0.split(separator: "#").first.map(Self.squeezed) == header })
        else {
            if lines.last == "" { lines.removeLast() }
            if !lines.isEmpty { lines.append("") }
            return ended(lines + [header, line])
        }
        var at = start + 1
        while at < lines.count, !lines[at].drop(while: { $0 == " " }).hasPrefix("[") { at += 1 }
        while at > start + 1, lines[at - 1].allSatisfy(\.isWhitespace) || lines[at - 1].hasPrefix("#") { at -= 1 }
        lines.insert(line, at: at)
        return ended(lines)
    }

    private static func squeezed(_ text: Substring) -> String { String(text.filter { $0 != " " && $0 != "\t" }) }

    private func ended(_ lines: [String]) -> String {
        let joined = lines.joined(separator: "\n")
        return joined.hasSuffix("\n") ? joined : joined + "\n"
    }

    // A change counts only when the new text says what was wanted and nothing else changed its place silently.
    private mutating func adopt(_ changed: String, _ path: [String], _ value: TOMLValue) throws(TOMLError) {
        let parsed = try TOML.parse(changed, file: file)
        guard parsed[path: path]?.value == value else {
            throw unsafe("\(path.joined(separator: ".")) cannot be changed in place; edit the file by hand")
        }
        (text, table) = (changed, parsed)
    }

    private func unsafe(_ message: String) -> TOMLError {
        TOMLError(file: file, position: TOMLPosition(line: 0, column: 0), message: message)
    }
}
