#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension Files {
    /// What something in the file system is.
    public enum Kind: Sendable, Equatable {
        case file, folder, link
        /// A pipe, a socket or a device.
        case special

        /// With its article, for sentences.
        public var phrase: String {
            switch self {
            case .file: "a file"
            case .folder: "a folder"
            case .link: "a symbolic link"
            case .special: "a pipe, a socket or a device"
            }
        }
    }

    /// Who owns something, and who may write it. Links are not followed.
    public struct Ownership: Sendable, Equatable {
        public var kind: Kind
        public var owner: UInt32
        public var group: UInt32
        /// The permission bits.
        public var mode: UInt16
        /// Device and number, as `device:number`: the same for the same thing under another name.
        public var place: String
        /// The file system that it is on.
        public var device: UInt64
    }

    /// Nil if there is nothing of that name.
    public static func ownership(_ path: String) -> Ownership? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        let kind: Kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            case S_IFLNK: .link
            default: .special
            }
        return Ownership(
            kind: kind, owner: status.st_uid, group: status.st_gid, mode: UInt16(status.st_mode & 0o7777),
            place: "\(status.st_dev):\(status.st_ino)", device: UInt64(truncatingIfNeeded: status.st_dev))
    }

    /// Whether this user is the only member of a group, as with the group of one's own that many systems give each user.
    public static func isPrivateGroup(_ group: UInt32) -> Bool {
        guard let me = getpwuid(geteuid()), me.pointee.pw_gid == group else { return false }
        let name = String(cString: me.pointee.pw_name)
        guard let entry = getgrgid(group), String(cString: entry.pointee.gr_name) == name else { return false }
        var member = entry.pointee.gr_mem
        while let list = member, let text = list.pointee {
            if String(cString: text) != name { return false }
            member = list + 1
        }
        return true
    }

    /// A user's name, or their number.
    public static func userName(_ user: UInt32) -> String {
        getpwuid(user).map { String(cString: $0.pointee.pw_name) } ?? "user \(user)"
    }

    /// A group's name, or its number.
    public static func groupName(_ group: UInt32) -> String {
        getgrgid(group).map { String(cString: $0.pointee.gr_name) } ?? String(group)
    }
}
