import Arguments
import Model
import Operations

/// Waiting for the end of a task, for `tt task wait` and `tt assign --wait`.
struct TaskWait {
    let town: OpenTown
    let context: CommandContext

    static let timeout = Option.value(
        "timeout", nil, "TIME", "stop waiting after this many seconds, or 5m, 1h", standard: "never")
    static let exitCodes =
        "Exit codes: 0 the task was completed, 1 it failed, 4 it was cancelled, 6 timed out."

    /// - Returns: the task as it ended.
    func callAsFunction(_ task: String, _ timeout: Duration?) async throws -> TaskView {
        return try await context.call(WaitForTask.self, .init(task: task, timeoutSeconds: timeout?.inSeconds), in: town)
            .task
    }

    static func lines(_ task: TaskView, _ context: CommandContext) -> [String] {
        let room = context.width.map { $0 - 3 } ?? 120
        var lines = ["\(task.state.icon) Task \(task.shortID) \(task.state.ending)"]
        lines.append("   \(task.title.shortened(to: room))")
        if let result = task.result { lines.append("   Result: \(result.shortened(to: room - 8))") }
        return lines
    }

    /// - Throws: `CommandFailure` for a task that ended otherwise than completed.
    static func exit(for task: TaskView) throws {
        switch task.state {
        case .failed:
            throw CommandFailure(
                .failed, code: "task_failed", "task \(task.shortID) failed", hint: "see: tt task show \(task.shortID)")
        case .cancelled:
            throw CommandFailure(
                .conflict, code: "task_cancelled", "task \(task.shortID) was cancelled",
                hint: "see: tt task show \(task.shortID)")
        default: return
        }
    }
}
