import FoundationEssentials
import Operations
import TestSupport
import Testing

struct LogTests {
    private let folder: ScratchFolder
    private let town: OpenTown

    init() throws {
        folder = try ScratchFolder()
        for name in ["/.tt", "/.tt/logs"] {
            try FileManager.default.createDirectory(
                atPath: folder.path + name, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        }
        var town = makeTown()
        town.root = folder.path
        self.town = town
    }

    private func append(_ bytes: [UInt8], to name: String) throws {
        let path = folder.path(".tt/logs/" + name)
        let before = FileManager.default.contents(atPath: path) ?? Data()
        try (before + bytes).write(to: URL(filePath: path))
    }

    @Test func `lines come as they are, empty ones included`() async throws {
        _ = try await SpawnAgent.call(.init(name: "ada"), in: town)
        try append(Array("one\n\ntwo\r\nthree".utf8), to: "ada.log")
        #expect(
            try await ReadLog.call(.init(agent: "ada"), in: town).lines == ["one", "", "two\r", "three"])
        #expect(try await ReadLog.call(.init(agent: "ada", lines: 1), in: town).lines == ["three"])
        #expect(try await ReadLog.call(.init(agent: "ada", lines: 0), in: town).lines.isEmpty)
    }

    @Test func `a log that is not there is an error that says how to wait for it`() async throws {
        _ = try await SpawnAgent.call(.init(name: "ada"), in: town)
        let error = await failure { _ = try await ReadLog.call(.init(agent: "ada"), in: town) }
        #expect(error?.code == .notFound)
        #expect(
            error?.remedies == [
                .operation("agent.follow_log", ["agent": "ada"], why: "wait for the first turn")
            ])
        let unknown = await failure { _ = try await ReadLog.call(.init(agent: "bob"), in: town) }
        #expect(unknown?.code == .agentNotFound)
    }

    @Test func `the host's log needs no store`() throws {
        try append(Array("host starts\n".utf8), to: "host.log")
        #expect(try ReadLog.host(root: folder.path).lines == ["host starts"])
    }

    @Test(.timeLimit(.minutes(1)))
    func `a feed that is opened before there is a log gets all of it, in whole characters`()
        async throws
    {
        _ = try await SpawnAgent.call(.init(name: "ada"), in: town)
        var log = try await TownService(town).open(FollowLog.self, .init(agent: "ada")).makeAsyncIterator()
        let umbrella = Array("☂\n".utf8)
        try append(Array("a".utf8) + umbrella[..<1], to: "ada.log")
        #expect(try await log.next()?.text == "a")
        try append(Array(umbrella[1...]), to: "ada.log")
        #expect(try await log.next()?.text == "☂\n")
    }
}
