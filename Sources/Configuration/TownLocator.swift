import Files

/// Finds towns and names them.
public enum TownLocator {
    /// The town's folder, absolute and without links (W57).
    ///
    /// With `path` that folder alone counts. Without it the folder that an agent's turn names, else the nearest folder
    /// with a `tinytown.toml` from `folder` upwards. The search ends at the root of a repository, at the user's home and
    /// at the border of a file system.
    /// - Throws: `notInitialized` with what to do; `unsafe` if somebody else may have written the town.
    public static func find(path: String?, environment: [String: String], folder: String) throws(ConfigurationError)
        -> String
    {
        let root = try locate(path: path, environment: environment, folder: folder)
        try checkOwners(of: root, environment: environment)
        return root
    }

    /// - Throws: `unsafe` if the town in `root` belongs to another user, or if another user can write it, unless the
    ///   user's own configuration says that this is fine.
    public static func checkOwners(of root: String, environment: [String: String]) throws(ConfigurationError) {
        guard let problem = TownOwnership.problem(root: root) else { return }
        let home = GlobalConfiguration.home(environment)
        let exceptions = (try? GlobalConfiguration.load(home: home))?.safeFolders ?? []
        guard TownOwnership.problem(root: root, exceptions: exceptions) != nil else { return }
        throw ConfigurationError(
            .unsafe,
            "\(problem), so tt does not use the town. Give the folder to yourself alone (chown, chmod go-w), or, if you "
                + "trust everybody who can write it, run: tt config safe_folders '\(root)'")
    }

    private static func locate(path: String?, environment: [String: String], folder: String) throws(ConfigurationError)
        -> String
    {
        if let path { return try named(path, folder: folder, by: nil) }
        // A wrong name is an error here as well: another town would be the wrong one.
        if let path = environment["TINYTOWN_TOWN"], !path.isEmpty {
            return try named(path, folder: folder, by: "TINYTOWN_TOWN")
        }
        return try search(environment, folder)
    }

    /// The town in the folder that somebody named.
    private static func named(_ path: String, folder: String, by variable: String?) throws(ConfigurationError) -> String
    {
        let said = variable.map { "\($0) names \(path), but " } ?? ""
        let remedy = variable.map { "set it right, or run: unset \($0)" } ?? "make one with: tt --town \(path) init"
        let absolute = path.hasPrefix("/") ? path : folder + "/" + path
        guard let root = try? Files.canonical(absolute) else {
            throw ConfigurationError(
                .notInitialized, "\(said)there is no folder \(path)" + (variable == nil ? "" : "; \(remedy)"))
        }
        guard Files.exists(root + "/" + TownConfiguration.fileName) else {
            throw ConfigurationError(.notInitialized, "\(said)\(root) is not a town; \(remedy)")
        }
        return root
    }

    private static func search(_ environment: [String: String], _ folder: String) throws(ConfigurationError) -> String {
        let home = environment["HOME"].flatMap { try? Files.canonical($0) }
        var candidate = (try? Files.canonical(folder)) ?? folder
        let device = Files.ownership(candidate)?.device
        while true {
            if Files.exists(candidate + "/" + TownConfiguration.fileName) { return candidate }
            guard candidate != "/", candidate != ".", candidate != home, !Files.exists(candidate + "/.git") else {
                break
            }
            let parent = Files.parent(of: candidate)
            guard Files.ownership(parent)?.device == device else { break }
            candidate = parent
        }
        throw ConfigurationError(
            .notInitialized,
            "\(folder) is not in a town; create one with: tt init, or choose one with --town PATH")
    }

    /// The name for a new town in `root`: repository and branch where it is in a git working tree, else the folder's.
    ///
    /// Read from git's files, so that git need not be installed; a detached head is named by its first seven digits.
    public static func suggestedName(for root: String) -> String {
        var folder = root
        while true {
            let marker = folder + "/.git"
            if Files.exists(marker) {
                let repository = Files.name(of: folder)
                guard let branch = branch(marker: marker, folder: folder) else {
                    return TownName.sanitized(repository)
                }
                return TownName.sanitized(repository + "-" + branch.split(separator: "/").joined(separator: "-"))
            }
            guard folder != "/", folder != "." else { break }
            folder = Files.parent(of: folder)
        }
        return TownName.sanitized(Files.name(of: root))
    }

    private static func branch(marker: String, folder: String) -> String? {
        var gitFolder = marker
        // In a worktree `.git` is a file that says where its git folder is.
        if !Files.isFolder(marker), let text = try? Files.text(marker, limit: Files.Limit.short),
            text.hasPrefix("gitdir:")
        {
            let path = String(text.dropFirst(7)).trimmingWhitespace
            gitFolder = path.hasPrefix("/") ? path : folder + "/" + path
        }
        guard let head = try? Files.text(gitFolder + "/HEAD", limit: Files.Limit.short)?.trimmingWhitespace,
            !head.isEmpty
        else { return nil }
        if head.hasPrefix("ref: refs/heads/") { return String(head.dropFirst(16)) }
        return String(head.prefix(7))
    }
}

extension String {
    fileprivate var trimmingWhitespace: String {
        var view = Substring(self)
        while view.first?.isWhitespace == true { view.removeFirst() }
        while view.last?.isWhitespace == true { view.removeLast() }
        return String(view)
    }
}
