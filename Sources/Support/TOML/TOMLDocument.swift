/// A TOML text that is changed in place: comments, order, blank lines, line breaks and the way in which everything else
/// is written stay as they are, byte by byte.
///
/// A change is made to the text, and the new text is read again: it counts only where it means exactly what was wanted.
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
        try set(path.map(TOMLStep.key), to: value)
    }

    /// The same with places in arrays on the way: `["tasks", 2, "status"]`.
    public mutating func set(_ path: [TOMLStep], to value: TOMLValue) throws(TOMLError) {
        precondition(!path.isEmpty, "a path has at least one step")
        if let old = table[steps: path]?.value, old == value { return }
        guard let wanted = table.setting(path, to: value) else { throw unsafe(path) }
        let syntax = try syntax(path)
        if let spot = syntax.spot(path) {
            try adopt(replacing(spot.value, with: rewritten(spot, value, syntax), in: syntax), wanted, path)
        } else if case .key(let key) = path[path.count - 1] {
            try adopt(inserting(key, value, into: Array(path.dropLast()), syntax), wanted, path)
        } else {
            throw unsafe(path)
        }
    }

    /// Gives many values at once; each path stands for itself, and none lies within another.
    public mutating func set(_ changes: [(path: [TOMLStep], value: TOMLValue)]) throws(TOMLError) {
        let changes = changes.filter { table[steps: $0.path]?.value != $0.value }
        guard let first = changes.first?.path else { return }
        let syntax = try syntax(first)
        let spots = Dictionary(syntax.spots.map { ($0.path, $0) }) { $1 }
        let sections = Dictionary(syntax.sections.indices.map { (syntax.sections[$0].path, $0) }) { $1 }
        let ends = syntax.ends
        var edits: [TOMLEdit] = []
        var done: [(path: [TOMLStep], value: TOMLValue)] = []
        var others: [(path: [TOMLStep], value: TOMLValue)] = []
        for change in changes {
            if let spot = spots[change.path] {
                edits.append(TOMLEdit(spot.value, rewritten(spot, change.value, syntax)))
            } else if case .key(let key)? = change.path.last, change.path.count > 1,
                let section = sections[Array(change.path.dropLast())]
            {
                let end = ends[section]
                let line = "\(TOMLWriter.key(key)) = \(TOMLWriter.block(change.value, newline))\(newline)"
                edits.append(TOMLEdit(end.at..<end.at, separator(before: end.at, syntax) + end.indent + line))
            } else {
                others.append(change)
                continue
            }
            done.append(change)
        }
        let before = self
        do throws(TOMLError) {
            if !done.isEmpty {
                guard let wanted = table.setting(done) else { throw unsafe(first) }
                try adopt(TOMLEdit.apply(edits, to: syntax.bytes), wanted, first)
            }
            for change in others { try set(change.path, to: change.value) }
        } catch {
            self = before
            throw error
        }
    }

    /// Appends tables to the array of tables at `path`, which is made where it is missing.
    public mutating func append(_ tables: [[(key: String, value: TOMLValue)]], to path: [String]) throws(TOMLError) {
        if tables.isEmpty { return }
        let steps = path.map(TOMLStep.key)
        var nodes: [TOMLNode] = []
        if let old = table[steps: steps] {
            guard case .array(let known) = old.value else { throw unsafe(steps) }
            nodes = known
        }
        let new = tables.map { entries in
            TOMLNode(.table(TOMLTable(entries.map { ($0.key, TOMLNode($0.value)) })))
        }
        guard let wanted = table.setting(steps, to: .array(nodes + new)) else { throw unsafe(steps) }
        let syntax = try syntax(steps)
        if let spot = syntax.spot(steps) {
            let style = appending(new.map { TOMLWriter.inline($0.value) }, in: spot, syntax)
            return try adopt(style, wanted, steps)
        }
        let header = "[[" + path.map(TOMLWriter.key).joined(separator: ".") + "]]"
        let blocks = tables.map { entries in
            let lines = entries.map { "\(TOMLWriter.key($0.key)) = \(TOMLWriter.block($0.value, newline))" }
            return ([header] + lines).joined(separator: newline) + newline
        }
        let block = blocks.joined(separator: newline)
        guard let last = syntax.sections.lastIndex(where: { !$0.path.isEmpty && $0.path.starts(with: steps) }) else {
            return try adopt(atEnd(block), wanted, steps)
        }
        let end = syntax.ends[last].at
        let added = separator(before: end, syntax) + newline + block
        try adopt(replacing(end..<end, with: added, in: syntax), wanted, steps)
    }

    /// Takes the key at `path` out, with its line; nothing happens where there is none.
    public mutating func remove(_ path: [String]) throws(TOMLError) { try remove(path.map(TOMLStep.key)) }

    /// The same with places in arrays on the way.
    public mutating func remove(_ path: [TOMLStep]) throws(TOMLError) {
        guard table[steps: path] != nil else { return }
        guard let wanted = table.setting(path, to: nil) else { throw unsafe(path) }
        let syntax = try syntax(path)
        if let spot = syntax.spot(path) {
            guard case .lines(let lines, _) = spot.home else { throw unsafe(path) }
            return try adopt(replacing(lines, with: "", in: syntax), wanted, path)
        }
        var bytes = syntax.bytes
        for index in syntax.sections.indices.reversed() where syntax.sections[index].path.starts(with: path) {
            let start = syntax.sections[index].header.lowerBound
            let isLast = index == syntax.sections.count - 1
            let end =
                isLast ? bytes.count : syntax.startOfComments(above: syntax.sections[index + 1].header.lowerBound)
            bytes.removeSubrange(start..<max(start, end))
        }
        try adopt(String(decoding: bytes, as: UTF8.self), wanted, path)
    }

    // MARK: Making the new text

    private func syntax(_ path: [TOMLStep]) throws(TOMLError) -> TOMLSyntax {
        guard let syntax = TOMLSyntax(text) else { throw unsafe(path) }
        return syntax
    }

    /// The file's own line break: that of its first line.
    private var newline: String {
        guard let end = text.utf8.firstIndex(of: UInt8(ascii: "\n")), end > text.utf8.startIndex else { return "\n" }
        return text.utf8[text.utf8.index(before: end)] == UInt8(ascii: "\r") ? "\r\n" : "\n"
    }

    private func replacing(_ range: Range<Int>, with new: String, in syntax: TOMLSyntax) -> String {
        TOMLEdit.apply([TOMLEdit(range, new)], to: syntax.bytes)
    }

    // A string in single quotes stays so where it can.
    private func rewritten(_ spot: TOMLSyntax.Spot, _ value: TOMLValue, _ syntax: TOMLSyntax) -> String {
        let old = syntax.bytes[spot.value]
        if case .string(let text) = value, old.first == UInt8(ascii: "'"), !old.starts(with: "'''".utf8),
            text.utf8.allSatisfy({ $0 >= 32 && $0 < 127 && $0 != UInt8(ascii: "'") })
        {
            return "'\(text)'"
        }
        if case .lines = spot.home { return TOMLWriter.block(value, newline) }
        return TOMLWriter.inline(value)
    }

    private func inserting(_ key: String, _ value: TOMLValue, into parent: [TOMLStep], _ syntax: TOMLSyntax) -> String {
        // The innermost table on the way that the text has; what is below it becomes a dotted key.
        for count in stride(from: parent.count, through: 0, by: -1) {
            let ancestor = Array(parent.prefix(count))
            let names = parent.dropFirst(count) + [.key(key)]
            let dotted = names.compactMap { if case .key(let name) = $0 { TOMLWriter.key(name) } else { nil } }
            guard dotted.count == names.count else { continue }
            let name = dotted.joined(separator: ".")
            if let spot = syntax.spot(ancestor) {
                let element = "\(name) = \(TOMLWriter.inline(value))"
                return appending([element], in: spot, syntax)
            }
            if count == 0, !parent.isEmpty { break }
            let line = "\(name) = \(TOMLWriter.block(value, newline))\(newline)"
            if let index = syntax.sections.lastIndex(where: { $0.path == ancestor }), count > 0 {
                return adding(line, toSection: index, syntax)
            }
            if count == 0 { return addingToRoot(line, syntax) }
            if let line = besideDottedKeys(ancestor, key, value, syntax) { return line }
        }
        let names = parent.compactMap { if case .key(let name) = $0 { TOMLWriter.key(name) } else { nil } }
        return atEnd(
            "[\(names.joined(separator: "."))]\(newline)\(TOMLWriter.key(key)) = \(TOMLWriter.block(value, newline))\(newline)"
        )
    }

    private func adding(_ line: String, toSection index: Int, _ syntax: TOMLSyntax) -> String {
        let end = syntax.ends[index]
        return replacing(end.at..<end.at, with: separator(before: end.at, syntax) + end.indent + line, in: syntax)
    }

    private func addingToRoot(_ line: String, _ syntax: TOMLSyntax) -> String {
        let end = syntax.ends[0].at
        if end > syntax.sections[0].header.upperBound { return adding(line, toSection: 0, syntax) }
        guard syntax.sections.count > 1 else { return text + (separator(before: syntax.bytes.count, syntax) + line) }
        let start = syntax.startOfComments(above: syntax.sections[1].header.lowerBound)
        return replacing(start..<start, with: line + newline, in: syntax)
    }

    // A table that only dotted keys make: the new key joins them.
    private func besideDottedKeys(_ parent: [TOMLStep], _ key: String, _ value: TOMLValue, _ syntax: TOMLSyntax)
        -> String?
    {
        for spot in syntax.spots.reversed() where spot.path.count > parent.count && spot.path.starts(with: parent) {
            guard case .lines(let lines, let section) = spot.home else { continue }
            let base = syntax.sections[section].path
            guard base.count < parent.count else { continue }
            let names = (parent.dropFirst(base.count) + [.key(key)]).compactMap {
                if case .key(let name) = $0 { TOMLWriter.key(name) } else { nil }
            }
            let line = "\(names.joined(separator: ".")) = \(TOMLWriter.block(value, newline))\(newline)"
            let end = lines.upperBound
            return replacing(end..<end, with: separator(before: end, syntax) + line, in: syntax)
        }
        return nil
    }

    /// Puts elements before the closing bracket of an inline table or an array, in its style.
    private func appending(_ elements: [String], in spot: TOMLSyntax.Spot, _ syntax: TOMLSyntax) -> String {
        let close = spot.value.upperBound - 1
        let inside = syntax.spots.filter { $0.home == .inline && $0.path.count == spot.path.count + 1 }
            .filter { spot.value.contains($0.value.lowerBound) && $0.path.starts(with: spot.path) }
        let dotted = syntax.spots.filter { spot.value.contains($0.value.lowerBound) && $0.value != spot.value }
        guard let last = (inside.isEmpty ? dotted : inside).map(\.value).max(by: { $0.upperBound < $1.upperBound })
        else {
            let isTable = syntax.bytes[spot.value.lowerBound] == UInt8(ascii: "{")
            return replacing(
                spot.value.lowerBound + 1..<close,
                with: isTable ? " \(elements.joined(separator: ", ")) " : elements.joined(separator: ", "), in: syntax)
        }
        // Elements that have a line each keep it.
        var lineStart = last.lowerBound
        while lineStart > 0, syntax.bytes[lineStart - 1] != UInt8(ascii: "\n") { lineStart -= 1 }
        let isOnOwnLine = lineStart > spot.value.lowerBound
        let indent = syntax.bytes[lineStart...].prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        let gap = isOnOwnLine ? newline + String(decoding: indent, as: UTF8.self) : " "
        return replacing(last.upperBound..<last.upperBound, with: elements.map { "," + gap + $0 }.joined(), in: syntax)
    }

    private func atEnd(_ block: String) -> String {
        if text.isEmpty { return block }
        let isEnded = text.utf8.last == UInt8(ascii: "\n")
        return text + (isEnded ? "" : newline) + newline + block
    }

    // A line break where the last line has none.
    private func separator(before position: Int, _ syntax: TOMLSyntax) -> String {
        position == 0 || syntax.bytes[position - 1] == UInt8(ascii: "\n")
            || position == syntax.sections[0].header.lowerBound
            ? "" : newline
    }

    private mutating func adopt(_ changed: String, _ wanted: TOMLTable, _ path: [TOMLStep]) throws(TOMLError) {
        guard let parsed = try? TOML.parse(changed, file: file), parsed == wanted else { throw unsafe(path) }
        (text, table) = (changed, parsed)
    }

    private func unsafe(_ path: [TOMLStep]) -> TOMLError {
        let node = table[steps: path]
        return TOMLError(
            file: file, position: node?.start ?? TOMLPosition(line: 0, column: 0),
            message: "\(path.shown) cannot be changed in place; edit the file by hand")
    }
}
