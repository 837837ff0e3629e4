#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where the sockets of a folder are.
enum BellFolder {
    /// The folder that holds the sockets: the one asked for, except where its path is too long for the system.
    static func socketFolder(for folder: String) -> String {
        #if os(Linux)
            return folder
        #else
            // A socket's path may have 103 bytes there, and there is no way around it; all parties derive the same.
            guard folder.utf8.count > 50 else { return folder }
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            for byte in folder.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            return "/tmp/bells-\(getuid())-\(String(hash, radix: 36))"
        #endif
    }

    /// Creates the folder, and those above it, for the owner only; what exists is left as it is.
    static func create(_ folder: String) throws(DoorbellError) {
        if mkdir(folder, 0o700) == 0 { return }
        let number = errno
        if number == EEXIST { return }
        guard number == ENOENT, let slash = folder.lastIndex(of: "/"), slash != folder.startIndex else {
            throw DoorbellError(.folder, "\(folder) cannot be created", number: number)
        }
        try create(String(folder[..<slash]))
        if mkdir(folder, 0o700) != 0, errno != EEXIST {
            throw DoorbellError(.folder, "\(folder) cannot be created", number: errno)
        }
    }
}
