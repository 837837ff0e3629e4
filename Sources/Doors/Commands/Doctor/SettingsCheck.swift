import Configuration
import Peers
import TOML

/// What the configuration permits that it should not, as far as its text says.
struct SettingsCheck {
    let configuration: TownConfiguration
    /// The text of `tinytown.toml`.
    let text: String

    var findings: [Finding] {
        var findings: [Finding] = []
        if configuration.turnTimeout == .zero {
            findings.append(
                Finding(
                    .noTurnLimit, "agent.turn_timeout_secs is 0: a turn may run forever",
                    mend: "set agent.turn_timeout_secs = 3600 in tinytown.toml"))
        }
        guard let table = try? TOML.parse(text, file: TownConfiguration.fileName) else { return findings }
        for (key, node) in Self.leaves(table, "") {
            guard case .string(let value) = node.value, !value.isEmpty, Self.isSecret(key, value) else { continue }
            findings.append(
                Finding(
                    .secretInFile, "tinytown.toml:\(node.start.line): \(key) holds a secret",
                    mend: "take it out, and set it in the environment of tt"))
        }
        if let bind = Self.text(table, ["townhall", "bind"]), !MachineAddress.isThisMachine(bind),
            Self.text(table, ["townhall", "auth", "mode"]) ?? "none" == "none"
        {
            findings.append(
                Finding(
                    .openTownhall, "the townhall listens on \(bind) without authentication",
                    mend: "set townhall.bind = \"127.0.0.1\" in tinytown.toml"))
        }
        return findings
    }

    /// A remark on the command of a CLI that is used, where it lets agents do everything.
    static func remark(on command: String, named name: String) -> Finding? {
        let flags = ["--dangerously-skip-permissions", "--dangerously-bypass-approvals-and-sandbox", "yolo"]
        guard let flag = flags.first(where: command.contains) else { return nil }
        return Finding(
            .allPermissions,
            "agents on '\(name)' run without permission prompts (\(flag)); unattended agents need this",
            mend: "run the town in a container, or set agent_clis.\(name).command to one with fewer permissions")
    }

    private static func leaves(_ table: TOMLTable, _ prefix: String) -> [(String, TOMLNode)] {
        table.entries.flatMap { key, node -> [(String, TOMLNode)] in
            let path = prefix.isEmpty ? key : "\(prefix).\(key)"
            if case .table(let inner) = node.value { return leaves(inner, path) }
            return [(path, node)]
        }
    }

    private static func text(_ table: TOMLTable, _ path: [String]) -> String? {
        guard case .string(let text)? = table[path: path]?.value else { return nil }
        return text
    }

    // A hash is no secret; a name of a variable or of a file is none either.
    private static func isSecret(_ key: String, _ value: String) -> Bool {
        let name = (key.split(separator: ".").last ?? "").lowercased()
        if name.hasSuffix("_hash") || name.hasSuffix("_file") || name.hasSuffix("_env") || value.hasPrefix("$") {
            return false
        }
        if ["password", "token", "secret", "api_key", "apikey"].contains(where: name.hasSuffix) { return true }
        if name == "url", let at = value.firstIndex(of: "@"), let scheme = value.firstRange(of: "://") {
            return value[scheme.upperBound..<at].contains(":")
        }
        return false
    }
}
