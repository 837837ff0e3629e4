/// Where everything stands in a TOML text, by the byte.
///
/// It finds places and judges nothing: the text has been parsed by the library before, and what an edit leads to is
/// parsed again. Where it does not understand a text it is nil, and the text is not edited.
struct TOMLSyntax {
    /// A value with its key.
    struct Spot {
        var path: [TOMLStep]
        /// The key as it is written, dots included; nil for an element of an array.
        var key: Range<Int>?
        var value: Range<Int>
        var home: Home
    }

    enum Home: Equatable {
        /// A line, or several, of a section.
        case lines(Range<Int>, section: Int)
        /// Within an inline table or an array.
        case inline
    }

    /// A header and what belongs to it; the first one has no header and holds the keys of the root.
    struct Section {
        var path: [TOMLStep]
        /// The header's line with its line break; empty for the root.
        var header: Range<Int>
    }

    private(set) var spots: [Spot] = []
    private(set) var sections: [Section]
    let bytes: [UInt8]
    private var at = 0
    // How many elements each array of tables has so far.
    private var counts: [[TOMLStep]: Int] = [:]

    init?(_ text: String) {
        bytes = Array(text.utf8)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
        sections = [Section(path: [], header: at..<at)]
        while at < bytes.count { guard readLine() else { return nil } }
    }

    /// The value at `path`.
    func spot(_ path: [TOMLStep]) -> Spot? { spots.first { $0.path == path } }

    /// Where each section ends, without the blank lines and comments before the next header, and how its last line is
    /// indented.
    var ends: [(at: Int, indent: String)] {
        var ends = sections.map { (at: $0.header.upperBound, indent: "") }
        for spot in spots {
            guard case .lines(let lines, let section) = spot.home, let key = spot.key else { continue }
            let indent = String(decoding: bytes[lines.lowerBound..<key.lowerBound], as: UTF8.self)
            ends[section] = (lines.upperBound, indent)
        }
        return ends
    }

    /// Where the comments begin that stand directly above the line at `position`.
    func startOfComments(above position: Int) -> Int {
        var start = position
        while start > 0 {
            var line = start - 1
            while line > 0, bytes[line - 1] != newline { line -= 1 }
            guard bytes[line..<start].first(where: { $0 != space && $0 != tab }) == hash else { return start }
            start = line
        }
        return start
    }

    // MARK: Lines

    private mutating func readLine() -> Bool {
        let start = at
        skipSpace()
        guard at < bytes.count else { return true }
        switch bytes[at] {
        case newline, carriageReturn, hash: return skipLine()
        case UInt8(ascii: "["): return readHeader(from: start)
        default:
            let (section, base) = (sections.count - 1, sections[sections.count - 1].path)
            let first = spots.count
            guard readAssignment(base), skipLine() else { return false }
            spots[first].home = .lines(start..<at, section: section)
            return true
        }
    }

    private mutating func readHeader(from start: Int) -> Bool {
        at += 1
        let isArray = at < bytes.count && bytes[at] == UInt8(ascii: "[")
        if isArray { at += 1 }
        skipSpace()
        guard let keys = readKey(), take(UInt8(ascii: "]")), !isArray || take(UInt8(ascii: "]")) else { return false }
        var path: [TOMLStep] = []
        for (number, key) in keys.enumerated() {
            path.append(.key(key))
            if isArray, number == keys.count - 1 {
                path.append(.index(counts[path, default: 0]))
                counts[Array(path.dropLast()), default: 0] += 1
            } else if let count = counts[path] {
                path.append(.index(count - 1))
            }
        }
        guard skipLine() else { return false }
        sections.append(Section(path: path, header: start..<at))
        return true
    }

    /// Goes behind the line break; only space and a comment may come before it.
    private mutating func skipLine() -> Bool {
        skipSpace()
        if at < bytes.count, bytes[at] == hash { while at < bytes.count, bytes[at] != newline { at += 1 } }
        if at < bytes.count, bytes[at] == carriageReturn { at += 1 }
        return at == bytes.count || take(newline)
    }

    // MARK: Keys and values

    private mutating func readAssignment(_ base: [TOMLStep]) -> Bool {
        let start = at
        guard let keys = readKey() else { return false }
        let end = at
        skipSpace()
        guard take(UInt8(ascii: "=")) else { return false }
        skipSpace()
        return readValue(base + keys.map(TOMLStep.key), key: start..<end)
    }

