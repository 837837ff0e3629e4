import FoundationEssentials
import Processes
import TestOrder
import TestTown
import Testing

/// Snapshots that somebody else wrote.
@Suite(.timeLimit(.minutes(2)), .serialized, .queued) struct RestoreAttacks {
    /// A town with one agent and one task, saved.
    private static func saved() async throws -> (town: TownOnDisk, file: String) {
        let town = try await TownOnDisk(agents: ["echo": "cat >/dev/null; echo done"])
        try await town.tt("spawn", "worker", "--cli", "echo")
        try await town.tt("assign", "worker", "a thing")
        try await town.event("worker finished turn 1")
        try await town.tt("stop")
        try await town.tt("save")
        return (town, town.root + "/tinytown.snapshot.jsonl")
    }

    /// The file with its lines changed, and a digest that fits: an author of the one can write the other.
    private static func forged(
        _ file: String, _ change: (inout String) throws -> Void
    ) async throws -> String {
        var lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map(String.init)
        var body = lines.dropFirst().map { $0 + "\n" }.joined()
        let before = body
        try change(&body)
        #expect(body != before, "the forgery changes nothing")
        let sum = try await ChildProcess.run(
            Launch("/usr/bin/sha256sum", [], environment: [:], input: .bytes(Array(body.utf8))))
        let digest = String(sum.outputText.prefix(64))
        let mark = try #require(lines[0].firstRange(of: "sha256:"))
        let end = lines[0].index(mark.upperBound, offsetBy: 64)
        lines[0].replaceSubrange(mark.upperBound..<end, with: digest)
        let path = file + ".forged"
        try (lines[0] + "\n" + body).write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private static func refuses(
        _ town: TownOnDisk, _ file: String, because words: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let before = try await town.tt("status", "--json", "--tasks")
        for arguments in [["restore", "--force", "--yes", file], ["restore", "--check", file]] {
            let answer = try await town.answer(arguments)
            #expect(answer.status == .exited(2), "\(answer)", sourceLocation: sourceLocation)
            #expect(answer.errors.contains(words), "\(answer.errors)", sourceLocation: sourceLocation)
            #expect(answer.errors.contains(".forged:"), "the line is named", sourceLocation: sourceLocation)
        }
        func agents(_ text: String) throws -> String? { try JSONValue(text).at(["agents", "0", "name"])?.text }
        let after = try await town.tt("status", "--json", "--tasks")
        #expect(try agents(after) == agents(before), sourceLocation: sourceLocation)
    }

    @Test func `A9: an agent whose name is a path is refused with its line, and nothing is written anywhere`()
        async throws
    {
        let (town, file) = try await Self.saved()
        for name in ["../../../home/pwn", "/tmp/pwn", "..", "-rf", "a\\u0000b", "supervisor"] {
            let forged = try await Self.forged(file) { body in
                body = body.replacing("\"name\":\"worker\"", with: "\"name\":\"\(name)\"")
            }
            try await Self.refuses(town, forged, because: "its name is not allowed")
        }
        try await town.close()
    }

    @Test func `A9: numbers at the end of their range are refused, and the command does not crash`() async throws {
        let (town, file) = try await Self.saved()
        let last = try #require(
            String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").last { $0.contains("\"event\"") })
        for number in ["9223372036854775807", "-1", "4503599627370497"] {
            let forged = try await Self.forged(file) { body in
                let line = try #require(last.firstRange(of: "\"sequence\":"))
                let digits = last[line.upperBound...].prefix(while: \.isNumber)
                body = body.replacing(
                    "\"sequence\":\(digits)", with: "\"sequence\":\(number)")
            }
            try await Self.refuses(town, forged, because: "its number")
        }
        for field in ["rounds_completed", "consecutive_failures", "max_rounds"] {
            let forged = try await Self.forged(file) { body in
                let place = try #require(body.firstRange(of: "\"\(field)\":"))
                let digits = body[place.upperBound...].prefix(while: \.isNumber)
                body.replaceSubrange(place.upperBound..<digits.endIndex, with: "9223372036854775807")
            }
            try await Self.refuses(town, forged, because: "cannot be true")
        }
        try await town.close()
    }

    @Test func `A9: tasks that are parts of each other are refused`() async throws {
        let (town, file) = try await Self.saved()
        let forged = try await Self.forged(file) { body in
            let mark = try #require(body.firstRange(of: "{\"task\":{"))
            let id = try #require(body[mark.upperBound...].firstRange(of: "\"id\":\""))
            let task = body[id.upperBound...].prefix(36)
            body.insert(contentsOf: "\"parent_id\":\"\(task)\",", at: mark.upperBound)
        }
        try await Self.refuses(town, forged, because: "it waits for itself")
        try await town.close()
    }

    @Test func `A9: a command line that comes with a file is shown and runs only after a person's yes`() async throws {
        let (town, file) = try await Self.saved()
        let command = "sh -c 'touch \(town.root)/pwned'"
        let forged = try await Self.forged(file) { body in
            body = body.replacing("\"cli\":\"echo\"", with: "\"cli\":\"\(command)\"")
        }
        let other = try await TownOnDisk(agents: ["echo": "cat >/dev/null"])
        let check = try await other.answer(["restore", "--check", forged])
        #expect(check.status.isSuccess && check.output.contains("Agents are run by: \(command)"))
        #expect(try await other.json(["restore", "--check", forged], "clis", "0") == command)
        let refused = try await other.answer(["restore", forged])
        #expect(refused.status == .exited(7), "\(refused)")
        #expect(refused.errors.contains(command) && refused.errors.contains("--yes"))
        #expect(try await other.json(["list"], "agents", "0", "name") == nil, "nothing was restored")
        // A name that the town itself explains needs no question; a command line after a yes, neither.
        try await other.tt("restore", file)
        let accepted = try await other.answer(["restore", "--force", "--yes", forged])
        #expect(accepted.status.isSuccess, "\(accepted.errors)")
        #expect(!FileManager.default.fileExists(atPath: town.root + "/pwned"))
        try await other.close()
        try await town.close()
    }
}
