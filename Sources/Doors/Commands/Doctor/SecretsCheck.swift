import Configuration
import Files
import Secrets
import Terminal
import Towns

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

    /// A secret goes through the very code that writes logs; then the files are searched.
    private var canary: [Finding] {
        guard let canary = LogCanary.run(), canary != .silent else { return [] }
        return [
            Finding(
                .securityCanary,
                canary == .heard
                    ? "a planted secret came out of the logs"
                    : "a planted secret could not be written, so nothing is known",
                mend: "report it, as docs/security.md says")
        ]
    }
}
