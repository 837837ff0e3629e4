import CShims

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file or folder that is reached from a chosen folder without following links.
///
/// `root` is the folder that a person chose, so links in its own path count as usual. From there on each part of
/// `relative` has to be a real folder. A file is used only if it is a regular file with one name that belongs to this
/// user, to root or to the owner of `root`. What came with a cloned repository can then lead neither out of the folder
/// nor to a file that somebody wants changed.
public struct SafePath: Sendable, Hashable, CustomStringConvertible {
    /// The folder from which links are no longer followed.
    public let root: String
    /// The way from there, without `.` and `..`.
    public let relative: String

    public init(_ relative: String, in root: String) {
        self.relative = relative
        self.root = root
    }

    /// A path of which only the last part is guarded, for folders that belong to the user alone.
    public init(path: String) {
        self.init(Files.name(of: path), in: Files.parent(of: path))
    }

    /// A path that is guarded from `root` on, where it is beneath it, and else in its last part.
    public init(path: String, beneath root: String) {
        if path.hasPrefix(root + "/") {
            self.init(String(path.dropFirst(root.count + 1)), in: root)
        } else {
            self.init(path: path)
        }
    }

    public var path: String { root == "/" ? root + relative : root + "/" + relative }
    /// Its last part.
    public var name: String { Files.name(of: relative) }
    public var description: String { path }

    public func appending(_ name: String) -> SafePath { SafePath(relative + "/" + name, in: root) }

    /// One with another name in the same folder.
    public func sibling(_ name: String) -> SafePath {
        guard let slash = relative.lastIndex(of: "/") else { return SafePath(name, in: root) }
        return SafePath(relative[...slash] + name, in: root)
    }

    // MARK: - Opening

    /// What a file is opened for.
    public enum Access: Sendable {
        case read
        /// Writing behind its end; a missing file is made, for its owner alone.
        case append
        /// Reading and writing, with its content as it is; a missing file is made, for its owner alone.
        case update
    }

    /// Opens the file; the caller closes it. A pipe or device never makes this wait. Nothing is cut off before the file
    /// has been looked at.
    /// - Returns: a descriptor above 2, or nil where there is no such file to read.
    public func open(_ access: Access) throws(FileError) -> Int32? {
        let isMade = access != .read
        let top = shim_open_root(root)
        guard top >= 0 else {
            if !isMade, -top == ENOENT || -top == ENOTDIR { return nil }
            throw FileError(path: root, number: -top, doing: "open")
        }
        defer { _ = close(top) }
        let flags =
            switch access {
            case .read: O_RDONLY
            case .append: O_WRONLY | O_CREAT | O_APPEND
            case .update: O_RDWR | O_CREAT
            }
        let opened = shim_open_beneath(top, relative, flags | O_NONBLOCK | O_NOCTTY, 0o600)
        guard opened >= 0 else {
            let error = refusal(of: -opened, isMade ? "write" : "read")
            if !isMade, error.refusal == nil, -opened == ENOENT || -opened == ENOTDIR { return nil }
            throw error
        }
        if let refusal = Self.refusal(of: opened, in: top) {
            _ = close(opened)
            throw FileError(refusal, path)
        }
        shim_let_wait(opened)
        return opened
    }

    /// Whether the name stands for the file that a descriptor has open; nil where there is nothing of that name.
    public func isFile(of descriptor: Int32) -> Bool? {
        var (open, named) = (stat(), stat())
        guard look(&named) else { return nil }
        return fstat(descriptor, &open) == 0 && open.st_ino == named.st_ino && open.st_dev == named.st_dev
    }

    // MARK: - Checks

    /// What is wrong with an open file; `folder` is open too, and its owner is trusted.
    static func refusal(of descriptor: Int32, in folder: Int32, allowsNames: Bool = false) -> FileError.Refusal? {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .kind("nothing that can be looked at") }
        return refusal(of: status, in: folder, allowsNames: allowsNames)
    }

    static func refusal(of status: stat, in folder: Int32, allowsNames: Bool = false) -> FileError.Refusal? {
        guard status.st_mode & S_IFMT == S_IFREG else { return kind(status) }
        // None at all is a file that was replaced a moment ago.
        if status.st_nlink > 1, !allowsNames { return .hardLink }
        return isTrusted(status.st_uid, in: folder) ? nil : .owner(status.st_uid)
    }

    static func isTrusted(_ owner: uid_t, in folder: Int32) -> Bool {
        if owner == geteuid() || owner == 0 { return true }
        var status = stat()
        return fstat(folder, &status) == 0 && status.st_uid == owner
    }

    static func kind(_ status: stat) -> FileError.Refusal {
        switch status.st_mode & S_IFMT {
        case S_IFLNK: .symbolicLink
        case S_IFDIR: .kind("a folder")
        case S_IFIFO: .kind("a named pipe")
        case S_IFSOCK: .kind("a socket")
        default: .kind("a device")
        }
    }

    /// The error for a path that the system did not open: names the part of it that is a link.
    func refusal(of number: Int32, _ doing: String) -> FileError {
        var walked = root
        var status = stat()
        for part in relative.split(separator: "/", omittingEmptySubsequences: false) {
            walked += "/" + part
            guard lstat(walked, &status) == 0 else { break }
            if status.st_mode & S_IFMT == S_IFLNK { return FileError(.symbolicLink, walked) }
        }
        // What the system calls a missing device, an argument that is wrong or a folder is the wrong kind of file.
        if [ENXIO, ENODEV, EISDIR, EOPNOTSUPP].contains(number), walked == path, status.st_mode & S_IFMT != S_IFREG {
            return FileError(Self.kind(status), path)
        }
        return FileError(path: path, number: number, doing: doing)
    }

    /// The status of what has this name, a link not followed; false where there is nothing.
    func look(_ status: inout stat) -> Bool {
        guard let folder = try? openParent("find") else { return false }
        defer { _ = close(folder) }
        return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0
    }

    /// Opens the folder that the path is in; nil where it does not exist.
    func openParent(_ doing: String) throws(FileError) -> Int32? {
        guard !["", ".", ".."].contains(name) else { throw FileError(path: path, number: EINVAL, doing: doing) }
        let top = shim_open_root(root)
        guard top >= 0 else {
            if -top == ENOENT || -top == ENOTDIR { return nil }
            throw FileError(path: root, number: -top, doing: doing)
        }
        guard let slash = relative.lastIndex(of: "/") else { return top }
        defer { _ = close(top) }
        let folder = shim_open_folder_beneath(top, String(relative[..<slash]))
        if folder >= 0 { return folder }
        let error = refusal(of: -folder, doing)
        if error.refusal == nil, -folder == ENOENT || -folder == ENOTDIR { return nil }
        throw error
    }
}
