#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The kernel's tables of TCP sockets (`/proc/net/tcp` and `tcp6`), with the owner of each.
struct SocketTable: Sendable {
    /// An address of four or sixteen bytes, and a port.
    struct Place: Sendable, Equatable {
        var address: [UInt8]
        var port: UInt16

        /// IPv4 addresses that are written as IPv6 become what they stand for, so that both compare.
        init(address: [UInt8], port: UInt16) {
            let isMapped =
                address.count == 16 && address.prefix(10).allSatisfy { $0 == 0 } && address[10...11] == [0xFF, 0xFF]
            self.address = isMapped ? Array(address.suffix(4)) : address
            self.port = port
        }

        /// Every address of the machine.
        var isWildcard: Bool { address.allSatisfy { $0 == 0 } }
    }

    private struct Row {
        var near: Place
        var far: Place
        var state: UInt8
        var user: UInt32
    }

    private static let (established, listening): (UInt8, UInt8) = (0x01, 0x0A)

    private let rows: [Row]

    /// - Parameter texts: the contents of the files.
    init(_ texts: [String]) {
        rows = texts.flatMap { $0.split(separator: "\n").dropFirst().compactMap(Self.row) }
    }

    /// The tables now; nil if they cannot be read.
    static func read() -> SocketTable? {
        guard let four = contents("/proc/net/tcp") else { return nil }
        // A kernel without IPv6 has no such file.
        return SocketTable([four, contents("/proc/net/tcp6") ?? ""])
    }

    /// Who listens at a place and who has accepted the connection between two: no more than one each, unless several
    /// sockets share the port.
    ///
    /// An accepted connection that its program has not taken yet belongs to nobody; the kernel shows user 0 then.
    func owners(of far: Place, connectedTo near: Place) -> [UInt32] {
        let listeners = rows.filter { $0.state == Self.listening && $0.near.port == far.port }
        let exact = listeners.filter { $0.near.address == far.address }
        // The kernel prefers a listener of exactly this address.
        let serving = exact.isEmpty ? listeners.filter { $0.near.isWildcard } : exact
        guard !serving.isEmpty else { return [] }
        let accepted = rows.filter { $0.state == Self.established && $0.near == far && $0.far == near }
        return (serving + accepted).map(\.user)
    }

    private static func row(_ line: Substring) -> Row? {
        let fields = line.split(separator: " ", omittingEmptySubsequences: true)
        guard fields.count > 7, let near = place(fields[1]), let far = place(fields[2]),
            let state = UInt8(fields[3], radix: 16), let user = UInt32(fields[7])
        else { return nil }
        return Row(near: near, far: far, state: state, user: user)
    }

    /// `0100007F:3FFB`: words of the address as this machine reads them, and the port.
    private static func place(_ text: Substring) -> Place? {
        let parts = text.split(separator: ":")
        guard parts.count == 2, [8, 32].contains(parts[0].utf8.count), let port = UInt16(parts[1], radix: 16) else {
            return nil
        }
        var address: [UInt8] = []
        var rest = parts[0]
        while !rest.isEmpty {
            guard let word = UInt32(rest.prefix(8), radix: 16) else { return nil }
            withUnsafeBytes(of: word) { address += $0 }
            rest = rest.dropFirst(8)
        }
        return Place(address: address, port: port)
    }

    private static func contents(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { readBytes(descriptor, $0) }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            if count < 0 {
                if errno == EINTR { continue }
                return nil
            }
            bytes += buffer[..<count]
        }
    }
}

// The type's own `read` hides the system's.
private func readBytes(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    read(descriptor, buffer.baseAddress, buffer.count)
}
