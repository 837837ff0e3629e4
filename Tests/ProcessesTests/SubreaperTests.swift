import Concurrency
import Processes
import TestOrder
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

#if os(Linux)
    /// Each is a process of its own: one that adopts orphans does so to its end, and takes what other tests leave running for
    /// what is left of a turn.
    @Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct SubreaperTests {
        @Test func `an orphan comes to us and is reaped, while a child keeps its exit status`() async throws {
            await #expect(processExitsWith: .success) {
                Subreaper.enable()
                for round in 0..<20 {
                    let script = "(sh -c 'echo $$; exec sleep 600' &); exit \(round)"
                    let child = try await ChildProcess.spawn(shell(script))
                    var lines = Lines(try #require(child.output))
                    let orphan = try #require(await lines.nextProcess())
                    #expect(await child.exit == .exited(Int32(round)))
                    let status = try #require(FileLock.text(of: "/proc/\(orphan.pid)/status"))
                    #expect(status.contains("PPid:\t\(getpid())\n"))
                    orphan.send(.kill)
                    try await orphan.waitForExit()
                    // Only a reaped process leaves the table; the pidfd event comes before that.
                    while ProcessIdentity(pid: orphan.pid) == orphan { await Task.yield() }
                }
            }
        }
    }
#endif
