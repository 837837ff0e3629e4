import Concurrency
import FoundationEssentials
import Processes
import TestOrder
import TestTown
import Testing

/// A host that dies comes back: by its guardian, or by the next command.
@Suite(.serialized, .timeLimit(.minutes(4)), .queued) struct GuardianEndToEnd {
    private static let counting = "cat >/dev/null; echo turn >> turns; sleep 0.2"

    private func turns(_ town: TownOnDisk) -> Int {
        ((try? String(contentsOfFile: town.root + "/turns", encoding: .utf8)) ?? "").split(separator: "\n").count
    }

    /// Looks without a command, because commands start hosts as well.
    private func until(
        _ limit: Duration, _ truth: () -> Bool, _ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Duration {
        let began = ContinuousClock.now
        while !truth(), began.duration(to: .now) < limit { try await Task.sleep(for: .milliseconds(5)) }
        #expect(truth(), comment, sourceLocation: sourceLocation)
        return began.duration(to: .now)
    }

    private func town(_ settings: String = "") async throws -> TownOnDisk {
        let town = try await TownOnDisk(agents: ["worker": Self.counting], settings: settings)
        try await town.tt("spawn", "a", "--cli", "worker", "--max-rounds", "0")
        return town
    }

    @Test func `a host that is killed serves again without any command, and its work goes on`() async throws {
        let town = try await town()
        for n in 0..<4 { try await town.tt("send", "a", "work \(n)") }
        let (host, guardian) = try await town.guarded()
        host.send(.kill)
        let took = try await until(.seconds(10), { town.host.map { $0 != host } ?? false }, "a host is back")
        #expect(took < .seconds(2), "after \(took)")
        #expect(town.guardian == guardian, "the same guardian stays with the next host")
        _ = try await until(.seconds(30), { turns(town) >= 2 }, "and takes turns")
        // Again and again.
        for _ in 0..<3 {
            guard let host = town.host else { continue }
            host.send(.kill)
            _ = try await until(.seconds(10), { town.host.map { $0 != host } ?? false }, "a host is back")
        }
        let last = try await town.guarded().guardian
        last.send(.kill)
        _ = try await until(
            .seconds(10), { town.guardian.map { $0 != last && $0.isAlive } ?? false },
            "a host that a guardian started replaces it as well")
        try await town.close()
    }

    @Test func `a guardian that is killed is replaced, and the next one guards as well`() async throws {
        let town = try await town()
        for _ in 0..<2 {
            let guardian = try await town.guarded().guardian
            guardian.send(.kill)
            let took = try await until(
                .seconds(10), { town.guardian.map { $0 != guardian && $0.isAlive } ?? false }, "a guardian is back")
            #expect(took < .seconds(2), "after \(took)")
        }
        let host = try #require(town.host)
        host.send(.kill)
        _ = try await until(.seconds(10), { town.host.map { $0 != host } ?? false }, "a host is back")
        try await town.close()
    }

    @Test func `a host waits for a lock that its dead predecessor left to a child`() async throws {
        let town = try await town()
        let (host, guardian) = try await town.guarded()
        // Stopped, so that the lock can be taken before the next host starts.
        guardian.send(.stop)
        host.send(.kill)
        try await host.waitForExit()
        guard let lock = try FileLock.tryAcquire(town.root + "/.tt/host.lock", text: "\(host)\n") else {
            Issue.record("the lock of a dead host is free")
            return
        }
        guardian.send(.continue)
        func hasGivenUp() -> Bool {
            let log = try? String(contentsOfFile: town.root + "/.tt/logs/host.log", encoding: .utf8)
            return log?.contains("another host serves") ?? false
        }
        // Long enough for a host that does not wait to end, and its guardian with it.
        let limit = ContinuousClock.now + .seconds(1)
        while !hasGivenUp(), ContinuousClock.now < limit { try await Task.sleep(for: .milliseconds(20)) }
        lock.release()
        _ = try await until(.seconds(10), { town.host.map { $0 != host } ?? false }, "a host is back")
        #expect(!hasGivenUp() && town.guardian == guardian)
        try await town.close()
    }

    @Test func `nothing is left where a host ends by itself, is asked to end, or the town is stopped`() async throws {
        let town = try await town("[agent]\nidle_timeout_secs = 1")
        var (host, guardian) = try await town.guarded()
        // Idle.
        try await host.waitForExit()
        #expect(!guardian.isAlive)
        try await town.tt("restart", "a")
        (host, guardian) = try await town.guarded()
        host.send(.terminate)
        try await host.waitForExit()
        #expect(!guardian.isAlive)
        try await town.tt("start", "--restart", "--detach")
        (host, guardian) = try await town.guarded()
        try await town.tt("stop")
        #expect(!host.isAlive && !guardian.isAlive)
        try await town.close()
    }

    @Test func `where both are killed, a command that only looks brings them back`() async throws {
        let town = try await town()
        try await town.tt("send", "a", "first")
        _ = try await until(.seconds(30), { turns(town) == 1 }, "it works")
        try await town.killHostAndGuardian()
        let status = try await town.json(["status"], "agents", "0", "state")
        #expect(status != nil)
        _ = try await town.guarded()
        _ = try await until(.seconds(30), { turns(town) >= 2 }, "the turn that was cut off is taken again")
        try await town.close()
    }

    @Test func `a turn whose host is gone is not shown as running`() async throws {
        let town = try await TownOnDisk(agents: ["slow": "cat >/dev/null; touch running; sleep 600"])
        try await town.tt("spawn", "a", "--cli", "slow")
        try await town.tt("send", "a", "work")
        _ = try await until(.seconds(30), { FileManager.default.fileExists(atPath: town.root + "/running") }, "it runs")
        try await town.killHostAndGuardian()
        // Nothing may run in a town that was changed and not trusted again, so what is shown is what is left.
        let file = town.root + "/tinytown.toml"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try (text + "\n[agent_clis.other]\ncommand = \"sh other.sh\"\n").write(
            toFile: file, atomically: true, encoding: .utf8)
        #expect(try await town.json(["status"], "agents", "0", "lease") == nil)
        #expect(try await town.json(["status"], "agents", "0", "state") == "idle")
        #expect(try await town.json(["status"], "agents", "0", "interrupted_turn", "turn_id") != nil)
        let shown = try await town.tt("status")
        #expect(shown.contains("its turn ended with its host") && !shown.contains("takes a turn"), "\(shown)")
        try await town.tt("trust", "--yes")
        try await town.close()
    }

    @Test func `a host that may not start again stays away, and status says why`() async throws {
        let town = try await town()
        let (host, guardian) = try await town.guarded()
        let file = town.root + "/tinytown.toml"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try (text + "\n[agent_clis.other]\ncommand = \"sh other.sh\"\n").write(
            toFile: file, atomically: true, encoding: .utf8)
        host.send(.kill)
        try await guardian.waitForExit()
        #expect(try await town.json(["status"], "host_trouble", "reason") == "exit code 7")
        #expect(try await town.tt("status").contains("(exit code 7) and is not started again"))
        let log = try String(contentsOfFile: town.root + "/.tt/logs/host.log", encoding: .utf8)
        #expect(log.contains("is not trusted") && log.contains("guardian: the host died"))
        try await town.tt("trust", "--yes")
        try await town.tt("start", "--detach")
        #expect(town.host != nil)
        #expect(try await town.json(["status"], "host_trouble", "reason") == nil)
        try await town.close()
    }

    #if os(Linux)
        @Test func `a guardian is small and sleeps`() async throws {
            let town = try await town()
            let guardian = try await town.guarded().guardian
            func status() throws -> String {
                try String(contentsOfFile: "/proc/\(guardian.pid)/status", encoding: .utf8)
            }
            // After the first turn it has long begun to sleep.
            try await town.tt("send", "a", "work")
            try await town.event("turn_finished", "turn 1 ")
            let before = try status().split(separator: "\n").filter { $0.contains("ctxt_switches") }
            try await town.tt("send", "a", "work")
            try await town.event("turn_finished", "turn 2 ")
            #expect(try status().split(separator: "\n").filter { $0.contains("ctxt_switches") } == before)
            let memory = try String(contentsOfFile: "/proc/\(guardian.pid)/smaps_rollup", encoding: .utf8)
            let own = memory.split(separator: "\n").filter { $0.hasPrefix("Private_") }
                .compactMap { $0.split(separator: " ").dropFirst().first.flatMap { Int($0) } }.reduce(0, +)
            #expect(own > 0 && own < 4096, "\(own) kB are its own")
            #expect(try FileManager.default.contentsOfDirectory(atPath: "/proc/\(guardian.pid)/fd").count <= 6)
            try await town.close()
        }
    #endif
}
