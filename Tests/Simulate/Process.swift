import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

func exitProcess(_ code: Int32) -> Never { exit(code) }

/// Set once, by the scenario's last job.
final class DoneFlag: Sendable {
    private let flag = Atomic(false)
    func set() { flag.store(true, ordering: .relaxed) }
    var isSet: Bool { flag.load(ordering: .relaxed) }
}
