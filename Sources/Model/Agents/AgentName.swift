/// Rules for names of agents, roles and nicknames. Names become file names and parts of prompts, so they are narrow.
public enum AgentName {
    /// Names that mean the supervisor's mailbox.
    public static let supervisorAliases: Set<String> = ["supervisor", "conductor"]

    /// Reserved for uses of the town itself, so that no agent can be mistaken for them.
    public static let reserved: Set<String> = supervisorAliases.union(["all", "everyone", "town", "host", "me", "self"])

    /// The longest name, in characters.
    public static let longest = 64

    /// What is wrong with `name`, in one clause, or nil where it is fine (W22).
    public static func problem(with name: String) -> String? {
        if name.isEmpty { return "a name cannot be empty" }
        if name.count > longest { return "a name has at most \(longest) characters" }
        if reserved.contains(name.lowercased()) { return "'\(name)' is reserved" }
        if ID<Agent>(name) != nil { return "a name cannot look like an id" }
        if name.hasPrefix(".") || name.hasPrefix("-") { return "a name cannot begin with '.' or '-'" }
        return badCharacter(in: name, allowSpaces: false)
    }

    /// What is wrong with a name that another program or an earlier version may have given, or nil. Spaces inside it are
    /// fine: such a name can be a file's, and no path.
    public static func problem(withStored name: String) -> String? {
        if name.first == " " || name.last == " " { return "a name cannot begin or end with a space" }
        return problem(with: name.filter { $0 != " " })
    }

    /// The name as part of a file's name. One that could lead elsewhere is replaced by letters and digits that follow from
    /// it, so that no record, wherever it comes from, chooses a path.
    public static func fileName(_ name: String) -> String {
        if problem(withStored: name) == nil { return name }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        // fits: a byte in a larger type
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return "unnamed-" + String(hash, radix: 16)
    }

    /// What is wrong with a nickname or role, or nil. Spaces are fine inside them.
    public static func problem(withLabel text: String) -> String? {
        if supervisorAliases.contains(text.lowercased()) { return "'\(text)' is reserved" }
        return problem(withStoredRole: text)
    }

    /// The same of a role that an agent has. The conductor's own is one that nobody else gets, and no role is an address.
    public static func problem(withStoredRole text: String) -> String? {
        if text.isEmpty { return "it cannot be empty" }
        if text.count > longest { return "it has at most \(longest) characters" }
        if text.first == " " || text.last == " " { return "it cannot begin or end with a space" }
        return badCharacter(in: text, allowSpaces: true)
    }

    private static func badCharacter(in text: String, allowSpaces: Bool) -> String? {
        // Forty accents on one letter are one character.
        if text.utf8.count > 4 * longest { return "it has at most \(4 * longest) bytes" }
        for scalar in text.unicodeScalars {
            if TextRules.isOfName(scalar) || "-_.+".unicodeScalars.contains(scalar) { continue }
            if allowSpaces, scalar == " " { continue }
            let shown =
                scalar.value < 32 || scalar.value == 127 ? "a control character" : TextRules.shown(String(scalar))
            return "\(shown) is not allowed; use letters, digits, '-', '_', '.' and '+'"
        }
        return nil
    }
}
