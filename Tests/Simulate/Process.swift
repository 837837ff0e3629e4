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

/// Makes dictionaries the same in every run, by starting the program again with the runtime's switch for that: their
/// order must not depend on a random seed of the process.
func hashDeterministically() {
    guard getenv("SWIFT_DETERMINISTIC_HASHING") == nil else { return }
    setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1)
    var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) }
    arguments.append(nil)
    execv("/proc/self/exe", arguments)
    // Where that is not possible a run is still right, but may not repeat.
}

/// Shows what was printed so far, wherever it goes, so that a run that is stopped shows how far it came.
func showOutput() { fflush(nil) }
