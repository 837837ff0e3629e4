import Model

/// Learns the form of a type's JSON from the type itself: it decodes one, answers every question with something that
/// fits, and writes down what was asked. So a schema cannot differ from what is read.
///
/// Types whose JSON depends on a value within it (one of several forms) say themselves what it is: `SchemaDescribed`.
enum SchemaReader {
    /// The form of `Value`.
    static func schema<Value: Decodable>(of type: Value.Type) -> Schema { answer(type).schema }

    /// A value of the type, and its form.
    static func answer<Value: Decodable>(_ type: Value.Type) -> (schema: Schema, value: Value?) {
        if let known = type as? any SchemaDescribed.Type {
            return (known.schema, known.sample as? Value ?? sample(type))
        }
        if let list = type as? any AnyList.Type { return (list.form, list.empty as? Value) }
        if let optional = type as? any AnyOptional.Type { return (.nullable(optional.wrapped), nil) }
        if let choice = type as? any CaseIterable.Type, let values = choices(choice) {
            return (.choice(values.map(\.text)), values.first?.value as? Value)
        }
        let notes = Notes()
        let value = try? Value(from: Reader(notes: notes))
        var schema = notes.schema(named: name(of: type))
        if let described = type as? any Described.Type { describe(&schema, described) }
        return (schema, value)
    }

    /// Puts the words and bounds of described fields to the properties, and brings these into their order.
    private static func describe<Value: Described>(_ schema: inout Schema, _ type: Value.Type) {
        guard case .object(var object) = schema else { return }
        var known: [Schema.Property] = []
        for field in Value.fields {
            guard let index = object.properties.firstIndex(where: { $0.name == field.name }) else { continue }
            var property = object.properties.remove(at: index)
            property.help = field.help
            property.reference = field.reference
            if let range = field.range { property.schema = .integer(range) }
            known.append(property)
        }
        object.properties = known + object.properties
        schema = .object(object)
    }

    private static func sample<Value: Decodable>(_ type: Value.Type) -> Value? {
        try? Value(from: Reader(notes: Notes()))
    }

    /// The raw texts of an enumeration.
    private static func choices<Choice: CaseIterable>(_ type: Choice.Type) -> [(text: String, value: Any)]? {
        let cases = Choice.allCases.compactMap { one in
            ((one as? any RawRepresentable)?.rawValue as? String).map { (text: $0, value: one as Any) }
        }
        return cases.count == Choice.allCases.count && !cases.isEmpty ? cases : nil
    }

    /// `SendMessage.Input` becomes `SendMessageInput`, so that names are unique and fit into URLs.
    static func name(of type: Any.Type) -> String {
        let parts = String(reflecting: type).split(separator: ".").dropFirst().map { part in
            part.filter { $0.isLetter || $0.isNumber }
        }
        return parts.joined()
    }
}

/// A type that knows the form of its JSON.
protocol SchemaDescribed {
    static var schema: Schema { get }
    /// A value to go on with, where the type does not read one from a text.
    static var sample: Any? { get }
}

extension SchemaDescribed {
    static var sample: Any? { nil }
}

private protocol AnyList {
    static var form: Schema { get }
    static var empty: Any { get }
}

extension Array: AnyList where Element: Decodable {
    static var form: Schema { .array(SchemaReader.schema(of: Element.self)) }
    static var empty: Any { [Element]() }
}

extension Dictionary: AnyList where Key == String, Value: Decodable {
    static var form: Schema { .map(SchemaReader.schema(of: Value.self)) }
    static var empty: Any { [String: Value]() }
}

private protocol AnyOptional {
    static var wrapped: Schema { get }
}

extension Optional: AnyOptional where Wrapped: Decodable {
    static var wrapped: Schema { SchemaReader.schema(of: Wrapped.self) }
}

extension OrNull: AnyOptional {
    static var wrapped: Schema { SchemaReader.schema(of: Value.self) }
}

extension ID: SchemaDescribed {
    static var schema: Schema { .string(format: "uuid") }
    static var sample: Any? { Self(high: 0, low: 0) }
}

