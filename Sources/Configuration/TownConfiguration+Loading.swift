import Files
import Model
import TOML
import Text

extension TownConfiguration {
    /// The file's name in a town.
    public static let fileName = "tinytown.toml"

    /// Reads `tinytown.toml` in `root`.
    /// - Returns: the configuration, and a line for each key that means nothing.
    /// - Throws: `ConfigurationError` (`notInitialized`, `invalid`, `unreadable`).
    public static func load(root: String) throws(ConfigurationError) -> (TownConfiguration, warnings: [String]) {
        let path = root + "/" + fileName
        let text: String?
        do { text = try Files.text(path, limit: Files.Limit.configuration, links: .followed) } catch {
            throw ConfigurationError(.unreadable, error.description)
        }
        guard let text else {
            throw ConfigurationError(
                .notInitialized, "\(root) is not a town: there is no \(fileName); make one with: tt init")
        }
        return try parse(text, file: path)
    }

    /// Reads a configuration from its text; `file` is shown in messages.
    public static func parse(_ text: String, file: String) throws(ConfigurationError)
        -> (TownConfiguration, warnings: [String])
    {
        let table: TOMLTable
        do { table = try TOML.parse(text, file: file) } catch {
            throw ConfigurationError(.invalid, error.description)
        }
        var configuration = TownConfiguration(name: "")
        for key in ConfigurationKey.all {
            let path = key.path.split(separator: ".").map(String.init)
            guard let node = table[path: path] else { continue }
            if let problem = key.read(node.value, &configuration) {
                throw ConfigurationError(
                    .invalid, "\(file):\(node.start.line):\(node.start.column): \(key.path) \(problem)")
            }
        }
        if let problem = TownName.problem(with: configuration.name) {
            let line = table["name"]?.start.line ?? 1
            throw ConfigurationError(.invalid, "\(file):\(line): name \(problem)")
        }
        // A town that Tinytown made has its state in Redis, and does not say so.
        if table["store"] == nil, table["redis"] != nil { configuration.store = .redis }
        configuration.agentCLIs = AgentCLI.presets
        for (name, cli) in try readAgentCLIs(table, file: file) { configuration.agentCLIs[name] = cli }
        return (configuration, unknownKeys(table, file: file))
    }

    static func readAgentCLIs(_ table: TOMLTable, file: String) throws(ConfigurationError) -> [String: AgentCLI] {
        guard let node = table["agent_clis"] else { return [:] }
        func wrong(_ node: TOMLNode, _ message: String) -> ConfigurationError {
            ConfigurationError(.invalid, "\(file):\(node.start.line):\(node.start.column): \(message)")
        }
        guard case .table(let entries) = node.value else { throw wrong(node, "agent_clis must be a table") }
        var result: [String: AgentCLI] = [:]
        for (name, entry) in entries.entries where !TOMLTable.isKeyOfTheTown(name, entry.value) {
            switch entry.value {
            case .string(let command): result[name] = AgentCLI(command: command)
            case .table(let fields):
                var cli = AgentCLI.presets[name] ?? AgentCLI(command: "")
                for (key, field) in fields.entries {
                    switch (key, field.value) {
                    case ("command", .string(let text)): cli.command = text
                    case ("workdir", .string(let text)): cli.workdir = text
                    case ("name", .string): continue
                    case ("env", .table(let variables)):
                        for (variable, node) in variables.entries {
                            guard case .string(let text) = node.value else {
                                throw wrong(node, "agent_clis.\(name).env.\(variable) must be a string")
                            }
                            cli.env[variable] = text
                        }
                    case ("pass", .array(let names)):
                        cli.pass = try names.map { node throws(ConfigurationError) in
                            guard case .string(let text) = node.value, AgentCLI.isPattern(text) else {
                                throw wrong(
                                    node,
                                    "agent_clis.\(name).pass must hold names of variables, such as "
                                        + "\"MY_KEY\" or \"MY_*\"")
                            }
                            return text
                        }
                    case ("pass", _):
                        throw wrong(field, "agent_clis.\(name).pass must be an array of names, not \(field.value.kind)")
                    case ("command", _), ("workdir", _), ("name", _):
                        throw wrong(field, "agent_clis.\(name).\(key) must be a string, not \(field.value.kind)")
                    case ("env", _): throw wrong(field, "agent_clis.\(name).env must be a table of strings")
                    default:
                        throw wrong(
                            field,
                            "agent_clis.\(name) has no key '\(key)'"
                                + (misplaced(key, "agent_clis") ?? "; it has command, workdir, env and pass"))
                    }
                }
                guard !cli.command.isEmpty else { throw wrong(entry, "agent_clis.\(name) needs a command") }
                result[name] = cli
            default: throw wrong(entry, "agent_clis.\(name) must be a command or a table with a command")
            }
        }
        return result
    }

