import Arguments
import Configuration
import Terminal
import Towns

enum TrustCommand {
    static let command = Command(
        CommandSpec(
            "trust", "Let this folder run programs and connect to servers", group: Group.town,
            options: [.flag("yes", "y", "don't ask; for scripts of the person who wrote tinytown.toml")],
            positionals: [
                Positional(
                    "ACTION", .optional, "show: only look; revoke: stop trusting the folder",
                    completion: .values(["show", "revoke"]))
            ],
            examples: [
                Example("tt trust", "review what the folder can run, and decide"),
                Example("tt trust show --json | jq .risks", "what to look at twice"),
                Example("tt trust revoke", "take it back"),
            ],
            discussion:
                "A cloned folder can name any program and any server. tt runs and connects to nothing in it until "
                + "you trust it, and asks again after each change of that part of tinytown.toml. The decision is kept in "
                + "trust.toml in ~/.tt ($TT_HOME), never in the folder. A host that is running keeps what it started with."
        )
    ) { context in
        switch context.arguments.positional("ACTION") {
        case nil: try await trust(context)
        case "show": try show(context)
        case "revoke": try revoke(context)
        case let other?:
            throw CommandFailure.usage(
                "unknown action '\(other)'", hint: "it is: tt trust, tt trust show or tt trust revoke")
        }
    }

    private static func trust(_ context: CommandContext) async throws {
        let (root, configuration) = try town(context)
        let review = try Review(root, configuration, context)
        if review.isTrusted {
            return try context.show(review) { _ in ["✅ \(TerminalText.line(root)) is already trusted."] }
        }
        if !context.arguments.flag("yes") {
            for line in review.lines { context.console.writeError(line + "\n") }
            guard context.console.isInputTerminal, context.console.errorWidth != nil else {
                throw CommandFailure(
                    .needsPerson, code: "untrusted", "trust is a person's decision, and there is no terminal to ask in",
                    hint: "run tt trust in a terminal; a script of the person who wrote the file says: tt trust --yes")
            }
            guard await context.confirms("Trust this folder? [y/N] ") else {
                throw CommandFailure(.needsPerson, code: "untrusted", "\(root) is not trusted; nothing changed")
            }
        }
        try context.parts.admission.trust(root: root, configuration: configuration)
        try context.show(try Review(root, configuration, context)) { _ in
            ["✅ Trusted \(TerminalText.line(root))", "   A running host uses it from its next turn on."]
        }
    }

    private static func show(_ context: CommandContext) throws {
        let (root, configuration) = try town(context)
        try context.show(try Review(root, configuration, context)) {
            $0.lines + [$0.isTrusted ? "You trust it." : "Trust it with: tt trust"]
        }
    }

    private static func revoke(_ context: CommandContext) throws {
        struct Revoked: Encodable {
            var root: String
            var revoked: Bool
        }
        let root = try context.townRoot()
        let done = Revoked(root: root, revoked: try context.parts.admission.revoke(root: root))
        try context.show(done) { done in
            let shown = TerminalText.line(root)
            guard done.revoked else { return ["\(shown) was not trusted."] }
            return ["✅ \(shown) is no longer trusted.", "   A running host goes on; end it with: tt stop"]
        }
    }

    private static func town(_ context: CommandContext) throws -> (String, TownConfiguration) {
        let root = try context.townRoot()
        return (root, try TownConfiguration.load(root: root).0)
    }

    /// A folder as a person reviews it.
    private struct Review: Encodable {
        struct Setting: Encodable {
            var key: String
            var value: String
        }
        struct Risk: Encodable {
            var key: String
            var reason: String
        }
        var root: String
        /// `trusted`, `unknown`, `changed`, `older`, `moved` or `revoked`.
        var state: String
        var digest: String
        var settings: [Setting]
        var risks: [Risk]
        let lines: [String]

        var isTrusted: Bool { state == "trusted" }

        enum CodingKeys: String, CodingKey { case root, state, digest, settings, risks }

        init(_ root: String, _ configuration: TownConfiguration, _ context: CommandContext) throws {
            let part = RunnablePart(configuration)
            let reason: TrustGate.Reason? =
                switch try context.parts.admission.answer(root: root, configuration: configuration, runs: true) {
                case .yes: nil
                case .looking(_, let reason), .ask(let reason): reason
                }
            self.root = root
            state = reason?.rawValue ?? "trusted"
            digest = part.digest
            settings = part.lines.map { Setting(key: $0.key, value: $0.isSecret ? "***" : $0.value) }
            risks = part.risks.map { Risk(key: $0.key, reason: $0.reason) }
            lines = TrustText.review(part, reason, root)
        }
    }
}
