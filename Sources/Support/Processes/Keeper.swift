#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A small process between this one and a child. It adopts everything that the child starts, also what has a session of
/// its own, no parent left and an empty environment, and stays until none of it is left.
///
/// It is found by its name in the process table, which nobody but itself can change: so a later program can end what
/// this one left behind. Linux only; elsewhere a child is started without a keeper.
public struct Keeper: Sendable, Hashable {
    /// What the child is for, such as the id of a turn. Two keepers at once have different purposes.
    public let purpose: String
    /// How many processes the child may have at once, itself included; nil for no limit.
    ///
    /// A control group holds it exactly. Without one, the limit of the user's processes holds it roughly, and for root
    /// nothing does.
    public var processLimit: Int?
    /// Whether the child gets a control group of its own, if this user may make one.
    public var usesControlGroup: Bool

    public init(_ purpose: String, processLimit: Int? = nil, usesControlGroup: Bool = true) {
        self.purpose = purpose
        self.processLimit = processLimit
        self.usesControlGroup = usesControlGroup
    }

    /// The name in the process table: 15 bytes, which is all that the kernel keeps.
    var name: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in purpose.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = Array("0123456789abcdefghjkmnpqrstvwxyz")
        return "tt-" + String((0..<12).map { digits[Int(hash >> UInt64(4 + 5 * $0) & 31)] })
    }

    /// Whether a process calls itself as keepers do.
    static func isName(_ name: String) -> Bool { name.hasPrefix("tt-") && name.utf8.count == 15 }

    /// The name of its control group.
    var groupName: String {
        "tinytown-" + purpose.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    }

    /// RLIMIT_NPROC for the child, 0 for none. It counts all processes and threads of the user, so it takes those that
    /// there are, and some for what else the user starts meanwhile. The kernel exempts root.
    var userLimit: UInt64 {
        guard let processLimit, getuid() != 0 else { return 0 }
        return UInt64(max(processLimit, 1)) + UInt64(ProcessRow.threads(of: getuid())) + 1024
    }

    /// The keepers of this purpose that live, in one reading of the process table.
    func processes(in rows: [ProcessRow]) -> [ProcessIdentity] {
        let named = rows.filter { $0.name == name && !$0.hasEnded && $0.pid > 1 && $0.pid != getpid() }
        let numbers = Set(named.map(\.pid))
        // The child itself has the name until it runs its program.
        return named.filter { !numbers.contains($0.parent) }.map(\.identity)
    }
}
