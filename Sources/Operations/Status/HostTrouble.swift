import Configuration
import Files
public import Model

/// Why no background host runs although nobody stopped it: the last ones died soon after they had begun. Written down by
/// the guardian of this machine.
public struct HostTrouble: Codable, Sendable, Equatable {
    /// Hosts that died in a row.
    public var deaths: Int
    /// How the last one ended: `signal 9`, `exit code 5`.
    public var reason: String
    public var at: Timestamp
    /// When it is started again; null if it is not.
    @OrNull public var nextTry: Timestamp?

    enum CodingKeys: String, CodingKey {
        case deaths, reason, at
        case nextTry = "next_try"
    }

    /// What is known of a town; nil if nothing is amiss.
    public static func read(_ town: OpenTown) -> HostTrouble? {
        let note = (try? TownFiles(root: town.root).hostTrouble.text(limit: Files.Limit.short)) ?? nil
        return note.flatMap { HostTrouble($0) }
    }

    /// Reads the note: `deaths 3`, `end signal 9`, `at 1764210000`, `next 1764210060`, a line each.
    public init?(_ note: String) {
        var lines: [Substring: [Substring]] = [:]
        for line in note.split(whereSeparator: \.isNewline) {
            let words = line.split(separator: " ")
            guard let first = words.first else { continue }
            lines[first] = Array(words.dropFirst())
        }
        guard let deaths = lines["deaths"]?.first.flatMap({ Figure.int($0, in: Figure.counts) }),
            let end = lines["end"], end.count == 2, let at = Self.time(lines["at"])
        else { return nil }
        self.deaths = deaths
        self.at = at
        nextTry = Self.time(lines["next"])
        reason =
            switch end[0] {
            case "exit": "exit code \(end[1])"
            case "signal": "signal \(end[1])"
            case "start": "it cannot be started"
            default: "killed, or it crashed"
            }
    }

    private static func time(_ words: [Substring]?) -> Timestamp? {
        guard let seconds = words?.first.flatMap({ Double($0) }), seconds > 0 else { return nil }
        return Timestamp(outsideSeconds: seconds)
    }

    /// One sentence without a full stop.
    public func sentence(now: Timestamp) -> String {
        let times = deaths == 1 ? "the host died" : "the host died \(deaths) times in a row"
        guard let nextTry else { return "\(times) (\(reason)) and is not started again" }
        let seconds = max(0, Figure.int((nextTry - now).inSeconds.rounded(), in: Figure.counts))
        return "\(times) (\(reason)) and is started again in \(seconds) s"
    }
}
