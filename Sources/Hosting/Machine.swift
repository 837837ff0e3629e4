import Files
public import Model
import Processes

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// This machine, as hosts name it.
public enum Machine {
    /// The machine's name, its present boot and its table of processes. Process ids mean something only within all
    /// three: after a restart every earlier host is dead, whatever process has its number now, and two containers of
    /// one machine, or two machines of one name, may each have a process of that number.
    public static var identity: String { "\(name)/\(boot)/\(processTable)" }

    /// The machine's name, as other machines may know it too.
    public static var name: String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.split(separator: "/").first.map(String.init) ?? "localhost"
    }

    private static let boot: String = {
        #if canImport(Darwin)
            var uuid = [CChar](repeating: 0, count: 64)
            var length = uuid.count - 1
            guard sysctlbyname("kern.bootsessionuuid", &uuid, &length, nil, 0) == 0 else { return "boot" }
            return String(decoding: uuid.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        #else
            let boot = (try? Files.text("/proc/sys/kernel/random/boot_id")) ?? nil
            return boot?.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? "boot"
        #endif
    }()

    // A container has a table of its own.
    private static let processTable: String = {
        var target = [CChar](repeating: 0, count: 64)
        guard readlink("/proc/self/ns/pid", &target, target.count - 1) > 0 else { return "all" }
        let text = target.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: text.filter { (48...57).contains($0) }, as: UTF8.self)
    }()

    /// The memory that work may use, in bytes: the machine's, or less where this process is in a container with a limit.
    public static var memory: Int {
        let pages = sysconf(Int32(_SC_PHYS_PAGES))
        let size = sysconf(Int32(_SC_PAGESIZE))
        let (all, isTooMuch) = pages.multipliedReportingOverflow(by: size)
        let whole = isTooMuch || pages <= 0 || size <= 0 ? 4 << 30 : all
        let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"].compactMap { path in
            ((try? Files.text(path)) ?? nil).flatMap { Int($0.filter { !$0.isWhitespace }) }
        }
        return min(whole, limits.filter { $0 > 0 }.min() ?? whole)
    }

    /// This process as a host, not yet announced.
    public static func host(random: any Randomness, now: Timestamp, isForeground: Bool) -> Host {
        Host(
            id: HostID(random: random), machine: identity, process: ProcessIdentity.current.description,
            startedAt: now, expiresAt: now, isForeground: isForeground)
    }

    /// Whether the process behind a host runs; nil where only its expiry can tell, because it may be a process of
    /// another machine: that one's process ids are never looked for here.
    public static func isAlive(_ host: Host) -> Bool? {
        isAlive(host, here: identity, now: SystemTime().now())
    }

    /// - Parameter here: the identity of this machine.
    static func isAlive(_ host: Host, here: String, now: Timestamp) -> Bool? {
        // Two words are of a version that did not tell containers apart.
        let (there, here) = (host.machine.split(separator: "/"), here.split(separator: "/"))
        let isSameTable = there.dropFirst().elementsEqual(here.dropFirst().prefix(there.count - 1)) && there.count > 1
        // Machines that were copied while they ran have everything but the name in common; a machine that was renamed
        // is still the same, but costs no more than the time until its entry runs out.
        if isSameTable, there.first == here.first || !host.isRenewed(at: now) {
            return ProcessIdentity(host.process)?.isRunning ?? false
        }
        // What is never renewed belongs to a store that one machine uses: it was started anew since then.
        return host.isRenewed(at: now) ? nil : false
    }
}