extension Timestamp: SchemaDescribed {
    static var schema: Schema { .string(format: "date-time") }
    static var sample: Any? { Timestamp(microseconds: 0) }
}

/// What one value was asked for.
private final class Notes {
    private var properties: [Schema.Property] = []
    private var other: Schema?

    func add(_ name: String, _ schema: Schema, isRequired: Bool) {
        if let index = properties.firstIndex(where: { $0.name == name }) {
            // Asked twice: it is required if one question says so.
            properties[index].isRequired = properties[index].isRequired || isRequired
        } else {
            properties.append(Schema.Property(name: name, schema: schema, isRequired: isRequired))
        }
    }

    func set(_ schema: Schema) { other = schema }

    func schema(named name: String) -> Schema { other ?? .object(Schema.Object(name: name, properties: properties)) }
}

private struct Reader: Decoder {
    let notes: Notes
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Keyed<Key>(notes: notes))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { Unkeyed() }
    func singleValueContainer() throws -> any SingleValueDecodingContainer { Single(notes: notes) }
}

private struct Unanswerable: Error {}

private func given<Value: Decodable>(_ answer: (schema: Schema, value: Value?)) throws -> Value {
    guard let value = answer.value else { throw Unanswerable() }
    return value
}

private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let notes: Notes
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { [] }

    func contains(_ key: Key) -> Bool { true }
    func decodeNil(forKey key: Key) throws -> Bool { false }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { note(key, .boolean, false) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { note(key, .string(), "") }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { note(key, .number, 0) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { note(key, .integer(), 0) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { note(key, .integer(), 0) }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        let answer = SchemaReader.answer(type)
        notes.add(key.stringValue, answer.schema, isRequired: true)
        return try given(answer)
    }

    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { maybe(key, .boolean, false) }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { maybe(key, .string(), "") }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { maybe(key, .number, 0) }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { maybe(key, .integer(), 0) }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { maybe(key, .integer(), 0) }

    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        // A field that is always written, with null where there is nothing.
        let isAlways = Value.self is any AlwaysWritten.Type
        notes.add(key.stringValue, SchemaReader.schema(of: type), isRequired: isAlways)
        return nil
    }

    private func note<Value>(_ key: Key, _ schema: Schema, _ value: Value) -> Value {
        notes.add(key.stringValue, schema, isRequired: true)
        return value
    }

    // An answer, because a type may ask for more if there is one.
    private func maybe<Value>(_ key: Key, _ schema: Schema, _ value: Value) -> Value? {
        notes.add(key.stringValue, schema, isRequired: false)
        return value
    }

    func nestedContainer<NestedKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> { throw Unanswerable() }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { throw Unanswerable() }
    func superDecoder() throws -> any Decoder { Reader(notes: notes) }
    func superDecoder(forKey key: Key) throws -> any Decoder { throw Unanswerable() }
}

private protocol AlwaysWritten {}
extension OrNull: AlwaysWritten {}

/// Lists are known before they are read; nothing else asks for elements.
private struct Unkeyed: UnkeyedDecodingContainer {
    var codingPath: [any CodingKey] { [] }
    var count: Int? { 0 }
    var isAtEnd: Bool { true }
    var currentIndex: Int { 0 }

    mutating func decodeNil() throws -> Bool { throw Unanswerable() }
    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { throw Unanswerable() }
    mutating func nestedContainer<Key>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        throw Unanswerable()
    }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { throw Unanswerable() }
    mutating func superDecoder() throws -> any Decoder { throw Unanswerable() }
}

private struct Single: SingleValueDecodingContainer {
    let notes: Notes
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { false }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let answer = Self.answer(type)
        notes.set(answer.schema)
        return try given(answer)
    }

    static func answer<Value: Decodable>(_ type: Value.Type) -> (schema: Schema, value: Value?) {
        switch type {
        case is String.Type: (.string(), "" as? Value)
        case is Int.Type: (.integer(), 0 as? Value)
        case is Int64.Type: (.integer(), Int64(0) as? Value)
        case is Double.Type: (.number, 0.0 as? Value)
        case is Bool.Type: (.boolean, false as? Value)
        default: SchemaReader.answer(type)
        }
    }
}
