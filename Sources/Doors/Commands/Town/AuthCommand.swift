import Arguments
import Operations
import Terminal

enum AuthCommand {
    static let command = Command(
        group: CommandSpec(
            "auth", "Make keys for the townhall, which comes with a later version", group: Group.town,
            examples: [Example("tt auth gen-key", "a new API key and its hash")], isHidden: true),
        [generate])

    private static let generate = Command(
        CommandSpec(
            "gen-key", "Make an API key and the hash that goes into tinytown.toml",
            examples: [
                Example("tt auth gen-key", "show key, hash and what to add to tinytown.toml"),
                Example("tt auth gen-key --json | jq -r .api_key", "only the key, for a store of secrets"),
            ],
            discussion: "The key is shown this once and kept nowhere. The hash is Argon2id (19 MiB, 2 passes): the key "
                + "cannot be found from it, so it may stand in a file under version control.")
    ) { context in try await generateKey(context) }

    /// What one page of Tinytown's book calls it.
    static let otherCommand = Command(
        CommandSpec(
            "generate-api-key", "The same as auth gen-key", examples: [Example("tt generate-api-key", "a new key")],
            isHidden: true)
    ) { context in
        context.warn("'tt generate-api-key' is called 'tt auth gen-key'")
        try await generateKey(context)
    }

    private static func generateKey(_ context: CommandContext) async throws {
        try context.showSecret(try await GenerateKey.make()) { generated in
            [
                "🔑 Generated new API key", "", "API Key (store securely, shown only once):", generated.key, "",
                "API Key Hash (add to tinytown.toml):", generated.hash, "", "Add to your tinytown.toml:", "",
            ] + generated.config.split(separator: "\n").map { "  " + $0 } + [
                "", "The townhall, which asks for it, comes with a later version.",
            ]
        }
    }
}
