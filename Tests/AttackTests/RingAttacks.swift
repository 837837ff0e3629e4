import FoundationEssentials
import Processes
import TestOrder
import TestTown
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What somebody who rings, or who prepares the folder of the bells, can do.
@Suite(.timeLimit(.minutes(3)), .serialized, .queued) struct RingAttacks {
    /// Rings at every bell of a folder as fast as it can, for so many seconds; prints how often.
    private static let flood = """
        import os, socket, sys, time
        folder, end, count = sys.argv[1], time.monotonic() + float(sys.argv[2]), 0
        ringer = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        ringer.setblocking(False)
        while time.monotonic() < end:
            for name in os.listdir(folder):
                if name.endswith(".sock"):
                    try:
                        ringer.sendto(b"x", os.path.join(folder, name))
                        count += 1
                    except OSError:
                        pass
        print(count)
        """

    private func python(_ program: String, _ arguments: String...) async throws -> String {
        let run = try await ChildProcess.run(
            Launch(
                "/usr/bin/env", ["python3", "-c", program] + arguments,
                environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"], input: .none))
        #expect(run.exit.isSuccess, "\(run.errorText)")
        return run.outputText
    }

    #if os(Linux)
        /// Processor time that a process has used so far.
        private func processorTime(_ pid: Int32) throws -> Duration {
            let text = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
            let fields = text[text.index(after: text.lastIndex(of: ")")!)...].split(separator: " ")
            let ticks = (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)
            return .milliseconds(ticks * 1000 / sysconf(Int32(_SC_CLK_TCK)))
        }

        @Test func `rings without end leave the host idle, and work still gets through`() async throws {
            let town = try await TownOnDisk(agents: ["worker": "exit 0"])
            try await town.tt("spawn", "a", "--cli", "worker", "--max-rounds", "0")
            try await town.tt("start", "--detach")
            let pid = try #require(try await town.hostPid)
            let (begun, used) = (ContinuousClock.now, try processorTime(pid))
            async let rings = python(Self.flood, town.root + "/.tt/bells", "2")
            let count = try await rings
            let share = (try processorTime(pid) - used) / begun.duration(to: .now)
            print("\(count.split(separator: "\n").first ?? "") rings: the host used \(Int(share * 100)) % of a core")
            #expect(share < 0.4, "the host used \(Int(share * 100)) % of a core")
            async let more = python(Self.flood, town.root + "/.tt/bells", "3")
            try await town.tt("send", "a", "hello")
            try await town.event("turn_finished")
            _ = try await more
            try await town.close()
        }
    #endif

    @Test func `a link in place of the bells' folder is not followed, and sockets there are left alone`() async throws {
        let intruder = try Intruder()
        let folder = try intruder.folder("clone")
        #expect(try await intruder.tt(["init", "--name", "clone"], in: folder).status.isSuccess)
        let elsewhere = try intruder.folder("elsewhere")
        // A socket of another program that does not listen at the moment: a ringer would remove a bell like that.
        _ = try await python(
            "import socket, sys; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).bind(sys.argv[1])",
            elsewhere + "/other.sock")
        try? FileManager.default.removeItem(atPath: folder + "/.tt/bells")
        try FileManager.default.createSymbolicLink(atPath: folder + "/.tt/bells", withDestinationPath: elsewhere)
        _ = try await intruder.tt(["backlog", "add", "something"], in: folder)
        #expect(FileManager.default.fileExists(atPath: elsewhere + "/other.sock"))
    }
}
