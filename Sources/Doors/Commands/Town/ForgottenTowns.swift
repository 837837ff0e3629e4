import Arguments
import Configuration
import Files
import Operations
import Terminal

/// What `tt towns forget` took out of the list.
struct ForgottenTowns: Encodable {
    struct Town: Encodable {
        var name: String
        var path: String

        enum CodingKeys: String, CodingKey {
            case name
            case path = "root"
        }
    }

    var forgotten: [Town]

    static func forget(_ context: CommandContext) throws {
        let registry = TownRegistry(home: context.home)
        let asked = context.arguments.positionalList("TOWN")
        let isMissing = context.arguments.flag("missing")
        guard isMissing != !asked.isEmpty else {
            throw CommandFailure.usage(
                isMissing ? "--missing and names can't be used together" : "no town was named",
                hint: "use: tt towns forget NAME, or tt towns forget --missing")
        }
        let paths =
            isMissing
            ? Set(try registry.entries().map(\.path).filter { !Files.isFolder($0) })
            : Set(try asked.map { try path(of: $0, among: try registry.entries(), context) })
        let gone = try registry.forget { paths.contains($0.path) }
        try context.show(ForgottenTowns(forgotten: gone.map { Town(name: $0.name, path: $0.path) })) { output in
            guard !output.forgotten.isEmpty else { return ["The folder of every town in the list exists."] }
            return output.forgotten.map {
                "🗑️  Forgot \(TerminalText.line($0.name)) (\(TerminalText.line($0.path)))"
            } + ["   Only the list has changed; the folders stay as they are."]
        }
    }

    // A folder counts before a name, because several towns may have the same name.
    private static func path(of word: String, among entries: [TownRegistry.Entry], _ context: CommandContext) throws
        -> String
    {
        let absolute = word.hasPrefix("/") ? word : context.parts.folder + "/" + word
        let canonical = try? Files.canonical(absolute)
        if let entry = entries.first(where: { $0.path == word || $0.path == absolute || $0.path == canonical }) {
            return entry.path
        }
        let named = entries.filter { $0.name == word }
        switch named.count {
        case 1: return named[0].path
        case 0:
            throw OperationError(.notFound, "no town '\(word)' is in the list", hint: "see: tt towns")
        default:
            throw OperationError(
                .conflict, "several towns are called '\(word)'",
                hint: "name its folder: " + named.map(\.path).joined(separator: ", "))
        }
    }
}
