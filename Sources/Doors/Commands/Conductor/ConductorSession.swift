import Configuration
import Files

/// The session of the town's conductor with its CLI, which is continued when it starts again.
struct ConductorSession {
    let id: String
    /// Claude Code has written something under this id.
    let isKnown: Bool

    /// - Parameter fresh: starts a new session.
    init(_ files: TownFiles, environment: [String: String], fresh: Bool, new: String) throws {
        let file = files.file("conductor_session")
        let kept =
            fresh
            ? nil
            : try file.text(limit: Files.Limit.short)?.split(whereSeparator: \.isWhitespace).first.map(String.init)
        id = kept ?? new
        let home = environment["CLAUDE_CONFIG_DIR"] ?? (environment["HOME"] ?? "") + "/.claude"
        let folder = String(files.root.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
        isKnown = kept != nil && Files.exists("\(home)/projects/\(folder)/\(id).jsonl")
        if kept == nil { try file.write(id + "\n") }
    }
}
