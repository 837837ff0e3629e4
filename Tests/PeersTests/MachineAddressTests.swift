import Peers
import TestOrder
import Testing

@Suite(.serialized, .queued) struct MachineAddressTests {
    @Test(arguments: [
        "localhost", "127.0.0.1", "127.0.0.0", "127.255.255.255", "127.1.2.3", "::1", "[::1]", "0:0:0:0:0:0:0:1",
        "::ffff:127.0.0.1", "[::FFFF:127.9.9.9]", "::ffff:7f00:1",
    ])
    func `these are this machine`(_ host: String) {
        #expect(MachineAddress.isThisMachine(host))
    }

    @Test(arguments: [
        "127.evil.test", "127.0.0.1.evil", "127.0.0.1.", ".127.0.0.1", "127.0.0.1 ", " 127.0.0.1", "127.0.0.1\0.evil",
        "0177.0.0.1", "0177.1", "127.1", "127.0.1", "127", "2130706433", "0x7f.0.0.1", "0x7f000001", "127.0.0.01",
        "127.0.0.256", "127.0.0.-1", "127.0.0.+1", "127.0.0", "127.0.0.1:6379", "127.0.0.1/evil", "127。0。0。1",
        "١٢٧.0.0.1",
        "LOCALHOST", "localhost.", "localhost.evil", "evil.localhost", "localhost\0", "xlocalhost", "",
        "::", "::2", "::1%lo", "[::1", "::1]", "[[::1]]", "[127.0.0.1]", "::127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::127.0.0.1", "0.0.0.0", "10.0.0.1", "128.0.0.1", "box", "fe80::1", "::1\0",
    ])
    func `everything else is another machine`(_ host: String) {
        #expect(!MachineAddress.isThisMachine(host))
    }
}
