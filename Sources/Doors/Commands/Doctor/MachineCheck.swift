import Files
import Model
import Terminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What the machine offers, read once; what follows from it is pure.
struct MachineFacts: Equatable {
    var system = "unknown"
    var release = ""
    var freeSpace: Int64?
    /// Descriptors that a process may have, after raising its own limit.
    var mostFiles: UInt64 = .max
    var isRoot = false
    var now = Timestamp(microseconds: 0)
    /// The time of the newest event of the town.
    var newestEvent: Timestamp?

    /// - Parameter folder: where the town is, or would be.
    static func read(folder: String, now: Timestamp) -> MachineFacts {
        var facts = MachineFacts()
        var name = utsname()
        if uname(&name) == 0 {
            facts.system = text(&name.sysname)
            facts.release = text(&name.release)
        }
        var limit = rlimit()
        #if canImport(Glibc)
            let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let files = RLIMIT_NOFILE
        #endif
        if getrlimit(files, &limit) == 0 { facts.mostFiles = UInt64(limit.rlim_max) }
        facts.freeSpace = Files.freeSpace(folder)
        facts.isRoot = Files.user == 0
        facts.now = now
        return facts
    }

    private static func text<Bytes>(_ bytes: inout Bytes) -> String {
        withUnsafeBytes(of: &bytes) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    var findings: [Finding] {
        var findings: [Finding] = []
        if system == "Linux", let version = version, version < (5, 3) {
            findings.append(
                Finding(.kernelOld, "this is Linux \(release), and 5.3 is needed", mend: "update the system"))
        }
        if let freeSpace, freeSpace < 1_000_000_000 {
            let problem = freeSpace < 100_000_000 ? Problem.diskFull : .diskLow
            findings.append(
                Finding(
                    problem, "only \(Int(freeSpace).shownBytes) are free where the town is", mend: "free some space"))
        }
        if let newestEvent, newestEvent > now + .seconds(60) {
            let ahead = TimeText.length(newestEvent - now)
            findings.append(
                Finding(
                    .clockWrong, "the clock is \(ahead) behind the town's newest event",
                    mend: "timedatectl set-ntp true"))
        } else if now < Timestamp("2025-01-01T00:00:00Z")! {
            findings.append(
                Finding(
                    .clockWrong, "the clock says \(LocalTime.utc.dateAndClock(now)) UTC",
                    mend: "timedatectl set-ntp true"))
        }
        if mostFiles < 512 {
            findings.append(
                Finding(.fewFiles, "a process may have only \(mostFiles) files open", mend: "ulimit -n 4096"))
        }
        if isRoot {
            findings.append(
                Finding(
                    .isRoot, "tt runs as root, and so do its agents; Claude Code refuses to skip permissions then",
                    mend: "run tt as an ordinary user"))
        }
        return findings
    }

    private var version: (Int, Int)? {
        let parts = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        return parts.count == 2 ? (parts[0], parts[1]) : nil
    }
}
