import Model
import Redis

/// Names and values of a record.
typealias Fields = [String: String]

/// Reads what the script replies. What is not there is read as empty: the script and this file belong together.
extension RedisValue {
    var elements: [RedisValue] { array ?? [] }

    var texts: [String] { elements.compactMap(\.text) }

    var number: Int { text.flatMap { Figure.int($0, in: Figure.counts) } ?? 0 }

    var isTrue: Bool { text == "1" }

    /// A record as one JSON text, or its names and values in turn.
    var record: Fields {
        if case .bytes(let text) = self { return FlatJSON.fields(text) ?? [:] }
        let elements = elements
        var fields: Fields = [:]
        for at in stride(from: 0, to: elements.count - 1, by: 2) {
            if let name = elements[at].text, let value = elements[at + 1].text { fields[name] = value }
        }
        return fields
    }

    subscript(_ at: Int) -> RedisValue {
        let elements = elements
        return at < elements.count ? elements[at] : .null
    }
}

extension Fields {
    /// How often, or how many.
    func int(_ name: String) -> Int { self[name].flatMap { Figure.int($0, in: Figure.counts) } ?? 0 }
    /// A sequence number or an epoch.
    func sequence(_ name: String) -> Int64 { self[name].flatMap { Int64($0) }.map(Figure.sequence) ?? 0 }
    func id<Entity>(_ name: String) -> ID<Entity>? { self[name].flatMap { ID($0) } }

    /// A time in RFC 3339, as Tinytown writes it in hashes.
    func time(_ name: String) -> Timestamp? { self[name].flatMap { Timestamp($0) } }

    /// A time in microseconds.
    func instant(_ name: String) -> Timestamp? { self[name].flatMap { Int64($0) }.map(Timestamp.init(outside:)) }
}

/// Arguments of the script, in the order in which it reads them.
struct Arguments {
    private(set) var list: [any RedisArgument] = []

    mutating func add(_ text: String) { list.append(text) }
    mutating func add(bytes: [UInt8]) { list.append(bytes) }
    mutating func add(_ number: Int) { list.append(String(number)) }
    mutating func add(_ flag: Bool) { list.append(flag ? "1" : "0") }
    mutating func add<Entity>(_ id: ID<Entity>) { list.append(id.description) }
    mutating func add(_ time: Timestamp) { list.append(String(time.microseconds)) }

    /// One that may be missing.
    mutating func add(optional text: String?) { list.append(text.map { "+" + $0 } ?? "-") }

    /// What a step of a batch reads, after how many words that are.
    mutating func add(_ words: Arguments) {
        add(words.list.count)
        list += words.list
    }

    mutating func add(_ fields: Fields) {
        add(fields.count)
        for (name, value) in fields {
            list.append(name)
            list.append(value)
        }
    }

    mutating func add(_ token: LeaseToken) {
        add(token.agent)
        add(String(token.epoch))
        add(token.turn)
        add(token.host)
    }
}

extension Timestamp {
    /// As Tinytown writes it in hashes.
    var field: String { rfc3339(suffix: "+00:00") }
}
