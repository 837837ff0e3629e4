import Configuration
import Terminal
import Towns

extension CommandContext {
    /// Whether a town may be used, and how. In a terminal a person is asked.
    /// - Parameter runs: whether what follows may start a host, or change the town.
    /// - Throws: `CommandFailure` (`untrusted`, exit 7) if nobody can be asked, or if the answer is no.
    func admit(_ root: String, _ configuration: TownConfiguration, runs: Bool) async throws -> TownAdmission.Terms {
        switch try parts.admission.answer(root: root, configuration: configuration, runs: runs) {
        case .yes(let terms): return terms
        case .looking(let terms, let reason):
            warn("\(TrustText.sentence(reason, root)). Until you trust it, nothing runs: tt trust")
            return terms
        case .ask(let reason):
            for line in TrustText.review(RunnablePart(configuration), reason, root) { console.writeError(line + "\n") }
            guard canAsk else {
                throw CommandFailure(
                    .needsPerson, code: "untrusted", "\(root) is not trusted",
                    hint: "review it with: tt trust show; then, if you wrote it or trust who did: tt trust")
            }
            guard await confirms("Trust this folder? [y/N] ") else {
                throw CommandFailure(.needsPerson, code: "untrusted", "\(root) is not trusted; nothing changed")
            }
            try parts.admission.trust(root: root, configuration: configuration)
            return .asConfigured
        }
    }

    /// Whether the town is trusted as it is now. Asks nobody.
    func isTrusted(_ root: String, _ configuration: TownConfiguration) -> Bool {
        guard case .yes? = try? parts.admission.answer(root: root, configuration: configuration, runs: true) else {
            return false
        }
        return true
    }

    /// Whether a person sits there who can be asked: input and errors are a terminal, and no program reads the output.
    var canAsk: Bool { console.isInputTerminal && console.errorWidth != nil && !wantsJSON }

    /// Asks a person; anything but yes is no.
    func confirms(_ question: String) async -> Bool {
        console.writeError(question)
        let answer = await console.readLine()
        return ["y", "yes"].contains(answer.lowercased().filter { !$0.isWhitespace })
    }
}

/// What people are shown before they trust a folder.
enum TrustText {
    /// Why a decision is needed, without a full stop.
    static func sentence(_ reason: TrustGate.Reason, _ root: String) -> String {
        switch reason {
        case .unknown: "\(root) is not trusted yet"
        case .changed: "what tinytown.toml in \(root) can run or connect to has changed since you trusted it"
        case .older: "\(root) was made by a version of tt that did not ask for trust"
        case .moved: "\(root) was moved since you trusted it"
        case .revoked: "\(root) is not trusted any more"
        }
    }

    /// Everything that can run or connect, with what to look at twice.
    static func review(_ part: RunnablePart, _ reason: TrustGate.Reason?, _ root: String) -> [String] {
        var lines = reason.map { [capitalized(sentence($0, root)) + "."] } ?? []
        guard !part.lines.isEmpty else {
            return lines + [
                "Its tinytown.toml names no program and no server. Agents that you start here run your own CLIs in this folder."
            ]
        }
        lines.append("Its tinytown.toml can run or connect to:")
        let risks = Dictionary(grouping: part.risks, by: \.key)
        for line in part.lines {
            let value = line.isSecret ? "***" : "\"\(TerminalText.line(line.value))\""
            lines.append("  \(TerminalText.line(line.key)) = \(value)")
            for risk in risks[line.key] ?? [] { lines.append("    ! \(TerminalText.line(risk.reason))") }
        }
        return lines
    }

    private static func capitalized(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}
