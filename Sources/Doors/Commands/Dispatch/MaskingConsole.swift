import Secrets
import Synchronization
import Terminal

/// A console on which secrets are masked, whatever a command writes.
final class MaskingConsole: Console {
    /// The same without masks: for help, which is nobody's text, and for a secret that somebody asked for by its name.
    let plain: any Console
    private let known: Mutex<(secrets: [Secret], redactor: Redactor)>

    init(_ plain: any Console, secrets: [Secret]) {
        self.plain = plain
        known = Mutex((secrets, Redactor(secrets)))
    }

    /// Everything that is known by now.
    var redactor: Redactor { known.withLock { $0.redactor } }

    /// Masks these as well from now on.
    func learn(_ secrets: [Secret]) {
        if secrets.isEmpty { return }
        known.withLock {
            $0.secrets += secrets
            $0.redactor = Redactor($0.secrets)
        }
    }

    func write(_ text: String) -> Bool { plain.write(redactor.redacted(text)) }
    func writeError(_ text: String) { plain.writeError(redactor.redacted(text)) }
    var capabilities: TerminalCapabilities { plain.capabilities }
    var size: (columns: Int, rows: Int) { plain.size }
    var errorWidth: Int? { plain.errorWidth }
    var isInputTerminal: Bool { plain.isInputTerminal }
    func readInput(limit: Int) async -> String { await plain.readInput(limit: limit) }
    func readLine() async -> String { await plain.readLine() }
}
