public import Text

/// The form of a JSON value, as JSON Schema 2020-12 knows it.
public indirect enum Schema: Sendable, Equatable {
    /// - Parameter format: such as `uuid` or `date-time`.
    case string(format: String? = nil)
    case integer(ClosedRange<Int>? = nil)
    case number
    case boolean
    case array(Schema)
    /// Any keys, all with values of one form.
    case map(Schema)
    /// One of these texts.
    case choice([String])
    case object(Object)
    /// The value, or null.
    case nullable(Schema)

    /// A value with known keys. Others may come: readers leave alone what they do not know.
    public struct Object: Sendable, Equatable {
        /// The name under which it can be referred to.
        public var name: String
        public var properties: [Property]
    }

    public struct Property: Sendable, Equatable {
        public var name: String
        public var schema: Schema
        /// Whether it is always there.
        public var isRequired: Bool
        /// A clause; empty for what its name says.
        public var help = ""
        /// What its text refers to.
        public var reference: Reference?
    }
}

extension Schema {
    /// As JSON Schema. Objects are referred to as `#/components/schemas/NAME`, and collected.
    /// - Parameter named: the schemas of the objects that were met, by name.
    public func json(collecting named: inout [String: JSON]) -> JSON {
        switch self {
        case .string(let format): return Self.typed("string", format.map { ["format": .string($0)] } ?? [:])
        case .integer(let range):
            guard let range else { return ["type": "integer"] }
            return Self.typed(
                "integer", ["minimum": .number(Double(range.lowerBound)), "maximum": .number(Double(range.upperBound))])
        case .number: return ["type": "number"]
        case .boolean: return ["type": "boolean"]
        case .array(let element): return ["type": "array", "items": element.json(collecting: &named)]
        case .map(let value): return ["type": "object", "additionalProperties": value.json(collecting: &named)]
        case .choice(let values): return ["type": "string", "enum": .array(values.map { .string($0) })]
        case .nullable(let schema): return ["anyOf": [schema.json(collecting: &named), ["type": "null"]]]
        case .object(let object):
            if named[object.name] == nil {
                // Known before its properties are looked at: it may contain itself.
                named[object.name] = .null
                named[object.name] = object.json(collecting: &named)
            }
            return ["$ref": .string("#/components/schemas/\(object.name)")]
        }
    }

    private static func typed(_ type: String, _ more: [String: JSON]) -> JSON {
        .object(more.merging(["type": .string(type)]) { one, _ in one })
    }
}

extension Schema.Object {
    func json(collecting named: inout [String: JSON]) -> JSON {
        var members: [String: JSON] = [:]
        for property in properties { members[property.name] = property.json(collecting: &named) }
        let required = properties.filter(\.isRequired).map { JSON.string($0.name) }
        var object: [String: JSON] = ["type": "object", "properties": .object(members)]
        if !required.isEmpty { object["required"] = .array(required) }
        return .object(object)
    }
}

extension Schema.Property {
    func json(collecting named: inout [String: JSON]) -> JSON {
        guard case .object(var object) = schema.json(collecting: &named) else { return ["type": "object"] }
        if !help.isEmpty { object["description"] = .string(help) }
        if let reference { object["x-reference"] = .string(reference.rawValue) }
        return .object(object)
    }
}

extension Schema {
    /// Why `value` is not of this form, with the path to it; nil if it is.
    /// - Parameter closed: whether keys that nobody told of count as well.
    public func mismatch(_ value: JSON, at path: String = "", closed: Bool = false) -> String? {
        switch (self, value) {
        case (.nullable, .null): nil
        case (.nullable(let schema), _): schema.mismatch(value, at: path, closed: closed)
        case (.string, .string), (.number, .number), (.boolean, .bool): nil
        case (.integer(let range), .number):
            value.int.map { range?.contains($0) ?? true } == true ? nil : "\(path): \(value.text) is out of range"
        case (.choice(let values), .string(let text)):
            values.contains(text) ? nil : "\(path): '\(text)' is none of \(values.joined(separator: ", "))"
        case (.array(let element), .array(let values)):
            values.enumerated().lazy.compactMap { element.mismatch($1, at: "\(path)[\($0)]", closed: closed) }.first
        case (.map(let schema), .object(let members)):
            members.sorted { $0.key < $1.key }.lazy.compactMap {
                schema.mismatch($1, at: "\(path).\($0)", closed: closed)
            }.first
        case (.object(let object), .object(let members)):
            object.stranger(in: members, closed, path)
                ?? object.properties.lazy.compactMap { property in
                    guard let member = members[property.name] else {
                        return property.isRequired ? "\(path).\(property.name) is missing" : nil
                    }
                    return property.schema.mismatch(member, at: "\(path).\(property.name)", closed: closed)
                }.first
        default: "\(path): \(value.text.prefix(60)) has another type"
        }
    }
}

extension Schema.Object {
    fileprivate func stranger(in members: [String: JSON], _ closed: Bool, _ path: String) -> String? {
        guard closed else { return nil }
        let known = Set(properties.map(\.name))
        return members.keys.sorted().first { !known.contains($0) }.map { "\(path).\($0) is not told of" }
    }
}