    private mutating func readKey() -> [String]? {
        var keys: [String] = []
        while true {
            let start = at
            guard at < bytes.count else { return nil }
            if bytes[at] == quote || bytes[at] == apostrophe {
                guard skipString() else { return nil }
                let text = String(decoding: bytes[start..<at], as: UTF8.self)
                guard case .string(let key)? = try? TOML.parse("k = " + text, file: "")["k"]?.value else { return nil }
                keys.append(key)
            } else {
                while at < bytes.count, !" \t.=]\r\n#".utf8.contains(bytes[at]) { at += 1 }
                if at == start { return nil }
                keys.append(String(decoding: bytes[start..<at], as: UTF8.self))
            }
            let end = at
            skipSpace()
            guard take(UInt8(ascii: ".")) else {
                if at < bytes.count, bytes[at] != UInt8(ascii: "]") { at = end }
                return keys
            }
            skipSpace()
        }
    }

    private mutating func readValue(_ path: [TOMLStep], key: Range<Int>?) -> Bool {
        let (start, place) = (at, spots.count)
        spots.append(Spot(path: path, key: key, value: start..<start, home: .inline))
        guard at < bytes.count else { return false }
        switch bytes[at] {
        case quote, apostrophe: guard skipString() else { return false }
        case UInt8(ascii: "["):
            at += 1
            var index = 0
            while true {
                skipAnything()
                if take(UInt8(ascii: "]")) { break }
                if take(comma) { continue }
                guard readValue(path + [.index(index)], key: nil) else { return false }
                index += 1
            }
        case UInt8(ascii: "{"):
            at += 1
            while true {
                skipAnything()
                if take(UInt8(ascii: "}")) { break }
                if take(comma) { continue }
                guard readAssignment(path) else { return false }
            }
        default:
            while at < bytes.count, !",]}#\r\n".utf8.contains(bytes[at]) { at += 1 }
            while at > start, bytes[at - 1] == space || bytes[at - 1] == tab { at -= 1 }
            if at == start { return false }
        }
        spots[place].value = start..<at
        return true
    }

    private mutating func skipString() -> Bool {
        let mark = bytes[at]
        let isLong = bytes[at...].starts(with: [mark, mark, mark])
        at += isLong ? 3 : 1
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: "\\"), mark == quote {
                at += 2
            } else if bytes[at] != mark {
                at += 1
            } else if !isLong {
                at += 1
                return true
            } else if bytes[at...].starts(with: [mark, mark, mark]) {
                at += 3
                // One or two marks may stand directly before the closing three.
                for _ in 0..<2 { _ = take(mark) }
                return true
            } else {
                at += 1
            }
        }
        return false
    }

    private mutating func skipSpace() { while at < bytes.count, bytes[at] == space || bytes[at] == tab { at += 1 } }

    private mutating func skipAnything() {
        while at < bytes.count {
            if bytes[at] == hash {
                while at < bytes.count, bytes[at] != newline { at += 1 }
            } else if [space, tab, newline, carriageReturn].contains(bytes[at]) {
                at += 1
            } else {
                return
            }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard at < bytes.count, bytes[at] == byte else { return false }
        at += 1
        return true
    }
}

/// A change of a text: bytes and what takes their place.
struct TOMLEdit {
    var range: Range<Int>
    var text: String

    init(_ range: Range<Int>, _ text: String) {
        self.range = range
        self.text = text
    }

    /// The text after edits that do not overlap; those at one place in their order.
    static func apply(_ edits: [TOMLEdit], to bytes: [UInt8]) -> String {
        var result: [UInt8] = []
        var cursor = 0
        let ordered = edits.enumerated().sorted {
            ($0.element.range.lowerBound, $0.offset) < ($1.element.range.lowerBound, $1.offset)
        }
        for (_, edit) in ordered where edit.range.lowerBound >= cursor {
            result += bytes[cursor..<edit.range.lowerBound]
            result += edit.text.utf8
            cursor = edit.range.upperBound
        }
        return String(decoding: result + bytes[cursor...], as: UTF8.self)
    }
}

private let newline = UInt8(ascii: "\n")
private let carriageReturn = UInt8(ascii: "\r")
private let space = UInt8(ascii: " ")
private let tab = UInt8(ascii: "\t")
private let hash = UInt8(ascii: "#")
private let comma = UInt8(ascii: ",")
private let quote = UInt8(ascii: "\"")
private let apostrophe = UInt8(ascii: "'")
