#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file that could not be used.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Why a file is refused although the system would open it.
    public enum Refusal: Sendable, Equatable {
        case symbolicLink
        /// It has other names, which may belong to a file of somebody else.
        case hardLink
        /// A pipe, a device, a socket or a folder, where a file belongs.
        case kind(String)
        case owner(UInt32)
        case larger(than: Int)
        /// Its name, or that of a folder above it, is not UTF-8.
        case name
    }

    public var path: String
    /// The system's error number.
    public var number: Int32
    /// Nil for what the system refused.
    public var refusal: Refusal?
    private var doing: String

    init(_ doing: String, _ path: String) { self.init(path: path, number: errno, doing: doing) }

    init(path: String, number: Int32, doing: String, refusal: Refusal? = nil) {
        self.path = path
        self.number = number
        self.doing = doing
        self.refusal = refusal
    }

    init(_ refusal: Refusal, _ path: String) {
        let number: Int32 =
            switch refusal {
            case .symbolicLink: ELOOP
            case .hardLink: EMLINK
            case .kind: EINVAL
            case .owner: EPERM
            case .larger: EFBIG
            case .name: EILSEQ
            }
        self.init(path: path, number: number, doing: "use", refusal: refusal)
    }

    public var isDiskFull: Bool { number == ENOSPC || number == EDQUOT }

    /// Whether the machine lacks what it takes: descriptors, memory or room on the disk. Later it may have it.
    public var isExhausted: Bool { isDiskFull || number == EMFILE || number == ENFILE || number == ENOMEM }

    /// What to do where the file system itself cannot do what a town needs; empty where it can.
    public static func wayOut(_ number: Int32) -> String {
        switch number {
        case ENOLCK, EOPNOTSUPP, ENOTSUP, ENOSYS:
            ", so this file system has no locks or no sockets, which a town needs: keep the town on a local disk (ext4, "
                + "xfs, btrfs, tmpfs), and the files that its agents work on where they are"
        default: ""
        }
    }

    /// Whether what is there may have been put there to do harm: a link, a pipe or another user's file.
    public var isUnsafe: Bool {
        switch refusal {
        case nil, .larger, .name: false
        default: true
        }
    }

    public var description: String {
        switch refusal {
        case nil: "cannot \(doing) \(path): \(String(cString: strerror(number)))\(Self.wayOut(number))"
        case .symbolicLink:
            "\(path) is a symbolic link, and tt does not follow links here; remove it: rm \(Self.quoted(path))"
        case .hardLink:
            "\(path) is a hard link: the file has other names, and tt would change it under all of them; "
                + "remove this one: rm \(Self.quoted(path))"
        case .kind(let kind): "\(path) is \(kind), and tt needs a regular file there; remove it or rename it"
        case .owner(let user):
            "\(path) belongs to user \(user), and tt runs as user \(geteuid()); "
                + "remove it, or make it yours: sudo chown \(geteuid()) \(Self.quoted(path))"
        case .name: "the name of \(path) is not UTF-8, so tt cannot name it; rename the folder, or use another one"
        case .larger(let limit): "\(path) is larger than \(Self.shown(limit)), which is more than tt reads of it"
        }
    }

    /// A path as a shell takes it.
    private static func quoted(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy { byte in
            byte >= 0x61 && byte <= 0x7A || byte >= 0x41 && byte <= 0x5A || byte >= 0x30 && byte <= 0x39
                || "/._-+@:,".utf8.contains(byte)
        }
        if isPlain { return path }
        return "'" + path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    private static func shown(_ bytes: Int) -> String {
        if bytes >= 1 << 20 { return "\(bytes >> 20) MiB" }
        return bytes >= 1 << 10 ? "\(bytes >> 10) KiB" : "\(bytes) bytes"
    }
}
