import Model

/// What the name of a key says, of those that begin with `tt:`.
enum OldKey: Equatable {
    /// A record from before keys held a town's name.
    case record(OldRecord.Kind, id: String)
    /// A key of a town, which belongs to nobody else.
    case town(String)
    /// Neither.
    case other

    /// Only `tt:backlog`, and `tt:KIND:ID` with the id of an agent or a task, are old records: a town may be named
    /// `agent` or `task`, and none of its keys looks so (W59).
    init(_ key: String) {
        let parts = key.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.first == "tt", parts.count >= 2 else {
            self = .other
            return
        }
        if parts.count == 2 {
            self = parts[1] == "backlog" ? .record(.backlog, id: "") : .other
        } else if parts.count == 3, let kind = OldRecord.Kind(rawValue: parts[1]), kind != .backlog,
            parts[2].utf8.count == 36, let id = AgentID(parts[2]), id.description == parts[2]
        {
            self = .record(kind, id: parts[2])
        } else {
            self = Self.words.contains(parts[2]) ? .town(parts[1]) : .other
        }
    }

    // What stands behind a town's name in Tinytown's keys and in ours.
    private static let words: Set<String> = [
        "agent", "task", "inbox", "urgent", "activity", "stop", "backlog", "events", "mission", "docket", "meta", "log",
    ]

    /// Types that records of a kind may have, as the server names them.
    static func types(of kind: OldRecord.Kind) -> [String] {
        switch kind {
        case .agent, .task: ["hash", "string"]
        case .backlog, .urgent, .inbox, .activity: ["list"]
        case .stop: ["string"]
        }
    }
}