    private static func unknownKeys(_ table: TOMLTable, file: String) -> [String] {
        let known = ConfigurationKey.all.map(\.path)
        let sections = Set(known.filter { $0.contains(".") }.map { String($0.prefix { $0 != "." }) }).sorted()
        var warnings: [String] = []
        func walk(_ table: TOMLTable, _ prefix: String) {
            for (key, node) in table.entries {
                let path = prefix.isEmpty ? key : "\(prefix).\(key)"
                if path == "agent_clis" {
                    if case .table(let clis) = node.value { walk(clis.keysOfTheTown, path) }
                    continue
                }
                if ConfigurationKey.foreign.contains(path) { continue }
                if known.contains(path) { continue }
                if case .table(let inner) = node.value, known.contains(where: { $0.hasPrefix(path + ".") }) {
                    walk(inner, path)
                    continue
                }
                let hint =
                    misplaced(key, prefix)
                    ?? Suggestion.closest(to: path, among: known + sections + ["agent_clis"]).map {
                        "; did you mean '\($0)'?"
                    } ?? ""
                let line = node.key.line > 0 ? node.key.line : node.start.line
                warnings.append("\(file):\(line): unknown key '\(path)'\(hint)")
            }
        }
        walk(table, "")
        return warnings
    }

    /// What to do with a key that stands under the wrong heading: TOML has no other end for a table than the next one.
    static func misplaced(_ key: String, _ section: String) -> String? {
        let known = ConfigurationKey.all.map(\.path)
        if !section.isEmpty, known.contains(key) || key == "agent_clis" {
            return "; '\(key)' is a key of the town itself: move it above the first line that begins with ["
        }
        let places = known.filter { $0.hasSuffix("." + key) }
        guard places.count == 1, let place = places.first?.split(separator: ".").first, place != section else {
            return nil
        }
        return "; '\(key)' belongs under [\(place)]"
    }

    /// The text that `tt init` writes: what is set, and every other key as a comment.
    /// - Parameter usesSocket: the town has a Redis of its own, on a Unix socket, in place of the embedded store.
    public static func template(name: String, defaultCLI: String?, usesSocket: Bool = false) -> String {
        var text = "# A town of agents. Every key is listed here; a line that begins with # has its default.\n\n"
        text += "name = \(TOMLWriter.quoted(name))\n"
        var section = ""
        for key in ConfigurationKey.all where key.path != "name" && key.path != "agent.turn_timeout" {
            let parts = key.path.split(separator: ".").map(String.init)
            if parts.count == 2, parts[0] != section {
                section = parts[0]
                text += "\n[\(section)]\n"
            }
            if key.path == "store" {
                text += "store = \"\(usesSocket ? "redis" : "sqlite")\"  # \(key.meaning)\n"
            } else if key.path == "redis.use_socket", usesSocket {
                text += "use_socket = true  # \(key.meaning)\n"
            } else if key.path == "default_cli", let defaultCLI {
                text += "default_cli = \(TOMLWriter.quoted(defaultCLI))  # \(key.meaning)\n"
            } else {
                text += "# \(parts.last!) = \(sample(key))  # \(key.meaning)\n"
            }
        }
        text += """

            # Commands for agents. The prompt comes on standard input, or in a file where the command holds {prompt_file}.
            # No shell reads the command; workdir is relative to the town. Of your variables it gets PATH, HOME and the
            # like, and those that pass names.
            # [agent_clis.mine]
            # command = "my-agent --file {prompt_file}"
            # workdir = "."
            # env = { KEY = "value" }
            # pass = ["MY_API_KEY", "MY_TOOL_*"]

            """
        return text
    }

    private static func sample(_ key: ConfigurationKey) -> String {
        switch key.path {
        case "default_cli", "conductor_cli": "\"claude\""
        case "store": "\"sqlite\""
        case "sqlite.synchronous": "\"full\""
        case "limits.max_concurrent_turns": "2"
        default: key.standard
        }
    }
}

/// Names of towns. They name keys and files, so they are narrow (W31).
public enum TownName {
    /// What is wrong with `name`, as a clause after it, or nil.
    public static func problem(with name: String) -> String? {
        if name.isEmpty { return "is missing or empty" }
        if name.utf8.count > 128 { return "is longer than 128 bytes" }
        for scalar in name.unicodeScalars {
            let isFine =
                scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                || "-_.+@ ".unicodeScalars.contains(scalar)
            if !isFine || !TextRules.isShown(scalar) {
                return
                    "may hold letters, digits, spaces and - _ . + @, but not \(scalar.escaped(asASCII: false).debugDescription)"
            }
        }
        if name.first == " " || name.last == " " || name.first == "." {
            return "cannot begin or end with a space or '.'"
        }
        return nil
    }

    /// The nearest name that is allowed.
    public static func sanitized(_ name: String) -> String {
        var result = ""
        for scalar in name.unicodeScalars {
            let isFine =
                scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                || "-_.+@".unicodeScalars.contains(scalar)
            result.unicodeScalars.append(isFine ? scalar : "-")
        }
        while result.first == "." || result.first == "-" { result.removeFirst() }
        while result.utf8.count > 128 { result.removeLast() }
        return result.isEmpty ? "town" : result
    }
}

extension TOMLTable {
    /// Whether an entry under `[agent_clis]` is a key of the town that stands too far down. A CLI may have any name, so
    /// only what can't be a CLI counts, and the two keys that name one.
    static func isKeyOfTheTown(_ name: String, _ value: TOMLValue) -> Bool {
        guard ConfigurationKey.all.contains(where: { $0.path == name }) else { return false }
        switch value {
        case .table: return false
        case .string: return ["default_cli", "conductor_cli", "store", "name"].contains(name)
        default: return true
        }
    }

    fileprivate var keysOfTheTown: TOMLTable {
        var table = TOMLTable()
        for (name, node) in entries where Self.isKeyOfTheTown(name, node.value) { table.entries.append((name, node)) }
        return table
    }
}
