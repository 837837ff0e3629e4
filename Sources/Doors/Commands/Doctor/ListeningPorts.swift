import Files

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The TCP ports on which a process listens for other machines, as the kernel lists them (Linux).
enum ListeningPorts {
    /// Addresses other than loopback, such as `0.0.0.0:6379`; empty if there are none, or if the kernel does not tell.
    static func open(by pid: Int32) -> [String] {
        let folder = "/proc/\(pid)/fd"
        let sockets = Set(Files.names(in: folder).compactMap { inode(of: "\(folder)/\($0)") })
        guard !sockets.isEmpty else { return [] }
        return ["tcp", "tcp6"].flatMap { table in
            let text = ((try? Files.text("/proc/\(pid)/net/\(table)")) ?? nil) ?? ""
            return text.split(separator: "\n").dropFirst().compactMap { line -> String? in
                let fields = line.split(separator: " ")
                // Local address, remote address, state (0A: listening), …, inode.
                guard fields.count > 9, fields[3] == "0A", sockets.contains(fields[9]) else { return nil }
                return address(fields[1])
            }
        }
    }

    private static func inode(of link: String) -> Substring? {
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { readlink(link, $0.assumingMemoryBound(to: CChar.self), bytes.count) } ?? -1
        }
        guard count > 0 else { return nil }
        let text = String(decoding: buffer.prefix(count), as: UTF8.self)
        return text.hasPrefix("socket:[") && text.hasSuffix("]") ? text.dropFirst(8).dropLast() : nil
    }

    /// `00000000:18EB` for people; nil for loopback.
    private static func address(_ text: Substring) -> String? {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1], radix: 16) else { return nil }
        let isFour = parts[0].utf8.count == 8
        // The kernel prints words of this machine: the last byte of an IPv4 address comes first.
        if isFour, parts[0].hasSuffix("7F") { return nil }
        if parts[0] == "00000000000000000000000001000000" { return nil }
        let isAny = parts[0].allSatisfy { $0 == "0" }
        return "\(isAny ? (isFour ? "0.0.0.0" : "[::]") : String(parts[0])):\(port)"
    }
}
