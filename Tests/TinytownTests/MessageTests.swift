import Concurrency
import FoundationEssentials
import Processes
import TestOrder
import Testing
import Tinytown

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct LibraryMessageTests {
    @Test func `W12 a message is received once, in order of urgency, and gone when it is acknowledged`() async throws {
        let bench = try await Bench()
        let worker = try await bench.town.join("worker")
        try await worker.send(.task("first"))
        try await worker.send(.query("second?"), priority: .urgent)
        #expect(try await worker.inboxLength() == 2)
        let one = try #require(try await worker.inbox.tryReceive())
        let two = try #require(try await worker.inbox.tryReceive())
        #expect([one.message.text, two.message.text] == ["second?", "first"])
        #expect(try await worker.inbox.tryReceive() == nil)
        #expect(try await one.acknowledge())
        #expect(try await !one.acknowledge())
        two.putBack()
        #expect(try await worker.inbox.tryReceive()?.message.text == "first")
        #expect(try await worker.inboxLength() == 1)
        await bench.town.close()
    }

    @Test func `W1 messages are not lost when the receiver dies between receive and acknowledge`() async throws {
        let bench = try await Bench()
        let worker = try await bench.town.join("worker")
        for text in ["one", "two"] { try await worker.send(.task(text)) }
        let bundle = Executable.currentPath ?? CommandLine.arguments[0]
        let receiver = try await ChildProcess.spawn(
            Launch(
                String(bundle[..<bundle.lastIndex(of: "/")!]) + "/Receiver", [bench.town.root, "worker"],
                environment: Bench.environment(bench.folder), input: .stream, output: .stream, errors: .discard))
        var said = ""
        for await chunk in try #require(receiver.output) {
            said += String(decoding: chunk, as: UTF8.self)
            if said.contains("\n") { break }
        }
        #expect(said == "received one\n")
        _ = receiver.signal(.kill)
        receiver.finishOutput()
        _ = await receiver.exit
        // The same agent, and everything that it had not dealt with.
        let again = try await bench.town.join("worker")
        #expect(again.id == worker.id)
        let received = try await again.inbox.receive(timeout: .seconds(10))
        #expect(received.message.text == "one")
        try await received.acknowledge()
        #expect(try await again.inbox.waiting().map(\.text) == ["two"])
        await bench.town.close()
    }

    @Test func `a question comes back as an answer that names it`() async throws {
        let bench = try await Bench()
        let town = bench.town
        let (asker, expert) = (try await town.join("asker"), try await town.join("expert"))
        let question = try await town.send(.query("Which port?"), to: expert.id, from: asker.id)
        let received = try await expert.inbox.receive(timeout: .seconds(10))
        #expect(received.message.id == question && received.message.from == asker.id)
        let answer = try await received.reply(.informational("8080"))
        try await received.acknowledge()
        #expect(try await received.reply(.informational("8080")) == answer, "repeating an answer adds none")
        let back = try await asker.inbox.receive(timeout: .seconds(10))
        #expect(back.message.correlation == question)
        #expect(back.message.content == .informational("8080"))
        #expect(try await asker.inboxLength() == 1)
        await town.close()
    }

    @Test func `a broadcast reaches each live agent once, and not its sender`() async throws {
        let bench = try await Bench()
        let town = bench.town
        let (ada, bob, cy) = (try await town.join("ada"), try await town.join("bob"), try await town.join("cy"))
        try await cy.stop()
        let ids = try await town.broadcast(.informational("lunch"), from: ada.id, key: "lunch")
        #expect(ids.count == 1)
        #expect(try await town.broadcast(.informational("lunch"), from: ada.id, key: "lunch") == ids)
        #expect(try await bob.inbox.waiting().map(\.text) == ["lunch"])
        for agent in [ada, cy] { #expect(try await agent.inboxLength() == 0) }
        try await bob.stop()
        try await ada.stop()
        #expect(try await town.broadcast(.ping).isEmpty)
        await town.close()
    }

    @Test func `a receiver is woken by a message from another process's view of the town`() async throws {
        let bench = try await Bench()
        let other = try await bench.again()
        let worker = try await bench.town.join("worker")
        let receiving = Task { try await worker.inbox.receive(timeout: .seconds(30)).message.text }
        try await other.send(.custom(kind: "job", payload: "7"), to: worker.id)
        #expect(try await receiving.value == "job: 7")
        await other.close()
        await bench.town.close()
    }

    @Test func `of two receivers one acknowledges`() async throws {
        let bench = try await Bench()
        let other = try await bench.again()
        try await bench.town.send(.query("?"), to: .supervisor)
        let mine = try await bench.town.inbox.receive(timeout: .seconds(10))
        let theirs = try await other.inbox.receive(timeout: .seconds(10))
        #expect(mine.message.id == theirs.message.id)
        let answers = [try await mine.acknowledge(), try await theirs.acknowledge()]
        #expect(answers == [true, false])
        await other.close()
        await bench.town.close()
    }
}
