public import Files
public import Model
import Processes
public import Secrets
import Synchronization

/// Writes what agents do into `.tt/logs`: `NAME.log` for people to follow, and `NAME_round_N.log` with the raw output of
/// each of the latest turns. Secrets are masked on the way.
public final class LogJournal: TurnJournal {
    /// Raw logs that are kept for each agent.
    public static let turnsKept = 20

    private let folder: SafePath
    private let limit: Int
    private let generations: Int
    /// Told of the first of a row of errors.
    private let onError: @Sendable (String) -> Void
    /// Also shown here, line by line: a terminal in which an agent runs in the foreground.
    private let echo: (@Sendable (String) -> Void)?
    private let redactor: Redactor
    private let logs = Mutex([String: RotatingLog]())

    /// - Parameters:
    ///   - limit: bytes after which a log is put aside.
    ///   - generations: how many old files are kept.
    ///   - redactor: knows the secrets of this process.
    public init(
        folder: SafePath, limit: Int, generations: Int, redactor: Redactor = .forms,
        echo: (@Sendable (String) -> Void)? = nil,
        onError: @escaping @Sendable (String) -> Void
    ) {
        self.folder = folder
        self.limit = limit
        self.generations = generations
        self.redactor = redactor
        self.echo = echo
        self.onError = onError
    }

    public func begin(_ turn: TurnID, agent: Agent, number: Int, at now: Timestamp) -> any TurnRecord {
        let name = AgentName.fileName(agent.name)
        let raw = RotatingLog(
            folder.appending("\(name)_round_\(number).log"), limit: limit, generations: 0, onError: report)
        if number > Self.turnsKept { folder.appending("\(name)_round_\(number - Self.turnsKept).log").remove() }
        let record = LogRecord(log: log(agent.name), raw: raw, redactor: redactor, echo: echo)
        let cli = redactor.redacted(commandLine: agent.cli)
        record.line("── \(now) round \(number) of \(agent.name) begins, turn \(turn.short), \(cli)")
        return record
    }

    public func note(_ line: String, agent: Agent, at now: Timestamp) {
        let line = redactor.redacted(line)
        log(agent.name).write(line: "── \(now) \(line)")
        echo?(line)
    }

    private func log(_ name: String) -> RotatingLog {
        logs.withLock { logs in
            if let log = logs[name] { return log }
            let log = RotatingLog(
                folder.appending("\(AgentName.fileName(name)).log"), limit: limit, generations: generations,
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
    /// A secret may be cut in two by pieces, and a private key has many lines.
    private let lines: Mutex<RedactingStream>
    private let bytes: Mutex<RedactingStream>

    init(log: RotatingLog, raw: RotatingLog, redactor: Redactor, echo: (@Sendable (String) -> Void)?) {
        self.log = log
        self.raw = raw
        self.echo = echo
        lines = Mutex(RedactingStream(redactor))
        bytes = Mutex(RedactingStream(redactor))
    }

    func line(_ text: String) { write(lines.withLock { $0.append(Array((text + "\n").utf8)) }) }

    private func write(_ safe: [UInt8]) {
        log.write(safe)
        guard let echo, !safe.isEmpty else { return }
        let text = String(decoding: safe.last == 0x0A ? safe.dropLast() : safe[...], as: UTF8.self)
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) { echo(String(line)) }
    }

    func record(_ event: HarnessEvent) {
        switch event {
        case .raw(let piece): raw.write(bytes.withLock { $0.append(piece) })
        case .text(let piece): take(piece)
        case .started, .session: break
        case .toolStarted(let name, let input): flushed("▶ \(name): \(Self.short(input))")
        case .toolFinished(let name, let output, let failed):
            flushed("\(failed ? "✗" : "✓") \(name)\(output.isEmpty ? "" : ": " + Self.short(output))")
        case .notice(let text): flushed("! \(text)")
        case .stalled(let silence): flushed("! no output for \(Int(silence.inSeconds)) s")
        }
    }

    func end(_ summary: String) {
        raw.write(bytes.withLock { $0.finish() })
        // What the turn left open, such as half a private key, must not hide how it ended.
        flushed(nil)
        write(lines.withLock { $0.finish() })
        line("── \(summary)")
        write(lines.withLock { $0.finish() })
    }

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

    private func flushed(_ text: String?) {
        let rest = pending.withLock { pending in
            defer { pending = "" }
            return pending
        }
        if !rest.isEmpty { line(rest) }
        if let text { line(text) }
    }

    // What a tool was given and what it said can be megabytes; the raw log has all of it.
    private static func short(_ text: String) -> String {
        let first = text.prefix(400)
        let line = first.split(whereSeparator: \.isNewline).prefix(6).joined(separator: "\n    ")
        return first.count < text.count ? line + " …" : line
    }
}
