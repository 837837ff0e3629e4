import FoundationEssentials
import Text

/// A record that Tinytown once kept as one JSON text, as the fields of a hash.
struct OldRecordText {
    let fields: Fields

    /// - Parameter name: the field without which a record is none: an agent's name, a task's description.
    /// - Throws: `Unreadable`.
    init(_ text: String, id: String, needs name: String) throws(Unreadable) {
        guard case .object(let members)? = try? JSONDecoder().decode(Value.self, from: Data(text.utf8)) else {
            throw Unreadable(reason: "it is no JSON object")
        }
        var fields: Fields = [:]
        for (name, value) in members { fields[name] = value.field }
        for name in Self.times { fields[name] = fields[name].map(Self.asInHashes) }
        guard fields["id"]?.lowercased() == id else {
            throw Unreadable(reason: "its id is \(fields["id"] ?? "missing") and its key says \(id)")
        }
        guard fields[name] != nil else { throw Unreadable(reason: "its \(name) is missing") }
        fields["id"] = id
        self.fields = fields
    }

    /// Why a text is no such record, as a clause.
    struct Unreadable: Error {
        var reason: String
    }

    private static let times = [
        "created_at", "updated_at", "started_at", "completed_at", "last_heartbeat", "last_active_at",
    ]

    // The same instant: JSON documents end in Z, hashes in +00:00.
    private static func asInHashes(_ time: String) -> String {
        time.hasSuffix("Z") ? time.dropLast() + "+00:00" : time
    }

    private enum Value: Decodable {
        case null
        case flag(Bool)
        case whole(Int64)
        case number(Double)
        case text(String)
        case list([Value])
        case object([String: Value])

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if value.decodeNil() {
                self = .null
            } else if let flag = try? value.decode(Bool.self) {
                self = .flag(flag)
            } else if let whole = try? value.decode(Int64.self) {
                self = .whole(whole)
            } else if let number = try? value.decode(Double.self) {
                self = .number(number)
            } else if let text = try? value.decode(String.self) {
                self = .text(text)
            } else if let list = try? value.decode([Value].self) {
                self = .list(list)
            } else {
                self = .object(try value.decode([String: Value].self))
            }
        }

        /// As a field holds it; null means that there is no such field.
        var field: String? {
            switch self {
            case .null: nil
            case .text(let text): text
            default: json
            }
        }

        private var json: String {
            switch self {
            case .null: "null"
            case .flag(let flag): flag ? "true" : "false"
            case .whole(let number): String(number)
            case .number(let number): String(number)
            case .text(let text): JSON.quoted(text)
            case .list(let values): "[" + values.map(\.json).joined(separator: ",") + "]"
            case .object(let members):
                "{"
                    + members.sorted { $0.key < $1.key }.map { JSON.quoted($0.key) + ":" + $0.value.json }
                    .joined(separator: ",") + "}"
            }
        }
    }
}
