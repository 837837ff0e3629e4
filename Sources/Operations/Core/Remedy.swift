/// What a caller can do about an error. Every door puts it into its own words: a command line, a link, a tool.
public enum Remedy: Sendable, Equatable {
    /// A clause that every door can show as it is.
    case text(String)
    /// Calls an operation. `why` says what that does, as the beginning of a clause: `see all tasks`.
    case operation(String, Arguments = [:], why: String = "")
    /// Repeats the same call with a field set: `to replace it, add` and `force`.
    case field(String, why: String)

    /// Fields of an input with their values, in the order in which they are best read.
    public struct Arguments: Sendable, Equatable, ExpressibleByDictionaryLiteral {
        public var fields: [Argument]

        public init(dictionaryLiteral elements: (String, String)...) {
            fields = elements.map { Argument(name: $0.0, value: $0.1) }
        }
    }

    public struct Argument: Sendable, Equatable {
        public var name: String
        public var value: String
    }
}

extension Remedy: CustomStringConvertible {
    /// For logs, and for doors that have no words of their own.
    public var description: String {
        switch self {
        case .text(let text): return text
        case .field(let name, let why): return "\(why) \(name)"
        case .operation(let name, let arguments, let why):
            let list = arguments.fields.map { "\($0.name): \($0.value)" }.joined(separator: ", ")
            let call = list.isEmpty ? name : "\(name)(\(list))"
            return why.isEmpty ? call : "\(why): \(call)"
        }
    }
}

extension Remedy {
    /// What an agent does that may not do something itself.
    public static let askPerson = Remedy.operation(
        "message.send", ["to": "supervisor", "kind": "query", "message": "…"], why: "ask a person")
}
