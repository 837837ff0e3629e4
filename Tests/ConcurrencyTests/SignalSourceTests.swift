import Concurrency
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite(.timeLimit(.minutes(1)), .serialized) struct SignalSourceTests {
    @Test func `a signal becomes a value instead of ending the process`() async {
        let source = SignalSource([.user1, .user2])
        var received = source.signals.makeAsyncIterator()
        kill(getpid(), SIGUSR2)
        #expect(await received.next() == .user2)
        kill(getpid(), SIGUSR1)
        #expect(await received.next() == .user1)
        source.cancel()
        #expect(await received.next() == nil)
    }

    @Test func `writing to a closed pipe is an error, not the end`() {
        SignalSource.ignoreBrokenPipes()
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        close(ends[0])
        #expect(write(ends[1], "x", 1) == -1)
        #expect(errno == EPIPE)
        close(ends[1])
    }

    @Test func `signals have names`() {
        #expect(Signal.terminate.description == "SIGTERM")
        #expect(Signal(rawValue: 42).description == "signal 42")
    }
}
