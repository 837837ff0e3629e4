#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension Executable {
    /// Why somebody else than this user and root decides what a program is; nil if nobody does.
    ///
    /// The file, what a link to it goes through, and every folder above have to belong to this user or root, and nobody
    /// else may write them. A sticky folder such as `/tmp` is fine for what belongs to this user. Groups of the system
    /// (`staff`, `admin`) and the user's own are the machine's business.
    public static func stranger(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return "\(path) does not exist" }
        defer { free(real) }
        for chain in Set([path, String(cString: real)]) {
            var current = chain
            var isProgram = true
            while true {
                if let reason = reason(current, mayBeSticky: !isProgram) { return reason }
                isProgram = false
                guard let slash = current.lastIndex(of: "/"), current != "/" else { break }
                current = slash == current.startIndex ? "/" : String(current[..<slash])
            }
        }
        return nil
    }

    private static func reason(_ path: String, mayBeSticky: Bool) -> String? {
        var state = stat()
        guard lstat(path, &state) == 0 else { return "\(path) cannot be looked at" }
        guard state.st_uid == 0 || state.st_uid == geteuid() else { return "\(path) belongs to user \(state.st_uid)" }
        // A link's own mode means nothing.
        if state.st_mode & S_IFMT == S_IFLNK || mayBeSticky && state.st_mode & S_ISVTX != 0 { return nil }
        if state.st_mode & 0o002 != 0 { return "others can write \(path)" }
        let isOwnGroup = state.st_gid < 1000 || state.st_gid == getegid()
        return state.st_mode & 0o020 != 0 && !isOwnGroup ? "the group \(state.st_gid) can write \(path)" : nil
    }
}
