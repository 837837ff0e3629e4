import Doorbell
import FoundationEssentials
import TestOrder
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A Python program in a process of its own, with pipes to talk to it.
private struct Child {
    let id: pid_t
    let input: Int32
    let output: Int32

    init(_ program: String, _ arguments: String...) throws {
        var toChild: [Int32] = [0, 0]
        var fromChild: [Int32] = [0, 0]
        try #require(pipe(&toChild) == 0)
        try #require(pipe(&fromChild) == 0)
        for descriptor in toChild + fromChild { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var words = (["python3", "-c", program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var noEnvironment: [UnsafeMutablePointer<CChar>?] = [nil]
        var id = pid_t()
        let result = posix_spawnp(&id, "python3", &actions, nil, &words, &noEnvironment)
        close(toChild[0])
        close(fromChild[1])
        try #require(result == 0)
        (self.id, input, output) = (id, toChild[1], fromChild[0])
    }

    /// The next bytes that the child writes; empty at the end.
    func read() -> String {
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = readSome(output, &bytes, 100)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    func say(_ text: String) { _ = write(input, text, text.utf8.count) }

    func end() {
        close(input)
        var status: Int32 = 0
        waitpid(id, &status, 0)
        close(output)
    }
}

/// Under another name, since a method called `read` hides the system's.
private func readSome(_ descriptor: Int32, _ bytes: UnsafeMutablePointer<UInt8>, _ count: Int) -> Int {
    read(descriptor, bytes, count)
}

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct ProcessTests {
    let scratch: ScratchFolder
    let folder: String

    init() throws {
        scratch = try ScratchFolder()
        folder = scratch.path("bells")
    }

    /// Binds a socket the plain way and reports each datagram.
    private let listening = """
        import os, socket, sys
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1] + "/child.sock")
        os.write(1, b"ready")
        while s.recv(16): os.write(1, b"rang")
        """

    @Test func `another process is woken, and its socket is removed once it has died`() throws {
        mkdir(folder, 0o700)
        let child = try Child(listening, folder)
        #expect(child.read() == "ready")
        let ringer = Ringer(folder: folder)
        for _ in 0..<3 {
            #expect(try ringer.ring() == 1)
            #expect(child.read() == "rang")
        }
        kill(child.id, SIGKILL)
        child.end()
        #expect(names(in: folder) == ["child.sock"])
        #expect(try ringer.ring() == 0)
        #expect(names(in: folder) == [])
    }

    @Test func `another process wakes us`() async throws {
        let listener = try Listener(folder: folder)
        let child = try Child(
            """
            import os, socket, sys
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            while os.read(0, 1):
                for n in os.listdir(sys.argv[1]): s.sendto(b"x", sys.argv[1] + "/" + n)
            """, folder)
        for _ in 0..<20 {
            child.say("x")
            #expect(await listener.next(timeout: .seconds(20)) == .rang)
        }
        child.end()
    }

    @Test func `stopped listeners that fill the sender's buffer do not silence the others`() async throws {
        // Each queues rings and never reads them.
        mkdir(folder, 0o700)
        let deaf = """
            import os, socket, sys
            kept = []
            for n in range(40):
                s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1] + f"/deaf{n}.sock"); kept.append(s)
            os.write(1, b"ready"); os.read(0, 1)
            """
        let child = try Child(deaf, folder)
        #expect(child.read() == "ready")
        let listener = try Listener(folder: folder)
        let ringer = Ringer(folder: folder)
        for _ in 0..<600 {
            #expect(try ringer.ring() == 41)
            #expect(await listener.next(timeout: .seconds(20)) == .rang)
        }
        child.end()
    }

    @Test func `nothing stays open`() async throws {
        func descriptors() -> Int { names(in: "/proc/self/fd").count }
        func round() async throws {
            let listener = try Listener(folder: folder)
            let ringer = Ringer(folder: folder)
            try ringer.ring()
            #expect(await listener.next() == .rang)
            listener.close()
        }
        try await round()
        let before = descriptors()
        for _ in 0..<200 { try await round() }
        // Descriptors are closed on the listener's queue, shortly after it is closed.
        for _ in 0..<500 where descriptors() > before + 10 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(descriptors() <= before + 10)
    }
}
