import Concurrency
import FoundationEssentials
import Processes
import TestOrder
import TestTown
import Testing

/// Processes that a turn starts and that try to stay: without our marks, without a parent, in sessions of their own.
@Suite(.serialized, .timeLimit(.minutes(5)), .alone) struct SurvivorAttacks {
    /// Starts `count` sleepers that have an empty environment, a session and no parent, and returns when all run.
    private static func sleepers(_ count: Int, token: String) -> String {
        """
        cat > /dev/null
        [ -e again ] && exit 0
        touch again
        i=0; while [ $i -lt \(count) ]; do
          (env -i setsid /bin/sh -c '/bin/sh -c "echo >> started; exec sleep \(token)" & exit' &)
          i=$((i+1)); done
        until [ "$(wc -l < started)" -ge \(count) ]; do sleep 0.02; done
        """
    }

    /// A number of seconds that no other process on this machine sleeps.
    private static func newToken() -> String { "600.\(UInt32.random(in: 1 ... .max))" }

    /// The processes whose command line holds the token.
    private func living(_ token: String) -> [String] {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.filter { name in
            guard Int32(name) != nil else { return false }
            let words = FileLock.text(of: "/proc/\(name)/cmdline") ?? ""
            return words.split(separator: "\0").contains { $0 == token }
        }
    }

    private func town(_ script: String, cgroups: Bool, settings: String = "") async throws -> TownOnDisk {
        try await TownOnDisk(
            agents: ["rogue": script, "honest": "cat > /dev/null"],
            settings: "[limits]\nuse_cgroups = \(cgroups)\n" + settings)
    }

    private func waitForStart(_ town: TownOnDisk, _ token: String, _ count: Int) async throws {
        try await town.eventually("\(count) processes run") { living(token).count >= count }
    }

    @Test(arguments: [true, false])
    func `a hundred processes that hide from their turn end with it`(_ cgroups: Bool) async throws {
        let token = Self.newToken()
        let town = try await town(Self.sleepers(100, token: token), cgroups: cgroups)
        try await town.tt("spawn", "worker", "--cli", "rogue")
        try await town.tt("send", "worker", "go")
        try await town.event("turn_finished", "worker")
        #expect(FileManager.default.fileExists(atPath: town.root + "/started"))
        #expect(living(token).isEmpty)
        try await town.close()
    }

    @Test(arguments: [true, false])
    func `stop --now leaves none of a hundred processes that hide from their turn`(_ cgroups: Bool) async throws {
        let token = Self.newToken()
        let town = try await town(Self.sleepers(100, token: token) + "\nsleep 600", cgroups: cgroups)
        try await town.tt("spawn", "worker", "--cli", "rogue")
        try await town.tt("send", "worker", "go")
        try await waitForStart(town, token, 100)
        try await town.tt("stop", "--now")
        #expect(living(token).isEmpty)
        try await town.close()
    }

    @Test(arguments: [true, false])
    func `processes that hide from their turn do not survive the recovery after their host was killed`(
        _ cgroups: Bool
    ) async throws {
        let token = Self.newToken()
        let town = try await town(Self.sleepers(100, token: token) + "\nsleep 600", cgroups: cgroups)
        try await town.tt("spawn", "worker", "--cli", "rogue")
        try await town.tt("send", "worker", "go")
        try await waitForStart(town, token, 100)
        try await town.killHostAndGuardian()
        #expect(!living(token).isEmpty)
        // The next host puts the message back, after it has ended what is left of the turn.
        try await town.tt("spawn", "other", "--cli", "honest")
        try await town.event("turn_finished", "worker")
        #expect(living(token).isEmpty)
        try await town.close()
    }

    @Test func `an agent that kills the keeper of its turn leaves nothing behind`() async throws {
        let token = Self.newToken()
        let town = try await town(Self.sleepers(20, token: token) + "\nkill -9 $PPID\nsleep 600", cgroups: false)
        try await town.tt("spawn", "worker", "--cli", "rogue")
        try await town.tt("send", "worker", "go")
        try await town.event("turn_failed", "worker")
        #expect(living(token).isEmpty)
        try await town.close()
    }

    @Test func `an agent that stops the keeper of its turn leaves nothing behind`() async throws {
        let token = Self.newToken()
        let town = try await town(Self.sleepers(20, token: token) + "\nkill -STOP $PPID\nsleep 600", cgroups: false)
        try await town.tt("spawn", "worker", "--cli", "rogue")
        try await town.tt("send", "worker", "go")
        try await waitForStart(town, token, 20)
        try await town.tt("stop", "--now")
        #expect(living(token).isEmpty)
        try await town.close()
    }

    @Test func `a fork bomb stays within its limit, and the host serves the other agents`() async throws {
        let folder = "/sys/fs/cgroup/pids"
        // Nothing holds root's processes but a control group, and that only where it may be made.
        guard FileManager.default.isWritableFile(atPath: folder) || Self.isOrdinaryUser else { return }
        let bomb = """
            cat > /dev/null
            touch begun
            bomb() { bomb | bomb & }
            bomb 2> /dev/null
            while :; do (sleep 600 &) 2> /dev/null; done
            """
        let town = try await town(bomb, cgroups: true, settings: "max_processes = 60\n")
        try await town.tt("spawn", "worker", "--cli", "rogue")
        try await town.tt("spawn", "other", "--cli", "honest")
        try await town.tt("send", "worker", "go")
        try await town.appears("begun")
        try await town.tt("send", "other", "work")
        try await town.event("turn_finished", "other")
        let processes = await town.processes.count
        #expect(processes <= 62, "the limit and what stands beside it")
        try await town.tt("stop", "--now")
        try await town.close()
    }

    @Test func `a host that a turn in a terminal asks for does not end with that turn`() async throws {
        let town = try await TownOnDisk(agents: [
            "boss": "cat > /dev/null; tt spawn helper --cli honest && tt send helper work && touch asked",
            "honest": "cat > /dev/null",
        ])
        let front = try await town.start("spawn", "near", "--cli", "boss", "--foreground", "--max-rounds", "1")
        try await town.eventually("the agent is there") {
            try await town.json(["list"], "agents", "0", "name") == "near"
        }
        try await town.tt("send", "near", "work")
        _ = await front.output?.collect()
        _ = await front.exit
        #expect(FileManager.default.fileExists(atPath: town.root + "/asked"))
        try await town.event("turn_finished", "helper")
        try await town.close()
    }

    private static let isOrdinaryUser = (FileLock.text(of: "/proc/self/status") ?? "").contains("Uid:\t0\t") == false
}
