public import Engine
import Files
public import Model
import Processes
import Synchronization

/// Writes what agents do into `.tt/logs`: `NAME.log` for people to follow, and `NAME_round_N.log` with the raw output of
/// each of the latest rounds.
public final class LogJournal: TurnJournal {
    /// Raw logs that are kept for each agent.
    public static let roundsKept = 20

    private let folder: String
    private let limit: Int
    private let generations: Int
    /// Told of the first of a row of errors.
    private let onError: @Sendable (String) -> Void
    /// Also shown here, line by line: a terminal in which an agent runs in the foreground.
    private let echo: (@Sendable (String) -> Void)?
    private let logs = Mutex([String: RotatingLog]())

    /// - Parameters:
    ///   - limit: bytes after which a log is put aside.
    ///   - generations: how many old files are kept.
    public init(
        folder: String, limit: Int, generations: Int, echo: (@Sendable (String) -> Void)? = nil,
        onError: @escaping @Sendable (String) -> Void
    ) {
        self.folder = folder
        self.limit = limit
        self.generations = generations
        self.echo = echo
        self.onError = onError
    }

    public func begin(_ turn: TurnID, agent: Agent, round: Int, at now: Timestamp) -> any TurnRecord {
        let name = AgentName.fileName(agent.name)
        let raw = RotatingLog(
            path: "\(folder)/\(name)_round_\(round).log", limit: limit, generations: 0, onError: report)
        if round > Self.roundsKept { Files.remove("\(folder)/\(name)_round_\(round - Self.roundsKept).log") }
        let record = LogRecord(log: log(agent.name), raw: raw, echo: echo)
        record.line("── \(now) round \(round) of \(agent.name) begins, turn \(turn.short), \(agent.cli)")
        return record
    }

    public func note(_ line: String, agent: Agent, at now: Timestamp) {
        log(agent.name).write(line: "── \(now) \(line)")
        echo?(line)
    }

    private func log(_ name: String) -> RotatingLog {
        logs.withLock { logs in
            if let log = logs[name] { return log }
            let log = RotatingLog(
                path: "\(folder)/\(AgentName.fileName(name)).log", limit: limit, generations: generations,
                onError: report)
            logs[name] = log
            return log
        }
    }

    private func report(_ error: ProcessError) { onError(error.message) }
}

/// One turn in an agent's log.
private final class LogRecord: TurnRecord {
    private let log: RotatingLog
    private let raw: RotatingLog
    private let echo: (@Sendable (String) -> Void)?
    /// Text comes in pieces; a log has lines.
    private let pending = Mutex("")

    init(log: RotatingLog, raw: RotatingLog, echo: (@Sendable (String) -> Void)?) {
        self.log = log
        self.raw = raw
        self.echo = echo
    }

    func line(_ text: String) {
        log.write(line: text)
        echo?(text)
    }

    func record(_ event: HarnessEvent) {
        switch event {
        case .raw(let bytes): raw.write(bytes)
        case .text(let piece): take(piece)
        case .started, .session: break
        case .toolStarted(let name, let input): flushed("▶ \(name): \(Self.short(input))")
        case .toolFinished(let name, let output, let failed):
            flushed("\(failed ? "✗" : "✓") \(name)\(output.isEmpty ? "" : ": " + Self.short(output))")
        case .notice(let text): flushed("! \(text)")
        case .stalled(let silence): flushed("! no output for \(Int(silence.inSeconds)) s")
        }
    }

    func end(_ summary: String) { flushed("── \(summary)") }

    private func take(_ piece: String) {
        let lines = pending.withLock { pending in
            pending += piece
            guard let last = pending.lastIndex(where: \.isNewline) else { return [Substring]() }
            let whole = pending[..<last].split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            pending = String(pending[pending.index(after: last)...])
            return whole
        }
        for line in lines { self.line(String(line)) }
    }

    private func flushed(_ text: String) {
        let rest = pending.withLock { pending in
            defer { pending = "" }
            return pending
        }
        if !rest.isEmpty { line(rest) }
        line(text)
    }

    // What a tool was given and what it said can be megabytes; the raw log has all of it.
    private static func short(_ text: String) -> String {
        let first = text.prefix(400)
        let line = first.split(whereSeparator: \.isNewline).prefix(6).joined(separator: "\n    ")
        return first.count < text.count ? line + " …" : line
    }
}
