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
    /// The machine's name and its present boot. Process ids mean something only within it: after a restart, every host
    /// of before is dead, whatever process has its number now.
    public static var identity: String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let boot = (try? Files.text("/proc/sys/kernel/random/boot_id")) ?? nil
        return host + "/" + (boot?.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? "boot")
    }

    /// Cores that work may use.
    public static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// This process as a host, not yet announced.
    public static func host(random: any Randomness, now: Timestamp, isForeground: Bool) -> Host {
        Host(
            id: HostID(random: random), machine: identity, process: ProcessIdentity.current.description,
            startedAt: now, expiresAt: now, isForeground: isForeground)
    }

    /// Whether the process behind a host runs; nil for a host of another machine.
    public static func isAlive(_ host: Host) -> Bool? {
        guard let here = host.machine.split(separator: "/").first, here == identity.split(separator: "/").first else {
            return nil
        }
        // The same machine before its last start.
        guard host.machine == identity else { return false }
        return ProcessIdentity(host.process)?.isAlive ?? false
    }
}
