/// Lists of folders, as in `PATH`.
public enum KnownPath {
    /// `path`, and after it what only `more` has.
    public static func joined(_ path: String, _ more: String?) -> String {
        var folders = path.split(separator: ":")
        for folder in (more ?? "").split(separator: ":") where folder.hasPrefix("/") && !folders.contains(folder) {
            folders.append(folder)
        }
        return folders.joined(separator: ":")
    }
}
