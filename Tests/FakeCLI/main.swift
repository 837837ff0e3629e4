// An agent CLI that does what the file `scenario` in its working directory says, one step a line. Before the first
// step it writes what it was started with to the files `argv` (words separated by NUL) and `environment`.
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

func write(_ bytes: [UInt8], to descriptor: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress!, $0.count) }
        guard count > 0 else { exit(101) }
        rest = rest.dropFirst(count)
    }
}

func save(_ bytes: [UInt8], as name: String, more: Bool = false) {
    let file = open(name, O_WRONLY | O_CREAT | (more ? O_APPEND : O_TRUNC), 0o600)
    write(bytes, to: file)
    close(file)
}

func contents(of name: String) -> [UInt8] {
    let file = open(name, O_RDONLY)
    defer { close(file) }
    return file < 0 ? [] : readAll(file)
}

func readAll(_ file: Int32) -> [UInt8] {
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = read(file, &buffer, buffer.count)
        if count <= 0 { return result }
        result += buffer[..<count]
    }
}

#if canImport(Darwin)
    let newSession: Int16 = 0x0400
#else
    // A macro of GNU that does not import.
    let newSession: Int16 = 0x80
#endif

/// The value behind the last of `flags`.
func argument(_ flags: String...) -> String? {
    let words = CommandLine.arguments
    return words.indices.dropLast().last { flags.contains(words[$0]) }.map { words[$0 + 1] }
}

save(Array(CommandLine.arguments.joined(separator: "\0").utf8), as: "argv")
var variables: [UInt8] = []
#if os(Linux)
    variables = contents(of: "/proc/self/environ")
#endif
save(variables, as: "environment")
save(Array("\(getpid())\n".utf8), as: "pids", more: true)

// An earlier run may have left `scenario.2` for the second start.
var name = "scenario"
if access("started", F_OK) == 0, access("scenario.2", F_OK) == 0 { name = "scenario.2" }
save([], as: "started")

let asked = argument("--session-id", "--resume", "-s") ?? ""
for line in String(decoding: contents(of: name), as: UTF8.self).split(separator: "\n") {
    let space = line.firstIndex(of: " ") ?? line.endIndex
    let rest = line[space...].dropFirst().split(separator: "{session}", omittingEmptySubsequences: false)
        .joined(separator: asked)
    switch line[..<space] {
    case "read": save(readAll(0), as: "stdin")
    case "out": write(Array(rest.utf8) + [0x0A], to: 1)
    case "partial": write(Array(rest.utf8), to: 1)
    case "err": write(Array(rest.utf8) + [0x0A], to: 2)
    case "bytes": write(rest.split(separator: " ").map { UInt8($0, radix: 16)! }, to: 1)
    case "file": write(contents(of: rest), to: 1)
    case "exit": exit(Int32(rest)!)
    case "signal":
        // The runtime catches some of them to print a trace.
        signal(Int32(rest)!, SIG_DFL)
        kill(getpid(), Int32(rest)!)
    case "ignore-term": signal(SIGTERM, SIG_IGN)
    case "hang": while true { pause() }
    case "grandchild":
        // Started anew, because a process of this runtime must not go on after a bare fork.
        var child: pid_t = 0
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        posix_spawnattr_setflags(&attributes, newSession)
        let words = ["/bin/sleep", "600"]
        var list: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        posix_spawn(&child, "/bin/sleep", nil, &attributes, &list, environ)
        save(Array("\(child)\n".utf8), as: "pids", more: true)
    default:
        write(Array("unknown step: \(line)\n".utf8), to: 2)
        exit(64)
    }
}
