import FoundationEssentials

/// Any JSON value. Readers ask for what they need and get nil for everything else, so that a field of an unexpected
/// type is never worse than a missing one.
public indirect enum JSON: Sendable, Equatable, Decodable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        // Strings and objects first: they are the most frequent.
        if let text = try? container.decode(String.self) {
            self = .string(text)
        } else if let object = try? container.decode([String: JSON].self) {
            self = .object(object)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let array = try? container.decode([JSON].self) {
            self = .array(array)
        } else if let flag = try? container.decode(Bool.self) {
            self = .bool(flag)
        } else {
            guard container.decodeNil() else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a JSON value")
            }
            self = .null
        }
    }

    /// Reads one value; nil where `bytes` are not JSON even after bad UTF-8 and half surrogate pairs were replaced.
    public init?(_ bytes: some Collection<UInt8>) {
        guard let first = bytes.first(where: { $0 > 0x20 }),
            first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
        else { return nil }
        let decoder = JSONDecoder()
        if let value = try? decoder.decode(JSON.self, from: Data(bytes)) {
            self = value
            return
        }
        let repaired = Self.withoutLoneSurrogates(Array(String(decoding: bytes, as: UTF8.self).utf8))
        guard let value = try? decoder.decode(JSON.self, from: Data(repaired)) else { return nil }
        self = value
    }

    public subscript(_ key: String) -> JSON? {
        guard case .object(let object) = self, let value = object[key], value != .null else { return nil }
        return value
    }

    public var string: String? { if case .string(let text) = self { text } else { nil } }
    public var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    public var array: [JSON]? { if case .array(let array) = self { array } else { nil } }
    public var object: [String: JSON]? { if case .object(let object) = self { object } else { nil } }
    public var number: Double? { if case .number(let number) = self { number } else { nil } }
    /// A whole number; nil where it has a fraction or does not fit.
    public var int: Int? { number.flatMap { Int(exactly: $0) } }
    /// The value as text for people: strings as they are, everything else as compact JSON with sorted keys.
    public var text: String {
        switch self {
        case .null: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .number(let number): Int(exactly: number).map(String.init) ?? String(number)
        case .string(let text): text
        case .array(let array): "[" + array.map(\.quoted).joined(separator: ",") + "]"
        case .object(let object):
            "{"
                + object.sorted { $0.key < $1.key }.map { Self.quoted($0.key) + ":" + $0.value.quoted }
                .joined(separator: ",") + "}"
        }
    }

    /// JSON on many lines, indented by two spaces, with sorted keys.
    public var indented: String { indented(by: "") + "\n" }

    private func indented(by space: String) -> String {
        let inner = space + "  "
        switch self {
        case .array(let array) where !array.isEmpty:
            return "[\n" + array.map { inner + $0.indented(by: inner) }.joined(separator: ",\n") + "\n\(space)]"
        case .object(let object) where !object.isEmpty:
            return "{\n"
                + object.sorted { $0.key < $1.key }.map {
                    "\(inner)\(Self.quoted($0.key)): \($0.value.indented(by: inner))"
                }.joined(separator: ",\n") + "\n\(space)}"
        default: return quoted
        }
    }

    private var quoted: String {
        if case .string(let text) = self { Self.quoted(text) } else { text }
    }

    // JavaScript writes half of a surrogate pair as an escape where a text was cut within an emoji. The replacement is
    // as long as what it replaces, so it is done in place.
    private static func withoutLoneSurrogates(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "\\") else {
                index += 1
                continue
            }
            guard let unit = escapedUnit(bytes, at: index) else {
                index += 2
                continue
            }
            if (0xD800..<0xDC00).contains(unit), let low = escapedUnit(bytes, at: index + 6),
                (0xDC00..<0xE000).contains(low)
            {
                index += 12
                continue
            }
            if (0xD800..<0xE000).contains(unit) {
                bytes.replaceSubrange(index..<index + 6, with: Array("\\ufffd".utf8))
            }
            index += 6
        }
        return bytes
    }

    private static func escapedUnit(_ bytes: [UInt8], at index: Int) -> UInt16? {
        guard index + 6 <= bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u")
        else { return nil }
        return UInt16(String(decoding: bytes[(index + 2)..<(index + 6)], as: UTF8.self), radix: 16)
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral text: String) { self = .string(text) }
    public init(booleanLiteral flag: Bool) { self = .bool(flag) }
    public init(integerLiteral number: Int) { self = .number(Double(number)) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Dictionary(uniqueKeysWithValues: elements))
    }
}
