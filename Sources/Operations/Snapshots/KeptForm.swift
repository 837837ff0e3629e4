import Model

/// A document in a snapshot. Bytes that are no text are written in hexadecimal digits.
struct KeptForm: Codable {
    var key: String
    var kind: Place.Kind
    var name: String?
    var nameBytes: String?
    var value: String?
    var valueBytes: String?
    var dueAt: Timestamp?

    enum CodingKeys: String, CodingKey {
        case key, kind, name, value
        case nameBytes = "name_hex"
        case valueBytes = "value_hex"
        case dueAt = "due_at"
    }

    init(_ document: Document) {
        (key, kind, dueAt) = (document.place.key, document.place.kind, document.dueAt)
        (name, nameBytes) = Self.written(document.place.name)
        (value, valueBytes) = Self.written(document.content)
    }

    var document: Document {
        Document(
            Place(key: key, kind: kind, name: Self.bytes(name, nameBytes)), Self.bytes(value, valueBytes), dueAt: dueAt)
    }

    private static func written(_ bytes: [UInt8]) -> (String?, String?) {
        if bytes.isEmpty { return (nil, nil) }
        if let text = String(validating: bytes, as: UTF8.self) { return (text, nil) }
        let digits = Array("0123456789abcdef".utf8)
        // fits: four bits
        return (nil, String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self))
    }

    private static func bytes(_ text: String?, _ hex: String?) -> [UInt8] {
        if let text { return Array(text.utf8) }
        let digits = Array((hex ?? "").utf8)
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap { at in
            UInt8(String(decoding: digits[at...at + 1], as: UTF8.self), radix: 16)
        }
    }
}
