import FoundationEssentials
import Model
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

    @Test(.timeLimit(.minutes(1)))
    func `the output of a turn is followed while it runs and read afterwards`() async throws {
        _ = try await SpawnAgent.call(.init(name: "ada"), in: town)
        _ = try await SendMessage.call(.init(to: "ada", message: "hello"), in: town)
        let ada = try await town.agent("ada")
        let lease = try #require(
            try await town.store.lease(
                LeaseRequest(agent: ada.id, host: town.newID(), turn: town.newID(), now: town.time.now())))
        var output = try await TownService(town).open(FollowOutput.self, .init(agent: "ada")).makeAsyncIterator()
        try append(Array("line one\n".utf8), to: "ada_round_1.log")
        #expect(try await output.next()?.text == "line one\n")
        _ = try await town.store.commit(
            TurnCommit(
                token: lease.token, outcome: .finished(reply: ""), duration: .seconds(1), now: town.time.now()))
        var last = try await TownService(town).open(FollowOutput.self, .init(agent: "ada")).makeAsyncIterator()
        #expect(try await last.next()?.text == "line one\n")
        var first = try await TownService(town).open(FollowOutput.self, .init(agent: "ada", turn: 1, lines: 1))
            .makeAsyncIterator()
        #expect(try await first.next()?.text == "line one\n")
        try FileManager.default.removeItem(atPath: folder.path + "/.tt/logs/ada_round_1.log")
        let gone = await failure { _ = try await FollowOutput.open(.init(agent: "ada", turn: 1), in: town) }
        #expect(gone?.code == .notFound && gone?.remedies.isEmpty == false)
    }

    @Test(.timeLimit(.minutes(1)))
    func `the state of the town is followed, and bursts are one item`() async throws {
        var status = try await TownService(town).open(FollowStatus.self, Nothing()).makeAsyncIterator()
        #expect(try await status.next()?.agents.isEmpty == true)
        for name in ["ada", "bob", "eve"] { _ = try await SpawnAgent.call(.init(name: name), in: town) }
        #expect(try await status.next()?.agents.map(\.name) == ["ada", "bob", "eve"])
        await town.store.close()
        #expect(try await status.next() == nil)
    }
}
