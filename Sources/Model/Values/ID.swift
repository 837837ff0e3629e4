/// A 128-bit identifier of one kind of thing; ids of different kinds do not mix.
///
/// Written as a lower-case hyphenated UUID. Reading accepts that form, the form without hyphens, braces around
/// either, and a leading `urn:uuid:`, in any letter case.
public struct ID<Entity>: Sendable, Hashable, Comparable {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A random (version 4) id drawn from `random`, so that a simulation can repeat it.
    public init(random: some Randomness) {
        high = (random.next() & 0xFFFF_FFFF_FFFF_0FFF) | 0x0000_0000_0000_4000
        low = (random.next() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
    }

    /// Reads any of the accepted forms; nil where `text` is none of them.
    public init?(_ text: String) {
        if let usual = Self(usual: text.utf8) {
            self = usual
            return
        }
        var digits: (high: UInt64, low: UInt64, count: Int) = (0, 0, 0)
        var body = Substring(text)
        if body.lowercased().hasPrefix("urn:uuid:") { body = body.dropFirst(9) }
        if body.first == "{", body.last == "}" { body = body.dropFirst().dropLast() }
        let hyphenated = body.utf8.count == 36
        for (index, byte) in body.utf8.enumerated() {
            if hyphenated, index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = Self.value(ofHexDigit: byte), digits.count < 32 else { return nil }
            digits.high = digits.high << 4 | digits.low >> 60
            digits.low = digits.low << 4 | UInt64(digit)  // fits: four bits
            digits.count += 1
        }
        guard digits.count == 32 else { return nil }
        self.init(high: digits.high, low: digits.low)
    }

    /// The form in which ids are written, and read most of the time.
    private init?(usual text: String.UTF8View) {
        guard text.count == 36 else { return nil }
        var (words, index) = ((high: UInt64(0), low: UInt64(0)), 0)  // fits: zero
        for byte in text {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
            } else {
                guard let digit = Self.value(ofHexDigit: byte) else { return nil }
                if index < 18 {
                    words.high = words.high << 4 | UInt64(digit)  // fits: four bits
                } else {
                    words.low = words.low << 4 | UInt64(digit)  // fits: four bits
                }
            }
            index += 1
        }
        self.init(high: words.high, low: words.low)
    }

    /// The first four hexadecimal digits, the form shown in lists.
    public var short: String { String(description.prefix(4)) }

    public static func < (left: Self, right: Self) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }

    private static func value(ofHexDigit byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension ID: CustomStringConvertible, LosslessStringConvertible {
    /// Lower-case and hyphenated.
    public var description: String {
        let digits: StaticString = "0123456789abcdef"
        return String(unsafeUninitializedCapacity: 36) { buffer in
            var at = 0
            for index in 0..<32 {
                if index == 8 || index == 12 || index == 16 || index == 20 {
                    buffer[at] = UInt8(ascii: "-")
                    at += 1
                }
                let word = index < 16 ? high : low
                buffer[at] = digits.utf8Start[Int(word >> UInt64(60 - 4 * (index % 16)) & 0xF)]  // fits: four bits
                at += 1
            }
            return 36
        }
    }
}

extension ID: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = Self(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not a UUID")
        }
        self = id
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

public typealias AgentID = ID<Agent>
public typealias TaskID = ID<AgentTask>
public typealias MessageID = ID<Message>
public typealias TurnID = ID<Turn>
public typealias HostID = ID<Host>
public typealias ConversationID = ID<Conversation>

/// Everything that one request from a person set in motion. Here only its id is known; messages carry it.
public enum Conversation {}

extension AgentID {
    /// The well-known mailbox of the person or conductor who supervises the town. It has no agent record.
    public static let supervisor = AgentID(high: 0, low: 1)
}
