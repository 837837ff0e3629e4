import Configuration
import Files
import Hosting
import Model
import Secrets
import Terminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Whether secrets come out: what is in the files that people share, and a planted one that must not get through.
struct SecretsCheck {
    let files: TownFiles
    let environment: [String: String]
    /// Command lines of agents that have not ended, and of the CLIs that are configured.
    let commandLines: [String]
    private var redactor: Redactor { Redactor(Secret.among(environment)) }

    var findings: [Finding] { inFiles + onCommandLines + canary }

    /// Logs, and what is meant for version control.
    private var inFiles: [Finding] {
        let folder = files.logs.path
        let logs = Files.names(in: folder).map { "\(folder)/\($0)" }
        let shared = ["tinytown.snapshot.jsonl", "tasks.toml"].map { "\(files.root)/\($0)" }
        let redactor = redactor
        return (shared + logs).compactMap { path in
            // What is larger, or no file of the user's, is not read; the check of files tells about the latter.
            guard let bytes = (try? Files.bytes(path)) ?? nil, redactor.redacted(bytes) != bytes else { return nil }
            return Finding(
                .securityShownSecret, "\(TerminalText.line(path)) holds what looks like a secret",
                mend: "change that secret; then remove it from the file")
        }
    }

    private var onCommandLines: [Finding] {
        commandLines.compactMap { line in
            let masked = redactor.redacted(commandLine: line)
            guard masked != line else { return nil }
            return Finding(
                .securityShownSecret,
                "a secret on a command line is visible to every user of this machine: \(TerminalText.line(masked))",
                mend: "pass it in the environment: [agent_clis.NAME] pass = [\"VARIABLE\"]")
        }
    }

    /// A secret goes through the very code that writes logs, whole, in pieces and encoded; then the files are searched.
    private var canary: [Finding] {
        var name = Array("/tmp/tt-canary-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else { return [] }
        let folder = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { Files.remove(folder) }
        guard (try? Files.makeFolder(folder + "/logs")) != nil else { return [] }
        let value = (0..<4).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }.joined()
        let journal = LogJournal(
            folder: SafePath("logs", in: folder), limit: 1 << 20, generations: 0,
            redactor: Redactor([Secret(name: "CANARY", value: value)]), onError: { _ in })
        let now = Timestamp(microseconds: 0)
        let agent = Agent(
            id: AgentID(high: 0, low: 1), name: "canary", cli: "cli --api-key \(value)", createdAt: now)
        journal.note("the CLI said: \(value)", agent: agent, at: now)
        let record = journal.begin(TurnID(high: 0, low: 1), agent: agent, number: 1, at: now)
        for piece in [value, String(value.prefix(9)), String(value.dropFirst(9)), "\n"] {
            record.record(.text(piece))
            record.record(.raw(Array(piece.utf8)))
        }
        record.record(.toolFinished(name: "shell", output: "KEY=\(value)", failed: true))
        record.record(.notice(value))
        record.end("failed: \(value)")
        let logs = folder + "/logs"
        let written = Files.names(in: logs).compactMap { (try? Files.text("\(logs)/\($0)")) ?? nil }
        let isOut = written.contains { $0.contains(value) }
        guard isOut || written.allSatisfy(\.isEmpty) else { return [] }
        return [
            Finding(
                .securityCanary,
                isOut
                    ? "a planted secret came out of the logs"
                    : "a planted secret could not be written, so nothing is known",
                mend: "report it, as docs/security.md says")
        ]
    }
}
