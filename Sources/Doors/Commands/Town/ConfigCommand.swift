import Arguments
import Configuration
import Operations
import Terminal

enum ConfigCommand {
    static let command = Command(
        CommandSpec(
            "config", "Show or change your settings for all towns", group: Group.town,
            options: [.flag("unset", nil, "remove the key")],
            positionals: [
                Positional("KEY", .optional, "a key, such as default_cli", completion: .values(suggestedKeys)),
                Positional("VALUE", .optional, "its new value"),
            ],
            examples: [
                Example("tt config", "everything that is set"),
                Example("tt config default_cli", "one value, and nothing else"),
                Example("tt config default_cli codex", "the CLI of agents that are spawned without --cli"),
                Example("tt config agent_clis.mine \"my-agent --flag\"", "your own command"),
                Example("tt config agent_clis.codex.env.MODE fast", "a variable for one CLI"),
                Example("tt config --unset conductor_cli", "back to the default"),
            ],
            discussion: "The keys: " + GlobalConfiguration.keys.joined(separator: ", ") + ".\n"
                + "The first of these wins: --cli, the town's tinytown.toml, these settings, the first CLI that is installed."
        )
    ) { context in
        let arguments = context.arguments
        switch (arguments.positional("KEY"), arguments.positional("VALUE"), arguments.flag("unset")) {
        case (nil, _, true): throw CommandFailure.usage("--unset needs a KEY")
        case (_, .some, true): throw CommandFailure.usage("--unset takes no VALUE")
        case (let key?, nil, true): try await set(key, to: nil, context)
        case (let key?, let value?, false): try await set(key, to: value, context)
        case (let key?, nil, false): try await show(key, context)
        case (nil, _, false): try showAll(context)
        }
    }

    private static let suggestedKeys =
        GlobalConfiguration.keys.filter { !$0.hasPrefix("agent_clis.") } + ["agent_clis."]

    private static func set(_ key: String, to value: String?, _ context: CommandContext) async throws {
        let changed = try await context.call(WriteSetting.self, .init(key: key, value: value))
        for warning in changed.warnings { context.warn(warning) }
        try context.show(SettingView(key: changed.key, value: changed.value)) { setting in
            let saved = "   Saved to: \(TerminalText.line(file(context)))"
            guard let value = setting.value else { return ["✅ Unset \(TerminalText.line(key))", saved] }
            return ["✅ Set \(TerminalText.line(key)) = \"\(TerminalText.line(value))\"", saved]
        }
    }

    // Raw, for use in scripts.
    private static func show(_ key: String, _ context: CommandContext) async throws {
        let setting = try await context.call(ReadSetting.self, .init(key: key))
        try context.showSecret(setting) { [TerminalText.line($0.value ?? "")] }
    }

    private static func showAll(_ context: CommandContext) throws {
        struct All: Encodable {
            var file: String
            var values: [String: String]
            var clis: [String]
            var effective: EffectiveCLI
        }
        let configuration = try GlobalConfiguration.load(home: context.home)
        let values = configuration.values.map { (key: $0.key, value: SettingView.isSecret($0.key) ? "***" : $0.value) }
        let clis = Set(AgentCLI.presets.keys).union(configuration.agentCLIs.keys).sorted()
        let all = All(
            file: file(context), values: Dictionary(values.map { ($0.key, $0.value) }) { $1 }, clis: clis,
            effective: EffectiveCLI(configuration, context))
        try context.show(all) { all in
            var lines = ["⚙️  Global config: \(TerminalText.line(all.file))", ""]
            if configuration.defaultCLI == nil { lines.append("default_cli = \"claude\" (default)") }
            lines += values.map { "\(TerminalText.line($0.key)) = \"\(TerminalText.line($0.value))\"" }
            lines += ["", "Available CLIs: \(TerminalText.line(clis.joined(separator: ", ")))"]
            lines += ["Order: --cli, the town's tinytown.toml, this file, the default (claude)"]
            return lines + ["New agents here run: \(TerminalText.line(all.effective.cli)) (\(all.effective.origin))"]
        }
    }

    /// The CLI that an agent gets here when nobody asks for one, and why.
    private struct EffectiveCLI: Encodable {
        var cli: String
        /// The file that says so, or `default`.
        var origin: String

        init(_ global: GlobalConfiguration, _ context: CommandContext) {
            let town = (try? context.townRoot()).flatMap { try? TownConfiguration.load(root: $0).0 }
            if let cli = town?.defaultCLI, !cli.isEmpty {
                (self.cli, origin) = (cli, TownConfiguration.fileName)
            } else if let cli = global.defaultCLI, !cli.isEmpty {
                (self.cli, origin) = (cli, ConfigCommand.file(context))
            } else {
                (cli, origin) = ("claude", "default")
            }
        }
    }

    private static func file(_ context: CommandContext) -> String { context.user.settings }
}
