#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// This program in another process that waits and tells when it got something.
///
/// It says one number after the other: when it got something, or `rests`.
final class Waiter {
    /// It has nothing to do but to wait.
    static let rests = 0.0

    private let pid: pid_t
    private let words: Int32
    private var last = 1.0

    /// Returns when the other process waits.
    init(_ arguments: [String]) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw BenchError("no pipe") }
        _ = (fcntl(ends[0], F_SETFD, FD_CLOEXEC), fcntl(ends[1], F_SETFD, FD_CLOEXEC))
        var words: [UnsafeMutablePointer<CChar>?] = ([CommandLine.arguments[0]] + arguments).map { strdup($0) } + [nil]
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        var pid: pid_t = 0
        let error = posix_spawn(&pid, "/proc/self/exe", &actions, nil, &words, nil)
        posix_spawn_file_actions_destroy(&actions)
        for word in words { free(word) }
        close(ends[1])
        guard error == 0 else { throw BenchError("the other process does not start") }
        self.words = ends[0]
        self.pid = pid
        try rest()
    }

    /// When the other process got the next message.
    func next() throws -> Double {
        repeat { try hear() } while last <= 0
        return last
    }

    /// Returns when the other process has had nothing to say for two milliseconds but that it rests. One that hears of
    /// its own work looks again; what comes meanwhile would be measured with the end of what was before. It cannot say
    /// that it looks, because reading that takes time from it.
    func rest() throws {
        while last != Self.rests { try hear() }
        var set = pollfd(fd: words, events: Int16(POLLIN), revents: 0)
        while poll(&set, 1, 2) != 0 {
            repeat { try hear() } while last != Self.rests
        }
    }

    private func hear() throws {
        guard read(words, &last, 8) == 8 else { throw BenchError("the other process ended") }
    }

    func end() {
        // It may have inherited a mask that holds back every other signal, and has nothing to finish.
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        close(words)
    }
}
