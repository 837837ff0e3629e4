import CShims

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension SafePath {
    /// Writes the file so that after a crash it has either its old content or its new content, whole.
    ///
    /// The new content comes under a name of its own and then takes the place of the old, so that no other name of an
    /// existing file shows it.
    public func write(_ text: String, mode: UInt16 = 0o600) throws(FileError) {
        try replace(mode: mode) { descriptor throws(FileError) in
            var text = text
            let failure = text.withUTF8 { bytes -> FileError? in
                do throws(FileError) { try Files.write(UnsafeRawBufferPointer(bytes), to: descriptor, path) } catch {
                    return error
                }
                return nil
            }
            if let failure { throw failure }
        }
    }

    /// Makes this file a copy of another one; where there is no such file, nothing happens.
    /// - Returns: whether there was one.
    public func copy(of other: SafePath) throws(FileError) -> Bool {
        guard let source = try other.open(.read) else { return false }
        defer { _ = close(source) }
        try replace(mode: 0o600) { descriptor throws(FileError) in
            var chunk = [UInt8](repeating: 0, count: 256 * 1024)
            while true {
                let count = chunk.withUnsafeMutableBytes { readBytes(source, $0.baseAddress!, $0.count) }
                if count == 0 { return }
                guard count > 0 else {
                    if errno == EINTR { continue }
                    throw FileError("read", other.path)
                }
                let failure = chunk.withUnsafeBytes { bytes -> FileError? in
                    let part = UnsafeRawBufferPointer(rebasing: bytes[..<count])
                    do throws(FileError) { try Files.write(part, to: descriptor, path) } catch { return error }
                    return nil
                }
                if let failure { throw failure }
            }
        }
        return true
    }

    private func replace(mode: UInt16, _ fill: (Int32) throws(FileError) -> Void) throws(FileError) {
        guard let folder = try openParent("write") else {
            throw FileError(path: path, number: ENOENT, doing: "write")
        }
        defer { _ = close(folder) }
        var status = stat()
        // Taking the place of a link would do no harm, but its author would never know.
        if fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT != S_IFREG {
            throw FileError(Self.kind(status), path)
        }
        let partial = ".\(name.prefix(60)).\(String(UInt64.random(in: .min ... .max), radix: 36))"
        let descriptor = shim_walk_beneath(folder, partial, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else { throw FileError(path: path, number: -descriptor, doing: "write") }
        do throws(FileError) {
            defer { _ = close(descriptor) }
            try fill(descriptor)
            guard fchmod(descriptor, mode_t(mode)) == 0, fsync(descriptor) == 0 else { throw FileError("write", path) }
            guard renameat(folder, partial, folder, name) == 0 else { throw FileError("write", path) }
        } catch {
            unlinkat(folder, partial, 0)
            throw error
        }
        shim_sync_folder(folder)
    }

    /// Makes the folder and those above it as far as `root`, which has to exist. What exists keeps its mode.
    /// - Throws: `FileError` where one of them is a link, no folder, or another user's.
    public func makeFolder(mode: UInt16 = 0o700) throws(FileError) {
        var current = shim_open_root(root)
        guard current >= 0 else { throw FileError(path: root, number: -current, doing: "make a folder in") }
        let top = current
        defer { _ = close(top) }
        defer { if current != top { _ = close(current) } }
        var walked = root
        for part in relative.split(separator: "/", omittingEmptySubsequences: false).map(String.init) {
            walked += "/" + part
            guard !["", ".", ".."].contains(part) else {
                throw FileError(path: walked, number: EINVAL, doing: "make the folder")
            }
            var next = shim_open_folder_beneath(current, part)
            if -next == ENOENT {
                guard mkdirat(current, part, mode_t(mode)) == 0 || errno == EEXIST else {
                    throw FileError("make the folder", walked)
                }
                next = shim_open_folder_beneath(current, part)
            }
            guard next >= 0 else { throw SafePath(path: walked).refusal(of: -next, "make the folder") }
            if current != top { _ = close(current) }
            current = next
            var status = stat()
            if fstat(current, &status) == 0, !Self.isTrusted(status.st_uid, in: top) {
                throw FileError(.owner(status.st_uid), walked)
            }
        }
    }

    /// Makes the folder that the path is in, as `makeFolder`; `root` itself has to exist.
    public func makeFolderAround() throws(FileError) {
        guard let slash = relative.lastIndex(of: "/") else { return }
        try SafePath(String(relative[..<slash]), in: root).makeFolder()
    }

    /// Takes the right to write away from everybody but the owner, where this user is the owner.
    public func closeToOthers() {
        let top = shim_open_root(root)
        guard top >= 0 else { return }
        defer { _ = close(top) }
        let opened = shim_open_beneath(top, relative, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0)
        guard opened >= 0 else { return }
        defer { _ = close(opened) }
        var status = stat()
        guard fstat(opened, &status) == 0, status.st_uid == geteuid(), status.st_mode & 0o022 != 0 else { return }
        fchmod(opened, status.st_mode & 0o7755)
    }

    /// Removes the file, or the folder with all that is in it; links are removed, never followed.
    public func remove() {
        guard let folder = try? openParent("remove") else { return }
        defer { _ = close(folder) }
        Self.remove(Array(name.utf8CString), in: folder)
    }

    /// - Parameter name: ends with a zero.
    private static func remove(_ name: [CChar], in folder: Int32) {
        var status = stat()
        guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            unlinkat(folder, name, 0)
            return
        }
        let inner = shim_walk_beneath(folder, name, O_RDONLY | O_DIRECTORY, 0)
        if inner >= 0 {
            if let handle = fdopendir(inner) {
                // All names first: a listing that changes while it is read may leave some out.
                for name in Files.rawNames(of: handle) { remove(name, in: inner) }
                closedir(handle)
            } else {
                _ = close(inner)
            }
        }
        unlinkat(folder, name, AT_REMOVEDIR)
    }

    /// Gives the file another name in its folder, in place of what has that name.
    public func rename(to new: String) throws(FileError) {
        guard let folder = try openParent("rename") else {
            throw FileError(path: path, number: ENOENT, doing: "rename")
        }
        defer { _ = close(folder) }
        guard renameat(folder, name, folder, new) == 0 else { throw FileError("rename", path) }
    }

    /// Runs `body` while no other process runs one under the same lock file. Waits for its turn.
    public func locked<Result>(_ body: () throws -> Result) throws -> Result {
        guard let descriptor = try open(.update) else { throw FileError(path: path, number: ENOENT, doing: "lock") }
        defer { _ = close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw FileError("lock", path) }
        }
        return try body()
    }
}
