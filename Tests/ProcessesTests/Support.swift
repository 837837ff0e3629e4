import Concurrency
import Processes

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What the tests' own commands need.
let plainEnvironment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"]

/// A script for `sh`, started with nothing but a PATH and `extra`.
func shell(
    _ script: String, _ arguments: [String] = [], extra: [String: String] = [:], input: Launch.Input = .none
) -> Launch {
    Launch(
        "sh", ["-c", script, "sh"] + arguments,
        environment: plainEnvironment.merging(extra) { _, new in new }, input: input)
}

/// Reads a child's output line by line, each as soon as it is there.
struct Lines {
    private var iterator: ChildOutput.Iterator
    private var framer = LineFramer()
    private var ready: [[UInt8]] = []

    init(_ output: ChildOutput) { iterator = output.makeAsyncIterator() }

    mutating func next() async -> String? {
        while ready.isEmpty {
            guard let chunk = await iterator.next() else { return nil }
            ready = framer.append(chunk)
        }
        return String(decoding: ready.removeFirst(), as: UTF8.self)
    }

    /// The process whose number the next line holds.
    mutating func nextProcess() async -> ProcessIdentity? {
        await next().flatMap { Int32($0) }.flatMap { ProcessIdentity(pid: $0) }
    }
}

/// How many descriptors this process has open.
func openDescriptors() -> Int {
    var count = 0
    for descriptor: Int32 in 0..<4096 where fcntl(descriptor, F_GETFD) >= 0 { count += 1 }
    return count
}
