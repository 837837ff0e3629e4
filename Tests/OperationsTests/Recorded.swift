import FoundationEssentials
import Testing

/// Texts that are promises to programs, kept in `Tests/Fixtures`.
enum Recorded {
    /// Expects `text` to be what the file holds. With `RECORD=1` in the environment it is written there instead.
    static func expect(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let file = "/\(folder)/Fixtures/\(name)"
        if ProcessInfo.processInfo.environment["RECORD"] == "1" {
            try text.write(toFile: file, atomically: true, encoding: .utf8)
        }
        let kept = try String(contentsOfFile: file, encoding: .utf8)
        guard kept != text else { return }
        let (old, new) = (lines(of: kept), lines(of: text))
        let place = zip(old, new).prefix { $0 == $1 }.count
        func around(_ lines: [Substring]) -> String {
            lines.dropFirst(max(0, place - 3)).prefix(8).joined(separator: "\n")
        }
        Issue.record(
            """
            \(name) differs from line \(place + 1) on; record it with RECORD=1 if that is meant. It was:
            \(around(old))
            and is now:
            \(around(new))
            """, sourceLocation: sourceLocation)
    }

    private static func lines(of text: String) -> [Substring] {
        text.split(separator: "\n", omittingEmptySubsequences: false)
    }
}
