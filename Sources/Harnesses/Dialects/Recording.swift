package import Model
import Presets

/// Reads recorded output as a turn does. For tests that try what no CLI prints.
package enum Recording {
    /// Programs whose output has a form of its own, and one whose has none.
    package static let programs = [
        "claude", "codex", "opencode", "gemini", "copilot", "cursor-agent", "auggie", "aider", "cat",
    ]

    /// What becomes of a run that printed `lines` and ended with `status`.
    package static func read(
        _ lines: [[UInt8]], of program: String, session: HarnessSession?, status: Int32, errors: String,
        now: Timestamp = Timestamp(microseconds: 1_800_000_000_000_000)
    ) -> HarnessResult {
        let request = TurnRequest(
            turn: TurnID(high: 1, low: 1), newSessionID: "", session: session, prompt: "", scratchFolder: "",
            workingDirectory: "", environment: [:], emit: { _ in })
        var transcript = CLIPreset.dialect(of: [program])
            .makeTranscript(for: request, now: { now })
        for line in lines { _ = transcript.take(line) }
        let failure = transcript.failure(exit: status > 128 ? .signal(status - 128) : .code(status), errors: errors)
        return transcript.record.result(harness: program, reason: nil, other: failure, now: now)
    }
}
