import FoundationEssentials
import Model
import Processes
import TestOrder
import Testing
import Text

@testable import Harnesses

/// What real CLIs printed, read by the transcripts. See `Tests/Fixtures/harness/README.md`.
@Suite(.serialized, .queued) struct RecordedStreamTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/harness").path

    /// Reads the stream of a recorded run as a turn that continues `wanted`.
    private func read(_ cli: String, _ name: String, wanted: HarnessSession? = nil) throws -> (
        result: HarnessResult, told: [Observation]
    ) {
        let bytes = try #require(readFile("\(Self.folder)/\(cli)/\(name).jsonl"))
        let list = try #require(readFile("\(Self.folder)/\(cli)/cases.json"))
        let cases = try #require(JSON(list))
        let record = try #require(cases["cases"]?[name])
        let now = Timestamp(microseconds: 1_800_000_000_000_000)
        var transcript: any Transcript =
            cli == "claude"
            ? ClaudeTranscript(wanted: wanted, now: { now }) : CodexTranscript(wanted: wanted, now: { now })
        var framer = LineFramer()
        var told: [Observation] = []
        // In odd pieces, as a pipe may hand them over.
        var rest = bytes[...]
        while !rest.isEmpty {
            for line in framer.append(Array(rest.prefix(997))) { told += transcript.take(line) }
            rest = rest.dropFirst(997)
        }
        if let last = framer.finish() { told += transcript.take(last) }
        #expect(transcript.record.strangeLines == 0)
        let code = record["exit"]?.int ?? -9
        let exit: ChildExit = code < 0 ? .signal(Int32(-code)) : .code(Int32(code))
        let other = transcript.failure(exit: exit, errors: record["stderr"]?.string ?? "")
        return (transcript.record.result(harness: cli, reason: nil, other: other, now: now), told)
    }

    @Test(arguments: ["claude", "codex"])
    func `the cost of two turns is the total of their session`(cli: String) throws {
        let first = try read(cli, "tool-call").result
        #expect(first.failure == nil && first.reply == "The first task is done.")
        #expect(first.usage?.inputTokens == 20 && first.usage?.outputTokens == 10)
        let session = try #require(first.session)
        let second = try read(cli, "resumed", wanted: session).result
        #expect(second.failure == nil && second.reply == "The second task is done.")
        #expect(second.usage?.inputTokens == 10 && second.usage?.outputTokens == 5)
        #expect(second.session?.id == session.id)
        #expect(second.session?.totals.inputTokens == 30)
        if cli == "claude" {
            let sum = (first.usage?.cost ?? .zero) + (second.usage?.cost ?? .zero)
            #expect(sum.microdollars == 420 && second.session?.totals.costUSD == 0.00042)
        }
    }

    @Test(arguments: ["claude", "codex"])
    func `a tool call is told with its input and output`(cli: String) throws {
        let told = try read(cli, "tool-call").told
        let started = told.contains {
            if case .event(.toolStarted(_, let input)) = $0 { input.contains("echo working on") } else { false }
        }
        let finished = told.contains {
            if case .event(.toolFinished(_, let output, false)) = $0 {
                output.contains("working on task-1")
            } else {
                false
            }
        }
        #expect(started && finished && told.last == .ended)
        let failing = try read(cli, "failing-command").told
        #expect(failing.contains { if case .event(.toolFinished(_, _, true)) = $0 { true } else { false } })
    }

    @Test(
        arguments: ["claude", "codex"],
        [
            ("bad-key", FailureClass.authentication), ("rate-limit", .rateLimit), ("no-credit", .quota),
            ("context-overflow", .contextOverflow), ("unknown-model", .configuration), ("overloaded", .rateLimit),
            ("refused", .network), ("session-missing", .sessionLost), ("killed-in-tool", .crash),
        ])
    func `a failed run has a class and keeps its session`(cli: String, expected: (String, FailureClass)) throws {
        let wanted = expected.0 == "session-missing" ? HarnessSession(id: "lost", harness: cli) : nil
        let result = try read(cli, expected.0, wanted: wanted).result
        #expect(result.failure?.kind == expected.1)
        #expect(result.failure?.message.isEmpty == false)
        #expect(wanted.map { result.session?.id == $0.id } ?? (result.session?.id.count == 36))
    }

    @Test(arguments: ["bad-key", "rate-limit", "overloaded", "refused"])
    func `each retry that a service causes is told`(name: String) throws {
        for cli in ["claude", "codex"] {
            #expect(try read(cli, name).told.contains { if case .retrying = $0 { true } else { false } })
        }
    }

    @Test func `codex that waits for an hour inside has said why`() throws {
        let told = try read("codex", "rate-limit-long").told
        guard case .retrying(let failure) = told.last else {
            Issue.record("told \(told)")
            return
        }
        #expect(failure.kind == .rateLimit)
    }

    @Test func `claude that is told to come back in an hour does not wait`() throws {
        #expect(try read("claude", "rate-limit-long").result.failure?.kind == .rateLimit)
    }

    @Test(arguments: ["claude", "codex"])
    func `a turn after a kill continues its session`(cli: String) throws {
        let killed = try read(cli, "killed-in-tool").result
        let session = try #require(killed.session)
        let next = try read(cli, "resumed-after-kill", wanted: session).result
        #expect(next.failure == nil && next.session?.id == session.id && !next.reply.isEmpty)
    }

    @Test(arguments: ["claude", "codex"])
    func `a service that never answers is no success`(cli: String) throws {
        let kind = try read(cli, "hung").result.failure?.kind
        // The one says that it waited, the other ends without a word.
        #expect(kind == (cli == "claude" ? .network : .crash))
        #expect(try read(cli, "terminated-in-tool").result.failure?.kind == .crash)
    }
}
