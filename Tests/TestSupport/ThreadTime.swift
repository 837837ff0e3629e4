#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a piece of work costs the processor: other work on the machine, and waiting, do not count.
public enum ThreadTime {
    /// The processor time that this thread spends on `body`, which must not change threads.
    public static func measure(_ body: () throws -> Void) rethrows -> Duration {
        let begun = spent
        try body()
        return spent - begun
    }

    private static var spent: Duration {
        var time = timespec()
        let code = clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        precondition(code == 0, "a thread's clock can always be read")
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
