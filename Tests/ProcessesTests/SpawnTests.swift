import Concurrency
import Files
import Processes
import TestOrder
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct SpawnTests {
    @Test func `exit codes and signals come back as they were`() async throws {
        let exited = try await ChildProcess.run(shell("exit 42"))
        #expect(exited.exit == .exited(42))
        let signalled = try await ChildProcess.run(shell("kill -TERM $$"))
        #expect(signalled.exit == .signalled(.terminate))
    }

    @Test func `arguments reach the program byte for byte`() async throws {
        let arguments = [
            "a b", "", "\"quoted\" 'too'", "line\nbreak", "$(touch /nonexistent/x) `id` $HOME *", "ä\u{2028}",
        ]
        let launch = Launch(
            "python3", ["-c", "import sys; print(repr(sys.argv[1:]))"] + arguments,
            environment: plainEnvironment.merging(["PYTHONUTF8": "1"]) { $1 })
        let result = try await ChildProcess.run(launch)
        #expect(result.errorText == "")
        #expect(
            result.outputText
                == #"['a b', '', '"quoted" \'too\'', 'line\nbreak', '$(touch /nonexistent/x) `id` $HOME *', 'ä\u2028']"#
                + "\n")
    }

    @Test func `the environment is exactly what was given`() async throws {
        let environment = ["PATH": "/usr/bin:/bin", "A": "1 = 2", "EMPTY": ""]
        let result = try await ChildProcess.run(Launch("env", environment: environment))
        #expect(Set(result.outputText.split(separator: "\n")) == ["PATH=/usr/bin:/bin", "A=1 = 2", "EMPTY="])
    }

    @Test func `the working directory is the one asked for, and relative programs are looked for there`() async throws {
        try await withScratchFolder { folder in
            try folder.write("#!/bin/sh\npwd\n", to: "tool", mode: 0o700)
            chmod(folder.path("tool"), 0o700)
            let result = try await ChildProcess.run(
                Launch("./tool", environment: plainEnvironment, directory: folder.path))
            #expect(result.outputText == folder.path + "\n")
        }
    }

    @Test func `a child has only its three descriptors, its own session and default signals`() async throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)  // not closed on exec
        defer { for end in ends { close(end) } }
        SignalSource.ignoreBrokenPipes()
        let script =
            "ls /proc/self/fd; cut -d' ' -f6 /proc/self/stat; grep -E 'Sig(Blk|Ign)' /proc/self/status; echo $$"
        let result = try await ChildProcess.run(shell(script))
        let words = result.outputText.split { $0 == "\n" || $0 == "\t" }.map(String.init)
        // 3 is the directory that ls reads.
        #expect(words.prefix(4) == ["0", "1", "2", "3"])
        #expect(words[4] == words.last)
        let masks = try [words[6], words[8]].map { try #require(UInt64($0, radix: 16)) }
        // 32 and 33 belong to the C library, which lets nobody change them.
        #expect(masks.map { $0 & 0x7FFF_FFFF } == [0, 0])
    }

    @Test func `ten megabytes go through cat and come back`() async throws {
        let bytes = (0..<10_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let launch = Launch("cat", environment: plainEnvironment, input: .bytes(bytes))
        let result = try await ChildProcess.run(launch)
        #expect(result.exit.isSuccess)
        #expect(result.output == bytes)
    }

    @Test func `output that nobody reads for a while is not lost`() async throws {
        let child = try await ChildProcess.spawn(shell("head -c 5000000 /dev/zero; echo end"))
        // More than fits into the pipe and the buffer: the child has to wait for a reader.
        #expect(child.exitStatus == nil)
        let output = try #require(child.output)
        let bytes = await output.collect()
        #expect(bytes.count == 5_000_004)
        #expect(await child.exit == .exited(0))
    }

    @Test func `input that the child does not want is dropped without harm`() async throws {
        let result = try await ChildProcess.run(
            shell("exec <&-; echo done", input: .bytes(.init(repeating: 1, count: 1 << 20))))
        #expect(result.outputText == "done\n")
        #expect(result.exit == .exited(0))
    }

    @Test func `a conversation over an open input works until it is closed`() async throws {
        let child = try await ChildProcess.spawn(Launch("cat", environment: plainEnvironment, input: .stream))
        let input = try #require(child.input)
        var lines = Lines(try #require(child.output))
        for word in ["one", "two"] {
            try await input.write(Array("\(word)\n".utf8))
            #expect(await lines.next() == word)
        }
        input.close()
        #expect(await lines.next() == nil)
        #expect(await child.exit == .exited(0))
        await #expect(throws: ProcessError.self) { try await input.write([1]) }
    }

    @Test func `output goes to files and descriptors`() async throws {
        try await withScratchFolder { folder in
            let path = try folder.write("before\n", to: "log")
            var launch = shell("echo out; echo err >&2")
            launch.output = .file(SafePath(path: path))
            launch.errors = .file(SafePath(path: path))
            let child = try await ChildProcess.spawn(launch)
            #expect(await child.exit == .exited(0))
            let log = try await ChildProcess.run(Launch("cat", [path], environment: plainEnvironment))
            #expect(log.outputText == "before\nout\nerr\n")
        }
    }

    @Test func `what cannot be started says why`() async throws {
        try await withScratchFolder { folder in
            let text = try folder.write("text", to: "text")
            let orphan = try folder.write("#!/nonexistent/interpreter\n", to: "orphan", mode: 0o700)
            func code(_ launch: Launch) async -> ProcessError.Code? {
                do throws(ProcessError) {
                    _ = try await ChildProcess.spawn(launch)
                    return nil
                } catch { return error.code }
            }
            func launch(_ name: String, _ arguments: [String] = [], directory: String? = nil) -> Launch {
                Launch(name, arguments, environment: plainEnvironment, directory: directory)
            }
            #expect(await code(launch("no-such-program")) == .executableNotFound)
            #expect(await code(launch("/no/such/program")) == .executableNotFound)
            #expect(await code(launch(text)) == .notExecutable)
            #expect(await code(launch(folder.path)) == .notExecutable)
            #expect(await code(launch(orphan)) == .executableNotFound)
            #expect(await code(launch("true", directory: folder.path("gone"))) == .directoryMissing)
            #expect(await code(launch("true", ["a\0b"])) == .invalidArgument)
            #expect(await code(launch("true", [String(repeating: "x", count: 200_000)])) == .argumentsTooLong)
        }
    }

    @Test func `a hundred children at once all end`() async throws {
        try await withThrowingTaskGroup(of: Collected.self) { group in
            for index in 0..<100 {
                group.addTask {
                    try await ChildProcess.run(shell("cat; exit 7", input: .bytes(Array("\(index)".utf8))))
                }
            }
            var seen = Set<String>()
            for try await result in group {
                #expect(result.exit == .exited(7))
                seen.insert(result.outputText)
            }
            #expect(seen == Set((0..<100).map { "\($0)" }))
        }
    }

    @Test func `cancelling the wait leaves the child running, and it is reaped all the same`() async throws {
        let child = try await ChildProcess.spawn(shell("read x", input: .stream))
        let waiting = Task { try await child.waitForExit() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(child.identity.isAlive)
        child.input?.close()
        #expect(await child.exit == .exited(1))
        #expect(ProcessIdentity(pid: child.pid) != child.identity)
    }

    @Test func `cancelling a run ends the whole tree`() async throws {
        try await withScratchFolder { folder in
            let fifo = folder.path("fifo")
            #expect(mkfifo(fifo, 0o600) == 0)
            let run = Task {
                try await ChildProcess.run(shell("setsid sh -c 'echo $$ >\"$1\"; exec sleep 600' sh \"$1\"; :", [fifo]))
            }
            let reader = try await ChildProcess.run(Launch("cat", [fifo], environment: plainEnvironment))
            let number = try #require(Int32(reader.outputText.filter(\.isNumber)))
            let grandchild = try #require(ProcessIdentity(pid: number))
            run.cancel()
            await #expect(throws: CancellationError.self) { try await run.value }
            #expect(!grandchild.isAlive)
        }
    }

    @Test func `a detached program leads its own session and writes to its log`() async throws {
        try await withScratchFolder { folder in
            let log = folder.path("log")
            let fifo = folder.path("fifo")
            #expect(mkfifo(fifo, 0o600) == 0)
            let script = "readlink /proc/self/fd/0; echo $$ >&2; echo ready >\"$1\"; exec sleep 600"
            let identity = try await ChildProcess.spawnDetached(
                "sh", ["-c", script, "sh", fifo], environment: plainEnvironment, log: SafePath(path: log))
            let reader = try await ChildProcess.run(Launch("cat", [fifo], environment: plainEnvironment))
            #expect(reader.outputText == "ready\n")
            #expect(getsid(identity.pid) == identity.pid)
            #expect(FileLock.text(of: log) == "/dev/null\n\(identity.pid)\n")
            let report = await ProcessTree.terminate(identity, grace: .zero)
            #expect(report.killed == [identity])
            #expect(!identity.isAlive)
        }
    }
}

/// Counts what the whole process has open, so nothing else may run beside it.
@Suite(.serialized, .timeLimit(.minutes(1)), .alone) struct LeakTests {
    @Test func `two hundred spawns leave no descriptor and no zombie`() async throws {
        _ = try await ChildProcess.run(shell("cat", input: .bytes([1])))
        var own: [ProcessIdentity] = []
        let before = openDescriptors()
        for index in 0..<200 {
            let child = try await ChildProcess.spawn(shell("cat; echo x >&2", input: .bytes([1])))
            own.append(child.identity)
            if index.isMultiple(of: 2) {
                #expect(await child.output?.collect() == [1])
                #expect(await child.errors?.collect().count == 2)
            }
            #expect(await child.exit == .exited(0))
        }
        // What the runtime opens for itself meanwhile is a handful; a leak in one of three spawns would be dozens.
        #expect(openDescriptors() < before + 20)
        for identity in own { #expect(ProcessIdentity(pid: identity.pid) != identity) }
    }
}
