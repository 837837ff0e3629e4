#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The processes above this one, as far as this user may look at them.
public struct Ancestor: Sendable, Equatable {
    /// The file name of its program; by its own word if the system does not tell.
    public var program: String
    /// Whether it keeps what a child starts; see `Keeper`.
    public var isKeeper: Bool
    /// Whether it starts a host again; see `Guardian`.
    public var isGuardian = false
    /// Its arguments, without the program.
    public var arguments: [String]
    /// The variables that it was started with, as `NAME=VALUE`.
    public var environment: [String]
}

extension ProcessTree {
    /// Parent first. Empty where the system does not tell (macOS); ends at process 1 and after `limit` steps.
    public static func ancestors(limit: Int = 64) -> [Ancestor] {
        #if os(Linux)
            var found: [Ancestor] = []
            var pid = getppid()
            while pid > 1, found.count < limit, let row = ProcessRow.read(pid) {
                found.append(ancestor(row))
                pid = row.parent
            }
            return found
        #else
            return []
        #endif
    }

    #if os(Linux)
        private static func ancestor(_ row: ProcessRow) -> Ancestor {
            let pid = row.pid
            var path = [UInt8](repeating: 0, count: 4096)
            let length = path.withUnsafeMutableBytes { buffer in
                readlink("/proc/\(pid)/exe", buffer.baseAddress!.assumingMemoryBound(to: CChar.self), buffer.count)
            }
            let words = (contents(of: "/proc/\(pid)/cmdline") ?? []).split(separator: 0)
            // The link of a process that dumps no core cannot be read.
            let source = length > 0 ? path.prefix(length) : words.first ?? []
            let program = source.split(separator: UInt8(ascii: "/")).last ?? []
            let environment = ProcessRow.environment(of: pid) ?? []
            return Ancestor(
                program: String(decoding: program, as: UTF8.self),
                isKeeper: Keeper.isName(row.name), isGuardian: row.isGuardian,
                arguments: words.dropFirst().map { String(decoding: $0, as: UTF8.self) },
                environment: environment.map { String(decoding: $0, as: UTF8.self) })
        }
    #endif
}
