import Files
import Hosting
import Model
import Secrets

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Whether a secret gets through the very code that writes logs: one is planted, whole, in pieces and encoded, in a
/// scratch folder, whose files are searched afterwards.
public enum LogCanary: Sendable {
    /// It did not come out.
    case silent
    /// It came out.
    case heard
    /// It could not be written, so nothing is known.
    case unwritten

    /// - Returns: nil where there is no place for a scratch folder.
    public static func run() -> LogCanary? {
        var name = Array("/tmp/tt-canary-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else { return nil }
        let folder = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { Files.remove(folder) }
        guard (try? Files.makeFolder(folder + "/logs")) != nil else { return nil }
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
        if isOut { return .heard }
        return written.allSatisfy(\.isEmpty) ? .unwritten : .silent
    }
}
