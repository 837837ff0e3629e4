#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Which addresses are this machine: the only place that decides it.
///
/// This machine is `localhost`, an IPv4 address from 127.0.0.0 to 127.255.255.255 in its usual form of four decimal
/// numbers, `::1`, and the same IPv4 addresses as IPv6 writes them (`::ffff:127.0.0.1`). Everything else counts as
/// another machine: a name that begins with `127.`, a short or octal address, `LOCALHOST`.
public enum MachineAddress {
    /// Whether a host, as a person writes it, is this machine. An IPv6 address may stand in brackets.
    public static func isThisMachine(_ host: String) -> Bool {
        if host == "localhost" { return true }
        if let bytes = ipv4(host) { return bytes[0] == 127 }
        return ipv6(host).map { isLoopback(ipv6: $0) } ?? false
    }

    /// Whether an address that was looked up is this machine.
    public static func isLoopback(_ address: UnsafeRawBufferPointer) -> Bool {
        guard address.count >= MemoryLayout<sockaddr>.size else { return false }
        switch Int32(address.loadUnaligned(as: sockaddr.self).sa_family) {
        case AF_INET where address.count >= MemoryLayout<sockaddr_in>.size:
            let found = address.loadUnaligned(as: sockaddr_in.self).sin_addr
            return withUnsafeBytes(of: found) { $0[0] == 127 }
        case AF_INET6 where address.count >= MemoryLayout<sockaddr_in6>.size:
            let found = address.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            return withUnsafeBytes(of: found) { isLoopback(ipv6: Array($0)) }
        default: return false
        }
    }

    /// The host without the brackets of an IPv6 address.
    public static func withoutBrackets(_ host: String) -> String {
        guard host.hasPrefix("["), host.hasSuffix("]"), host.utf8.count > 2 else { return host }
        return String(host.dropFirst().dropLast())
    }

    // Not `inet_pton`, because some systems' takes numbers that begin with a zero, which others read as octal.
    private static func ipv4(_ text: String) -> [UInt8]? {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        let bytes = parts.compactMap { part -> UInt8? in
            guard (1...3).contains(part.count), part.allSatisfy({ (0x30...0x39).contains($0) }),
                part.count == 1 || part.first != 0x30
            else { return nil }
            return UInt8(String(decoding: part, as: UTF8.self))
        }
        return bytes.count == 4 ? bytes : nil
    }

    private static func ipv6(_ host: String) -> [UInt8]? {
        let text = withoutBrackets(host)
        guard text.utf8.allSatisfy({ $0 != 0 }) else { return nil }
        var address = in6_addr()
        guard inet_pton(AF_INET6, text, &address) == 1 else { return nil }
        return withUnsafeBytes(of: address) { Array($0) }
    }

    private static func isLoopback(ipv6 bytes: [UInt8]) -> Bool {
        if bytes.prefix(15).allSatisfy({ $0 == 0 }) { return bytes[15] == 1 }
        return bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF && bytes[12] == 127
    }
}
