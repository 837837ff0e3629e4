#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where programs are.
public enum Executable {
    /// The program that a command name means, or nil.
    ///
    /// A name with a slash is a path, taken relative to `directory`; any other is looked for in `path`, a list of
    /// absolute directories with colons between. Empty and relative entries are passed over, so that a file in the
    /// working directory is never run by accident.
    public static func find(_ name: String, path: String?, directory: String? = nil) -> String? {
        try? resolve(name, path: path, directory: directory)
    }

    /// The absolute path of the running program, also when its file was replaced meanwhile; nil when unknown.
    public static var currentPath: String? {
        #if os(Linux)
            var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
            let count = buffer.withUnsafeMutableBytes { bytes in
                readlink("/proc/self/exe", bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count)
            }
            guard count > 0 else { return nil }
            let path = String(decoding: buffer[..<count], as: UTF8.self)
            let mark = " (deleted)"
            return path.hasSuffix(mark) ? String(path.dropLast(mark.count)) : path
        #else
            var size: UInt32 = 4096
            var buffer = [CChar](repeating: 0, count: Int(size))
            guard _NSGetExecutablePath(&buffer, &size) == 0, let resolved = realpath(buffer, nil) else { return nil }
            defer { free(resolved) }
            return String(cString: resolved)
        #endif
    }

    /// Like `find`, with the reason where nothing is found.
    static func resolve(_ name: String, path: String?, directory: String?) throws(ProcessError) -> String {
        guard !name.isEmpty else { throw ProcessError(.executableNotFound, "the command is empty") }
        if name.contains("/") {
            let candidate = name.hasPrefix("/") ? name : "\(directory ?? currentDirectory)/\(name)"
            switch kind(candidate) {
            case .program: return candidate
            case .other: throw ProcessError(.notExecutable, "\(name) is not an executable file")
            case .missing: throw ProcessError(.executableNotFound, "\(name) does not exist")
            }
        }
        var blocked: String?
        for folder in (path ?? "").split(separator: ":") where folder.hasPrefix("/") {
            let candidate = "\(folder)/\(name)"
            switch kind(candidate) {
            case .program: return candidate
            case .other: blocked = blocked ?? candidate
            case .missing: continue
            }
        }
        if let blocked { throw ProcessError(.notExecutable, "\(blocked) is not an executable file") }
        throw ProcessError(.executableNotFound, "\(name) is not on the PATH")
    }

    private enum Kind { case program, other, missing }

    private static func kind(_ path: String) -> Kind {
        var status = stat()
        guard stat(path, &status) == 0 else { return .missing }
        return status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0 ? .program : .other
    }

    private static var currentDirectory: String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }
}
