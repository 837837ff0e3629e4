import TestOrder
import Testing

@testable import Peers

/// What the kernel's tables say about who has a port, on machines of little-endian words, as all that are supported.
@Suite(.serialized, .queued) struct SocketTableTests {
    private static let head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
    private static let near = SocketTable.Place(address: [127, 0, 0, 1], port: 0x9C40)

    private func row(_ local: String, _ remote: String, _ state: String, _ user: Int) -> String {
        "   0: \(local) \(remote) \(state) 00000000:00000000 00:00000000 00000000 \(user)        0 12 1 0 100 0 0 10 0\n"
    }

    private func owners(_ four: String, _ six: String = "") -> [UInt32] {
        SocketTable([Self.head + four, Self.head + six])
            .owners(of: .init(address: [127, 0, 0, 1], port: 0x3FFB), connectedTo: Self.near)
    }

    @Test func `the listener of the address counts before one of all addresses, and ports are told apart`() {
        let exact = row("0100007F:3FFB", "00000000:0000", "0A", 1000)
        let wild = row("00000000:3FFB", "00000000:0000", "0A", 7)
        let other = row("0100007F:3FFC", "00000000:0000", "0A", 8)
        #expect(owners(exact + wild + other) == [1000])
        #expect(owners(other + wild) == [7])
        #expect(owners(other) == [])
    }

    @Test func `an IPv6 listener of all addresses or of the mapped one has the IPv4 port too`() {
        let wild = row("00000000000000000000000000000000:3FFB", "00000000000000000000000000000000:0000", "0A", 7)
        let mapped = row("0000000000000000FFFF00000100007F:3FFB", "00000000000000000000000000000000:0000", "0A", 9)
        #expect(owners("", wild) == [7])
        #expect(owners("", wild + mapped) == [9])
    }

    @Test func `who has accepted the connection counts as well, so a replaced listener is not believed`() {
        let listener = row("0100007F:3FFB", "00000000:0000", "0A", 1000)
        let accepted = row("0100007F:3FFB", "0100007F:9C40", "01", 12345)
        let foreign = row("0100007F:3FFB", "0100007F:9C41", "01", 99)
        #expect(owners(listener + accepted + foreign) == [1000, 12345])
        #expect(owners(accepted) == [], "nobody listens any more")
    }

    @Test func `lines that are no rows are passed over`() {
        #expect(owners("nonsense\n 0: x y z\n" + String(repeating: "9", count: 5000)) == [])
    }
}
