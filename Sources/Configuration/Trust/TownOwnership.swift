import Files

/// Who may have written a town: its folder, its configuration and its state folder have to belong to this user or to
/// root, and nobody else may be able to write them.
public enum TownOwnership {
    /// What is wrong with a town's folder, as a sentence; nil if nothing is.
    /// - Parameter exceptions: folders that the user declared safe in `$TT_HOME/config.toml`; all below them is safe too.
    public static func problem(root: String, exceptions: [String] = []) -> String? {
        if exceptions.contains(where: { root == $0 || root.hasPrefix($0.hasSuffix("/") ? $0 : $0 + "/") }) {
            return nil
        }
        let files = TownFiles(root: root)
        return problem(with: root, expects: .folder) ?? problem(with: files.configuration, expects: .file)
            ?? problem(with: files.state, expects: .folder)
    }

    /// What is wrong with a file that only this user writes; nil if nothing is, or if it does not exist.
    static func problem(withOwn path: String) -> String? { problem(with: path, expects: nil) }

    private static func problem(with path: String, expects kind: Files.Kind?) -> String? {
        guard let status = Files.ownership(path) else { return nil }
        if let kind, status.kind != kind { return "\(path) is \(status.kind.phrase), not \(kind.phrase)" }
        if status.owner != Files.user, status.owner != 0 {
            return "\(path) belongs to \(Files.userName(status.owner)), not to you"
        }
        // A link is judged by what it leads to only if no kind is expected, and that is for the reader to decide.
        if status.kind == .link { return nil }
        if status.mode & 0o002 != 0 { return "\(path) can be written by every user" }
        if status.mode & 0o020 != 0, !Files.isPrivateGroup(status.group) {
            return "\(path) can be written by the group \(Files.groupName(status.group))"
        }
        return nil
    }
}
