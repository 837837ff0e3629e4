import Concurrency
import Processes
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Another user's program that listens where a victim's server should be: it takes whatever it is sent, and answers
/// everything as a willing server would.
final class Impostor: Sendable {
    /// Its port on this machine; 0 for one on a Unix socket.
    let port: Int
    private let child: ChildProcess

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Whether another user can be played here, which only the system administrator can. In CI, where `CI` is `true`,
    /// these tests fail rather than be left out.
    static let isPossible = geteuid() == 0 || isCI

    private static let script = """
        import os, select, signal, socket, sys
        place, user = sys.argv[1], int(sys.argv[2])
        # A socket of the network belongs to the user who makes it, a Unix socket to the user who listens.
        if not place.isdigit():
            s = socket.socket(socket.AF_UNIX); s.bind(place); os.chmod(place, 0o777)
        os.setgid(user); os.setuid(user)
        if place.isdigit():
            s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('127.0.0.1', int(place)))
        s.listen(64)
        got = bytearray()
        def end(*_):
            os.write(1, b'got ' + bytes(got).hex().encode() + b'\\n'); os._exit(0)
        signal.signal(signal.SIGTERM, end)
        os.write(1, b'ready %d\\n' % (s.getsockname()[1] if place.isdigit() else 0))
        open_ones = [s]
        while True:
            for r in select.select(open_ones, [], [])[0]:
                if r is s:
                    open_ones.append(s.accept()[0]); continue
                try: data = r.recv(65536)
                except OSError: data = b''
                if not data: open_ones.remove(r); continue
                got += data
                try: r.sendall(b'+OK\\r\\n' * max(1, data.count(b'*')))
                except OSError: open_ones.remove(r)
        """

    /// - Parameters:
    ///   - place: a port, 0 for a free one; or the path of a Unix socket.
    ///   - user: whose program it is.
    init(_ place: String, user: UInt32 = 12345) async throws {
        child = try await ChildProcess.spawn(
            Launch(
                "python3", ["-c", Self.script, place, "\(user)"], environment: ["PATH": "/usr/bin:/bin"], input: .none,
                output: .stream))
        var framer = LineFramer()
        var port: Int?
        search: for await chunk in try #require(child.output) {
            for line in framer.append(chunk) {
                port = Int(String(decoding: line, as: UTF8.self).dropFirst("ready ".count))
                break search
            }
        }
        self.port = try #require(port, "the impostor has not started")
    }

    deinit { child.signal(.kill) }

    /// Ends it, and gives everything that it was sent.
    func loot() async throws -> String {
        child.signal(.terminate)
        var framer = LineFramer()
        for await chunk in try #require(child.output) {
            for line in framer.append(chunk) {
                let digits = Array(String(decoding: line, as: UTF8.self).dropFirst("got ".count).utf8)
                let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
                    UInt8(String(decoding: digits[$0..<($0 + 2)], as: UTF8.self), radix: 16)
                }
                return String(decoding: bytes, as: UTF8.self)
            }
        }
        throw Failure(description: "the impostor does not tell what it got")
    }
}
