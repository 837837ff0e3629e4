import Synchronization
import Terminal

/// Says on standard error how far something has got that takes longer than a second: one line, replaced as it goes on
/// and taken away at the end. Nothing where no person looks there.
final class ProgressLine: Sendable {
    private struct State: Sendable {
        var isShown = false
        var last: ContinuousClock.Instant?
    }

    private let console: any Console
    private let width: Int?
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    private static let patience = Duration.seconds(1)
    private static let pace = Duration.milliseconds(100)

    init(_ context: CommandContext) {
        console = context.console
        width = context.wantsJSON ? nil : context.console.errorWidth
    }

    deinit { end() }

    /// Shows `text` where it is time to; cheap to call often, from any thread.
    func show(_ text: @autoclosure () -> String) {
        guard let width else { return }
        let now = ContinuousClock.now
        let isDue = state.withLock { state in
            guard now - start >= Self.patience, state.last.map({ now - $0 >= Self.pace }) ?? true else { return false }
            state.last = now
            state.isShown = true
            return true
        }
        if isDue { console.writeError("\r" + TerminalText.truncated(text(), to: width - 1) + "\u{1B}[K") }
    }

    /// Takes the line away.
    func end() {
        let wasShown = state.withLock { state in
            defer { state.isShown = false }
            return state.isShown
        }
        if wasShown { console.writeError("\r\u{1B}[K") }
    }
}
