import Files
import TOML
import Text

/// What holds for all towns of a user: `config.toml` in `$TT_HOME` (default `~/.tt`).
public struct GlobalConfiguration: Sendable, Equatable {
    public var defaultCLI: String?
    public var conductorCLI: String?
    public var agentCLIs: [String: AgentCLI] = [:]
    /// Folders whose towns may belong to other users; everything below them counts too. Absolute.
    public var safeFolders: [String] = []
    /// Everything as it is written: dotted keys and their values.
    public var values: [(key: String, value: String)] = []

    /// One that says nothing.
    public init() {}

    public static func == (left: Self, right: Self) -> Bool {
        left.values.map { "\($0.key)=\($0.value)" } == right.values.map { "\($0.key)=\($0.value)" }
    }

    /// The folder for what belongs to the user and not to a town.
    public static func home(_ environment: [String: String]) -> String {
        if let home = environment["TT_HOME"], !home.isEmpty { return home }
        return (environment["HOME"] ?? "") + "/.tt"
    }

    /// Keys that can be set. `NAME` stands for any name and `VARIABLE` for that of a variable.
    public static let keys = [
        "default_cli", "conductor_cli", "agent_clis.NAME", "agent_clis.NAME.command", "agent_clis.NAME.workdir",
        "agent_clis.NAME.env.VARIABLE", "agent_clis.NAME.pass", "redis.host", "redis.port", "redis.password",
        "redis.use_central", "redis.use_port", "redis.bind", "redis.allow_plaintext", "redis.read_dump",
        "safe_folders",
    ]

    /// Reads `config.toml`; a file that does not exist says nothing. Never writes.
    public static func load(home: String) throws(ConfigurationError) -> GlobalConfiguration {
        let document = try document(home: home)
        var result = GlobalConfiguration()
        if case .string(let text)? = document.table["default_cli"]?.value { result.defaultCLI = text }
        if case .string(let text)? = document.table["conductor_cli"]?.value { result.conductorCLI = text }
        result.agentCLIs = try TownConfiguration.readAgentCLIs(document.table, file: path(home))
        if case .array(let nodes)? = document.table["safe_folders"]?.value {
            result.safeFolders = nodes.compactMap { if case .string(let text) = $0.value { text } else { nil } }
        }
        func walk(_ table: TOMLTable, _ prefix: String) {
            for (key, node) in table.entries {
                let name = prefix.isEmpty ? key : "\(prefix).\(key)"
                switch node.value {
                case .table(let inner): walk(inner, name)
                case .string(let text): result.values.append((name, text))
                default: result.values.append((name, TOMLWriter.inline(node.value)))
                }
            }
        }
        walk(document.table, "")
        return result
    }

    /// Sets a key, or takes it out where `value` is nil. Comments and order stay; two at once lose nothing (W54).
    public static func set(_ key: String, to value: String?, home: String) throws {
        let path = try keyPath(key)
        let typed = try value.map { try typedValue(key, $0) }
        try Files.makeFolder(home)
        try Files.locked(home + "/config.lock") {
            var document = try document(home: home)
            do throws(TOMLError) {
                if path.count > 2 { try open(Array(path.prefix(2)), in: &document) }
                if let typed { try Self.set(path, to: typed, in: &document) } else { try document.remove(path) }
            } catch {
                throw ConfigurationError(.invalid, error.description)
            }
            // Nothing is written that could not be read again.
            _ = try TownConfiguration.readAgentCLIs(document.table, file: Self.path(home))
            try Files.write(document.text, to: Self.path(home), links: .followed)
        }
    }

    private static func set(_ path: [String], to value: TOMLValue, in document: inout TOMLDocument) throws(TOMLError) {
        let around = Array(path.dropLast())
        if path.count == 4, document.table[path: around] == nil {
            // The first variable comes with its table, on one line.
            return try document.set(around, to: .table(TOMLTable([(path[3], TOMLNode(value))])))
        }
        try document.set(path, to: value)
    }

    // A CLI that is only a command becomes a table with a command, so that it can have more.
    private static func open(_ path: [String], in document: inout TOMLDocument) throws(TOMLError) {
        guard case .string(let command)? = document.table[path: path]?.value else { return }
        try document.remove(path)
        try document.set(path + ["command"], to: .string(command))
    }

    /// - Throws: `unknownKey` with the closest key, where `key` can never be set.
    public static func check(_ key: String) throws(ConfigurationError) { _ = try keyPath(key) }

    private static func path(_ home: String) -> String { home + "/config.toml" }

    private static func document(home: String) throws(ConfigurationError) -> TOMLDocument {
        let text: String
        do { text = try Files.text(path(home), limit: Files.Limit.configuration, links: .followed) ?? "" } catch {
            throw ConfigurationError(.unreadable, error.description)
        }
        do { return try TOMLDocument(text, file: path(home)) } catch {
            throw ConfigurationError(.invalid, "\(error); fix the file or move it away")
        }
    }

    private static func keyPath(_ key: String) throws(ConfigurationError) -> [String] {
        let parts = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if keys.contains(key), !key.hasPrefix("agent_clis") { return parts }
        if parts[0] == "agent_clis", parts.allSatisfy({ !$0.isEmpty }) {
            if parts.count == 2 { return parts }
            if parts.count == 3, ["command", "workdir", "pass"].contains(parts[2]) { return parts }
            if parts.count == 4, parts[2] == "env" { return parts }
        }
        let hint = Suggestion.closest(to: key, among: keys).map { "; did you mean '\($0)'?" } ?? "."
        throw ConfigurationError(
            .unknownKey, "unknown key '\(key)'\(hint) There are: \(keys.joined(separator: ", "))")
    }

    private static func typedValue(_ key: String, _ text: String) throws(ConfigurationError) -> TOMLValue {
        switch key {
        case "redis.port":
            guard let port = Int64(text), (1...65_535).contains(port) else {
                throw ConfigurationError(.invalid, "\(key) must be a port from 1 to 65535, not '\(text)'")
            }
            return .integer(port)
        case "redis.use_central", "redis.use_port", "redis.allow_plaintext":
            guard let truth = ["true": true, "false": false, "1": true, "0": false][text.lowercased()] else {
                throw ConfigurationError(.invalid, "\(key) must be true or false, not '\(text)'")
            }
            return .bool(truth)
        case "safe_folders":
            let folders = text.split(separator: ":").map(String.init)
            guard !folders.isEmpty, folders.allSatisfy({ $0.hasPrefix("/") && $0 != "/" }) else {
                throw ConfigurationError(
                    .invalid, "\(key) must be absolute folders, separated by ':', such as /srv/teams:/opt/towns")
            }
            return .array(folders.map { TOMLNode(.string($0)) })
        default:
            guard !text.isEmpty else { throw ConfigurationError(.invalid, "\(key) cannot be empty") }
            if key.hasPrefix("agent_clis."), key.hasSuffix(".pass"), key.split(separator: ".").count == 3 {
                let names = text.split { $0 == "," || $0.isWhitespace }.map(String.init)
                if let wrong = names.first(where: { !AgentCLI.isPattern($0) }) {
                    throw ConfigurationError(
                        .invalid, "\(key) takes names of variables, such as MY_KEY,MY_TOOL_*, not '\(wrong)'")
                }
                return .array(names.map { TOMLNode(.string($0)) })
            }
            return .string(text)
        }
    }
}
