import CShims

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension SafePath {
    /// The whole text of the file, bytes that are not UTF-8 replaced; nil where there is no such file.
    public func text(limit: Int = Files.Limit.standard) throws(FileError) -> String? {
        try bytes(limit: limit).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The whole content of the file; nil where there is none.
    /// - Throws: `FileError` with `larger` for one of more than `limit` bytes.
    public func bytes(limit: Int = Files.Limit.standard) throws(FileError) -> [UInt8]? {
        guard let descriptor = try open(.read) else { return nil }
        defer { _ = close(descriptor) }
        return try Files.content(of: descriptor, path: path, limit: limit)
    }

    /// The last bytes of the file, up to `count`; empty if there is no such file.
    public func tail(_ count: Int) throws(FileError) -> [UInt8] {
        guard let descriptor = try open(.read) else { return [] }
        defer { _ = close(descriptor) }
        let end = lseek(descriptor, 0, SEEK_END)
        _ = lseek(descriptor, max(0, end - off_t(count)), SEEK_SET)
        var bytes = [UInt8](repeating: 0, count: Int(min(off_t(count), max(0, end))))
        var done = 0
        while done < bytes.count {
            let read = bytes.withUnsafeMutableBytes { readBytes(descriptor, $0.baseAddress! + done, $0.count - done) }
            if read == 0 { break }
            if read > 0 { done += read } else if errno != EINTR { throw FileError("read", path) }
        }
        return Array(bytes[..<done])
    }

    /// Whether there is anything of this name, be it a link that leads nowhere.
    public var exists: Bool {
        var status = stat()
        return look(&status)
    }

    /// The length of the file; nil where there is nothing of this name.
    public var size: Int64? {
        var status = stat()
        return look(&status) ? Int64(status.st_size) : nil
    }

    /// The permissions; nil where there is nothing of this name.
    public var mode: UInt16? {
        var status = stat()
        return look(&status) ? UInt16(status.st_mode & 0o777) : nil
    }

    /// The names in the folder, sorted, without `.` and `..`; empty where there is no such folder.
    public var names: [String] {
        let top = shim_open_root(root)
        guard top >= 0 else { return [] }
        defer { _ = close(top) }
        let folder = shim_list_beneath(top, relative)
        guard folder >= 0 else { return [] }
        guard let handle = fdopendir(folder) else {
            _ = close(folder)
            return []
        }
        defer { closedir(handle) }
        return Files.names(of: handle).sorted()
    }

    /// Checks what has this name without opening it; a missing file is fine. For files that a library opens by name.
    /// - Throws: `FileError` for a link, for what is no file, for one with other names or of another user.
    public func check() throws(FileError) {
        guard let folder = try openParent("open") else { return }
        defer { _ = close(folder) }
        var status = stat()
        guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
        if let refusal = Self.refusal(of: status, in: folder) { throw FileError(refusal, path) }
    }

    /// Checks the names that stand beside this one, opening nothing; missing ones are fine.
    public func check(siblings names: [String]) throws(FileError) {
        guard let folder = try openParent("open") else { return }
        defer { _ = close(folder) }
        for name in names {
            var status = stat()
            guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            if let refusal = Self.refusal(of: status, in: folder) { throw FileError(refusal, sibling(name).path) }
        }
    }
}
