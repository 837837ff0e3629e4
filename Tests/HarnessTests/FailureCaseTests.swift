import FoundationEssentials
import Model
import Processes
import TestOrder
import Testing
import Text

@testable import Harnesses

/// Recorded failures of every CLI, and the table of docs/failures.md that they stand for.
@Suite(.serialized, .queued) struct FailureCaseTests {
    private static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    private static let now = Timestamp("2026-11-28T12:00:00Z")!

    struct Case: Sendable, CustomTestStringConvertible {
        var cli: String
        var line: Int
        var json: JSON

        var testDescription: String { "\(cli):\(line) \(json["seen"]?.string ?? "?")" }
    }

    static let cases: [Case] = {
        let folder = tests.appending(path: "Fixtures/harness/failures").path
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        return names.filter { $0.hasSuffix(".jsonl") }.flatMap { name in
            let lines = (readFile("\(folder)/\(name)") ?? []).split(separator: 0x0A)
            return lines.enumerated().map { index, line in
                Case(cli: String(name.dropLast(6)), line: index + 1, json: JSON(line) ?? .null)
            }
        }
    }()

    private static func read(_ one: Case) -> HarnessResult {
        let lines = (one.json["out"]?.array ?? []).map { Array($0.text.utf8) }
        let program = one.cli == "command" ? "wrapper" : one.cli
        return Zone.$local.withValue(.utc) {
            Recording.read(
                lines.flatMap { $0.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init) },
                of: program,
                session: one.json["resumed"]?.bool == true ? HarnessSession(id: "s", harness: program) : nil,
                status: Int32(one.json["exit"]?.int ?? 0), errors: one.json["err"]?.string ?? "", now: now)
        }
    }

    @Test(arguments: cases) func `a recorded failure has its class and the time of its reset`(one: Case) throws {
        let expected = try #require(one.json["class"]?.string)
        let failure = Self.read(one).failure
        #expect(
            failure?.kind.rawValue ?? "none" == expected, "\(failure.map(String.init(describing:)) ?? "no failure")")
        #expect(failure?.resetAt == one.json["reset"]?.string.flatMap { Timestamp($0) })
        #expect(failure?.message.isEmpty != true)
    }

    @Test func `every CLI has recorded cases`() {
        let programs = Set(Recording.programs).subtracting(["cat"]).union(["command"])
        #expect(Set(Self.cases.map(\.cli)) == programs)
    }

    // MARK: The table

    private struct Row {
        var seen: String
        var classes: [String]
        var follows: String
    }

    private static func rows() throws -> [Row] {
        let page = try #require(readFile(tests.deletingLastPathComponent().appending(path: "docs/failures.md").path))
        return String(decoding: page, as: UTF8.self).split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst()
            .map {
                let cells = $0.split(separator: "|").map {
                    $0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
                }
                let names = cells[1].split { !$0.isLetter && $0 != "_" }.map { String($0) }.filter { $0 != "or" }
                return Row(seen: String(cells[0]), classes: names, follows: String(cells[2]))
            }
    }

    /// Rows that no output stands for; tested where they are made.
    private static let others = [
        "no descriptors, processes or memory left on this machine": FailureClass.machine,
        "a turn that takes too long": .timeout,
    ]

    @Test func `the table names what the cases show, and nothing else`() throws {
        let rows = try Self.rows()
        #expect(rows.count > 15)
        for row in rows {
            let own = Self.cases.filter { $0.json["seen"]?.string == row.seen }
            let shown = Set(own.compactMap { $0.json["class"]?.string })
            let expected = Self.others[row.seen].map { [$0.rawValue] } ?? shown
            #expect(Set(row.classes) == expected, "\(row.seen)")
        }
        let named = Set(rows.map(\.seen))
        #expect(named.count == rows.count)
        for one in Self.cases { #expect(named.contains(one.json["seen"]?.string ?? "?"), "\(one.testDescription)") }
    }

    @Test func `the table says what the policy does`() throws {
        let policy = FailurePolicy()
        for row in try Self.rows() where !row.classes.contains("none") {
            for name in row.classes {
                let kind = try #require(FailureClass(rawValue: name))
                let verdicts = (1...9).map {
                    policy.verdict(on: Failure(kind, "x"), failures: $0, now: Self.now, jitter: 0.5)
                }
                #expect(row.follows.contains("paused") == verdicts.contains { $0.pause != nil }, "\(row.seen)")
                #expect(
                    row.follows.contains("fresh session") == verdicts.contains(where: \.dropsSession), "\(row.seen)")
                #expect(row.follows.contains("does not count") == !verdicts[0].countsAttempt, "\(row.seen)")
                // Without a pause only a fresh session follows, and that once.
                for verdict in verdicts.dropFirst() {
                    #expect(verdict.pause != nil || verdict.retryAt.map { $0 > Self.now } == true, "\(row.seen)")
                }
            }
        }
    }

    @Test func `what a machine lacks is not the message's fault`() {
        for code in [ProcessError.Code.exhausted] {
            let failure = ProcessHarness.failure(of: ProcessError(code, "cannot make a pipe"), program: "/bin/x")
            #expect(failure.kind == .machine && failure.message.contains("cannot make a pipe"))
        }
        #expect(
            ProcessHarness.failure(of: ProcessError(.executableNotFound, "x"), program: "x").kind == .missingProgram)
    }
}
