import CHiredis

/// One reply of a server, as RESP2 has it. Strings are bytes: nothing is decoded unless asked for.
public enum RedisValue: Sendable, Hashable {
    /// Nothing: a key that does not exist, an EXEC that was not carried out, a wait whose time was up.
    case null
    case integer(Int64)
    /// A bulk string.
    case bytes([UInt8])
    /// A short word such as `OK` or `QUEUED`.
    case status(String)
    case array([RedisValue])
    /// An error inside an array or a pipeline; one that answers a whole call is thrown.
    case error(RedisError)

    /// The bytes of a string or status; nil for anything else.
    public var bytes: [UInt8]? {
        switch self {
        case .bytes(let bytes): bytes
        case .status(let text): Array(text.utf8)
        default: nil
        }
    }

    /// A string, status or integer as text; bytes that are not UTF-8 become U+FFFD. Nil for anything else.
    public var text: String? {
        switch self {
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .status(let text): text
        case .integer(let number): String(number)
        default: nil
        }
    }

    /// An integer, or a string that is one.
    public var integer: Int64? {
        switch self {
        case .integer(let number): number
        case .bytes, .status: text.flatMap { Int64($0) }
        default: nil
        }
    }

    /// The elements of an array; nil for anything else.
    public var array: [RedisValue]? {
        if case .array(let elements) = self { return elements }
        return nil
    }

    /// An array of names and values in turn, as HGETALL and CONFIG GET answer, by name; nil where it is none.
    public var fields: [String: RedisValue]? {
        guard let elements = array, elements.count.isMultiple(of: 2) else { return nil }
        var fields: [String: RedisValue] = [:]
        for index in stride(from: 0, to: elements.count, by: 2) {
            guard let name = elements[index].text else { return nil }
            fields[name] = elements[index + 1]
        }
        return fields
    }
}

extension RedisValue {
    /// Copies what hiredis parsed.
    ///
    /// - Parameter depth: how many arrays it is inside of; what is too deep is nothing.
    init(_ reply: UnsafePointer<redisReply>, depth: Int = 0) {
        let value = reply.pointee
        switch value.type {
        case REDIS_REPLY_INTEGER: self = .integer(value.integer)
        case REDIS_REPLY_STRING: self = .bytes(Self.bytes(value))
        case REDIS_REPLY_STATUS: self = .status(String(decoding: Self.bytes(value), as: UTF8.self))
        case REDIS_REPLY_ERROR:
            self = .error(RedisError(reply: String(decoding: Self.bytes(value), as: UTF8.self)))
        case REDIS_REPLY_ARRAY where depth < ReplyReader.deepest:
            self = .array(
                (0..<Int(clamping: value.elements)).map { index in
                    value.element[index].map { RedisValue($0, depth: depth + 1) } ?? .null
                })
        default: self = .null
        }
    }

    private static func bytes(_ value: redisReply) -> [UInt8] {
        guard let start = value.str else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: Int(clamping: value.len)))
    }
}
