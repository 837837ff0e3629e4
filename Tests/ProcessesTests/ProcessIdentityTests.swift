import Concurrency
import Processes
import TestOrder
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct ProcessIdentityTests {
    /// Several threads, and memory that takes the kernel a while to give back.
    private let slowToEnd =
        "exec python3 -c 'import os, threading, time\n"
        + "held = bytearray(b\"x\" * (32 << 20))\n"
        + "for _ in range(8): threading.Thread(target=time.sleep, args=(600,)).start()\n"
        + "print(os.getpid(), flush=True)'"

    @Test func `what was killed does not count as running from the moment of the kill`() async throws {
        var lingered = 0
        for round in 0..<12 {
            let child = try await ChildProcess.spawn(shell(slowToEnd))
            var lines = Lines(try #require(child.output))
            let process = try #require(await lines.nextProcess())
            #expect(process.isRunning)
            // One that is stopped is woken to die.
            if round % 3 == 0 { process.send(.stop) }
            #expect(process.isRunning)
            process.send(.kill)
            #expect(!process.isRunning)
            if process.isAlive { lingered += 1 }
            _ = await child.exit
            #expect(!process.isAlive)
        }
        // Where the kernel ended each at once, this showed nothing.
        #expect(lingered > 0)
    }
}
