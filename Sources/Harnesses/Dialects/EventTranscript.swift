import Model
import Text

/// Reads a stream of JSON events, one a line, whose meaning a dialect knows.
struct EventTranscript: Transcript {
    typealias Reader = @Sendable (JSON, inout EventTranscript) -> [Observation]

    var record: RunRecord
    private let program: String
    private let now: @Sendable () -> Timestamp
    /// Exit statuses with a meaning of their own.
    private let exits: [Int32: FailureClass]
    private let read: Reader
    private var toolNames: [String: String] = [:]
    /// A tool was used after the last text, so that the next one begins anew.
    private var beginsAnew = true

    init(
        program: String, wanted: HarnessSession?, now: @escaping @Sendable () -> Timestamp,
        exits: [Int32: FailureClass] = [:], read: @escaping Reader
    ) {
        record = RunRecord(wanted: wanted)
        self.program = program
        self.now = now
        self.exits = exits
        self.read = read
    }

    mutating func take(_ line: [UInt8]) -> [Observation] {
        guard let event = JSON(line), event["type"] != nil else {
            record.keepStrange(line)
            return []
        }
        return read(event, &self)
    }

    func failure(exit: ChildExit, errors: String) -> Failure? {
        let known = FailureText.find(in: errors, now: now()) ?? FailureText.find(in: record.strangeText, now: now())
        if known?.kind == .sessionLost { return Failure(.sessionLost, "\(program) no longer has the session.") }
        if case .code(let code) = exit, let kind = exits[code] {
            let words = known?.message ?? FailureText.sentence(String((errors + "\n" + record.strangeText).suffix(400)))
            return Failure(kind, "\(program) ended with status \(code): \(words)")
        }
        // Text alone may be the whole answer of a version that says nothing at the end.
        if exit == .code(0), record.terminal == nil, !record.reply.isEmpty { return nil }
        return ExitVerdict.failure(
            program: program, exit: exit, errors: errors, output: record.strangeText, now: now())
    }

    /// The agent says something; the text after its last use of a tool is the answer.
    mutating func say(_ text: String?, continues: Bool = false) -> [Observation] {
        guard let text, !text.isEmpty else { return [] }
        record.reply = beginsAnew ? text : continues ? record.reply + text : record.reply + "\n" + text
        beginsAnew = false
        return [.event(.text(text))]
    }

    /// A tool begins.
    mutating func startTool(_ id: String?, _ name: String?, input: String?) -> [Observation] {
        beginsAnew = true
        record.usedTools = true
        if let id { toolNames[id] = name ?? "?" }
        return [.event(.toolStarted(name: name ?? "?", input: input ?? ""))]
    }

    /// A tool has ended.
    mutating func endTool(_ id: String?, output: String?, failed: Bool) -> [Observation] {
        let name = id.flatMap { toolNames.removeValue(forKey: $0) } ?? "?"
        return [.event(.toolFinished(name: name, output: output ?? "", failed: failed))]
    }

    /// The service or the CLI itself reports an error that ends the turn.
    ///
    /// - Parameters:
    ///   - codes: what it says in fields of its own: codes and names.
    ///   - status: the HTTP status, where there is one.
    ///   - resetAt: when the service will answer again, from a field.
    mutating func fail(
        _ message: String, codes: [String?] = [], status: Int? = nil, resetAt: JSON? = nil
    ) {
        let said = message.isEmpty ? "\(program) failed without a reason." : FailureText.sentence(message)
        let spoken = FailureText.classify(message, now: now())
        let field = codes.lazy.compactMap(FailureCode.kind(of:)).first ?? FailureCode.kind(ofStatus: status)
        let kind = field.map { FailureText.override($0, message) } ?? spoken?.kind
        switch kind {
        case .some(let kind):
            var failure = Failure(kind, said)
            if kind == .rateLimit || kind == .quota {
                failure.resetAt =
                    ResetTime.delay(in: resetAt, now: now()) ?? spoken?.resetAt
                    ?? ResetTime.read(message, now: now())
            }
            record.terminal = .failed(failure)
        // A request that the service rejects stays in the session.
        case nil where status == 400 || status == 422:
            record.terminal = .failed(Failure(record.wanted == nil ? .unusableOutput : .sessionLost, said))
        case nil: record.terminal = .failed(Failure(.crash, said))
        }
    }
}
