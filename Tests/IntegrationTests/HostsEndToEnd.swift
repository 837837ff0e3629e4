import Concurrency
import FoundationEssentials
import Processes
import TestOrder
import TestSupport
import TestTown
import Testing

/// Hosts as processes: how they start, end, and run in a terminal.
@Suite(.serialized, .timeLimit(.minutes(4)), .queued) struct HostsEndToEnd {
    /// Reads lines until one holds `text`; nil where the output ends first.
    private func line(with text: String, of child: ChildProcess) async -> String? {
        guard let output = child.output else { return nil }
        var framer = LineFramer()
        for await chunk in output {
            for line in framer.append(chunk) {
                let line = String(decoding: line, as: UTF8.self)
                if line.contains(text) { return line }
            }
        }
        return nil
    }

    /// Everything that is still written, and how it ended; a process that does not end is ended after a minute and a half.
    private func rest(of child: ChildProcess) async -> (text: String, exit: Processes.ExitStatus) {
        let limit = Task {
            try await Task.sleep(for: .seconds(90))
            _ = child.signal(.kill)
        }
        defer { limit.cancel() }
        var bytes: [UInt8] = []
        if let output = child.output { for await chunk in output { bytes += chunk } }
        return (String(decoding: bytes, as: UTF8.self), await child.exit)
    }

    @Test func `an agent in the foreground works in the terminal and ends with its rounds`() async throws {
        let town = try await TownOnDisk(agents: ["say": "cat > /dev/null; echo spoken words"])
        let agent = try await town.start("spawn", "near", "--cli", "say", "--foreground", "--max-rounds", "1")
        #expect(await line(with: "Ctrl-C", of: agent) != nil)
        try await town.tt("send", "near", "work")
        let (text, exit) = await rest(of: agent)
        #expect(exit == .exited(0))
        #expect(text.contains("spoken words") && text.contains("🏁 Agent 'near' stopped after 1 turn"))
        #expect(try await town.json(["status"], "hosts", "0", "pid") == nil)
        try await town.close()
    }

    @Test func `Ctrl-C ends an agent in the foreground; the second one ends its turn too and keeps the message`()
        async throws
    {
        let town = try await TownOnDisk(
            agents: ["slow": "cat > /dev/null; echo begun; sleep 300"], settings: "[limits]\ndrain_secs = 60")
        let agent = try await town.start("spawn", "near", "--cli", "slow", "--foreground")
        #expect(await line(with: "Ctrl-C", of: agent) != nil)
        try await town.tt("send", "near", "work")
        #expect(await line(with: "begun", of: agent) != nil)
        _ = agent.signal(.interrupt)
        #expect(await line(with: "stopping", of: agent) != nil)
        _ = agent.signal(.interrupt)
        let (text, exit) = await rest(of: agent)
        #expect(exit == .exited(0))
        #expect(text.contains("stopped after 0 turns; 1 message waits for its restart"))
        try await town.close()
    }

    @Test func `a host that cannot start says why, and its agent stays registered`() async throws {
        let town = try await TownOnDisk(agents: ["say": "cat > /dev/null"])
        try FileManager.default.createDirectory(
            atPath: town.root + "/.tt/host.lock", withIntermediateDirectories: true)
        let answer = try await town.answer(["spawn", "worker", "--cli", "say"])
        #expect(answer.status == .exited(5))
        #expect(answer.errors.contains("is registered, but nothing runs it"))
        #expect(answer.errors.contains("host.lock is a folder, and tt needs a regular file there"))
        #expect(try await town.json(["list"], "agents", "0", "name") == "worker")
        try FileManager.default.removeItem(atPath: town.root + "/.tt/host.lock")
        try await town.close()
    }

    @Test func `an agent that comes while the host ends is served all the same`() async throws {
        let town = try await TownOnDisk(agents: ["say": "cat > /dev/null"])
        for round in 0..<8 {
            try await town.tt("spawn", "first\(round)", "--cli", "say")
            async let stopped = town.answer(["stop", "--no-wait"])
            try await town.tt("spawn", "second\(round)", "--cli", "say")
            _ = try await stopped
            // A live agent has a turn, which only a host can take; else both have stopped.
            if try await town.json(["list"], "agents", "\(2 * round + 1)", "state") != "stopped" {
                try await town.tt("send", "second\(round)", "work")
                try await town.event("turn_finished", "second\(round)")
            }
            try await town.tt("stop")
        }
        try await town.close()
    }

    private static let gated = "cat >/dev/null; touch running; until [ -e gate ]; do sleep 0.05; done"

    /// A host that was asked to end, and waits for its turn.
    private func drainingTown(_ script: String) async throws -> (TownOnDisk, ProcessIdentity) {
        let town = try await TownOnDisk(agents: ["gated": script], settings: "[limits]\ndrain_secs = 60")
        try await town.tt("spawn", "first", "--cli", "gated")
        try await town.tt("send", "first", "work")
        try await town.appears("running")
        let host = try #require(try await town.hostPid.flatMap { ProcessIdentity(pid: $0) })
        host.send(.terminate)
        try await town.appears(".tt/host.draining")
        return (town, host)
    }

    @Test func `an agent that comes while a host drains is served by the next host, without any further command`()
        async throws
    {
        let (town, host) = try await drainingTown(Self.gated)
        try await town.tt("spawn", "second", "--cli", "gated")
        #expect(try await town.hostPid == host.pid, "nobody waited for the turn")
        try "".write(toFile: town.root + "/gate", atomically: true, encoding: .utf8)
        try await host.waitForExit()
        try await town.eventually("a host serves") { try await town.hostPid != nil }
        #expect(try await town.hostPid != host.pid)
        try await town.close()
    }

    @Test func `what a turn itself does brings no host back that was asked to end`() async throws {
        let (town, host) = try await drainingTown(Self.gated + "; tt send first 'more'; tt backlog add later")
        try "".write(toFile: town.root + "/gate", atomically: true, encoding: .utf8)
        try await host.waitForExit()
        #expect(await town.processes.isEmpty)
        #expect(town.host == nil && town.guardian == nil)
        // A person's command does, even one that only looks.
        try await town.tt("status")
        #expect(town.host != nil)
        try await town.close()
    }

    @Test func `a host whose town is removed ends`() async throws {
        let town = try await TownOnDisk(agents: ["say": "cat > /dev/null"])
        try await town.tt("spawn", "worker", "--cli", "say")
        let host = try #require(try await town.hostPid.flatMap { ProcessIdentity(pid: $0) })
        try ScratchFolder.removeTree(town.root)
        try await host.waitForExit()
        #expect(await town.processes.isEmpty)
    }
}
