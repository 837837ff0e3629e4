import Cryptography
import Files

/// What tells the state folder of a town from one that came with a repository, a backup or an archive: a random text in
/// `.tt/id` that the user's own list of trusted towns repeats.
struct StateIdentity: Sendable, Equatable {
    /// 32 hexadecimal digits; nil if the folder has no valid one.
    var id: String?
    /// Device and number of the folder: they stay when it is renamed, and differ in a copy. Nil if there is no folder.
    var place: String?
    /// Whether the folder holds anything that tt would believe.
    var hasState: Bool

    /// What may be in a folder that was never used.
    private static let harmless: Set<String> = [".gitignore", "init.lock", "logs", "turns"]

    /// Looks at a town's state folder. Follows no link.
    init(_ files: TownFiles) {
        let status = Files.ownership(files.state)
        guard let status, status.kind == .folder else {
            // Anything else under this name is refused by the check of owners.
            (id, place, hasState) = (nil, nil, status != nil)
            return
        }
        place = status.place
        hasState = Files.names(in: files.state).contains { !Self.harmless.contains($0) }
        // A link or another user's file is no identity.
        id = (try? files.file("id").text(limit: Files.Limit.short))?.flatMap { text in
            let word = text.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
            return word.utf8.count == 32 && word.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
                ? word : nil
        }
    }

    /// Gives the state folder an identity, which is made if need be.
    /// - Returns: what there is afterwards.
    static func make(_ files: TownFiles) throws -> StateIdentity {
        try files.prepare()
        var identity = StateIdentity(files)
        if identity.id == nil {
            try files.file("id").write(Hex.text(SecureRandom.bytes(16)) + "\n")
            identity = StateIdentity(files)
        }
        return identity
    }
}
