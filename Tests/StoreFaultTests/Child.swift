import Dispatch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Runs the crasher on `folder`, kills it with SIGKILL after it has said `lines` lines, and returns all that it said.
func killedCrasher(folder: String, after lines: Int) async -> [String] {
    await onThread { crasher([folder], killedAfter: lines) }
}

/// What the store in `folder` answers to a process of `user` that sends a message.
func answer(in folder: String, to user: uid_t) async -> [String] {
    await onThread { crasher([folder, "\(user)"], killedAfter: .max) }
}

/// Runs what blocks on a thread of its own.
private func onThread(_ body: @escaping @Sendable () -> [String]) async -> [String] {
    await withCheckedContinuation { continuation in
        DispatchQueue(label: "child").async { continuation.resume(returning: body()) }
    }
}

private func crasher(_ words: [String], killedAfter lines: Int) -> [String] {
    var pipe: [Int32] = [0, 0]
    precondition(unsafe_pipe(&pipe) == 0)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, pipe[1], 1)
    posix_spawn_file_actions_addclose(&actions, pipe[0])
    defer { posix_spawn_file_actions_destroy(&actions) }
    // The helper lies beside the test bundle.
    let own = CommandLine.arguments[0]
    let program = own[..<(own.lastIndex(of: "/") ?? own.startIndex)] + "/StoreCrasher"
    var pid: pid_t = 0
    var arguments: [UnsafeMutablePointer<CChar>?] = ([String(program)] + words).map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    let error = posix_spawn(&pid, String(program), &actions, nil, &arguments, environ())
    close(pipe[1])
    defer { close(pipe[0]) }
    guard error == 0 else { return [] }
    var said: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    var isKilled = false
    while true {
        let count = read(pipe[0], &chunk, chunk.count)
        if count <= 0 { break }
        said += chunk[..<count]
        if !isKilled, said.count(where: { $0 == 10 }) >= lines {
            kill(pid, SIGKILL)
            isKilled = true
        }
    }
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    return said.split(separator: 10).map { String(decoding: $0, as: UTF8.self) }
}

private func unsafe_pipe(_ ends: inout [Int32]) -> Int32 { pipe(&ends) }

/// An empty environment is enough for the helper.
private func environ() -> [UnsafeMutablePointer<CChar>?] { [nil] }
