import Concurrency
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

private struct NotFree: Error {}

private func acquire(_ path: String, text: String = "") throws -> FileLock {
    guard let lock = try FileLock.tryAcquire(path, text: text) else { throw NotFree() }
    return lock
}

/// Whether the lock can be had now; it is let go of at once.
private func canAcquire(_ path: String) throws -> Bool {
    guard let lock = try FileLock.tryAcquire(path) else { return false }
    lock.release()
    return true
}

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct FileLockTests {
    @Test func `one holder at a time, also within a process`() async throws {
        try await withScratchFolder { folder in
            let path = folder.path("lock")
            #expect(!FileLock.isHeld(path))
            let lock = try acquire(path, text: "first holder, with a long text")
            #expect(FileLock.isHeld(path))
            #expect(try !canAcquire(path))
            #expect(FileLock.text(of: path) == "first holder, with a long text")
            lock.release()
            #expect(!FileLock.isHeld(path))
            let next = try acquire(path, text: "second")
            #expect(FileLock.text(of: path) == "second")
            next.release()
        }
    }

    @Test func `killing the holder hands the lock over`() async throws {
        try await withScratchFolder { folder in
            let path = folder.path("lock")
            let script = """
                import fcntl, sys, time
                file = open(sys.argv[1], "w")
                fcntl.lockf(file, fcntl.LOCK_EX)
                print("held", flush=True)
                time.sleep(600)
                """
            let holder = try await ChildProcess.spawn(
                Launch("python3", ["-c", script, path], environment: plainEnvironment))
            var lines = Lines(try #require(holder.output))
            #expect(await lines.next() == "held")
            #expect(FileLock.isHeld(path))
            #expect(try !canAcquire(path))
            holder.signal(.kill)
            #expect(await holder.exit == .signalled(.kill))
            #expect(!FileLock.isHeld(path))
            #expect(try canAcquire(path))
        }
    }

    @Test func `a child does not inherit the lock`() async throws {
        try await withScratchFolder { folder in
            let path = folder.path("lock")
            let lock = try acquire(path)
            let child = try await ChildProcess.spawn(shell("read x", input: .stream))
            lock.release()
            #expect(!FileLock.isHeld(path))
            child.input?.close()
            _ = await child.exit
        }
    }

    @Test func `a lock file that was removed is not mistaken for the new one`() async throws {
        try await withScratchFolder { folder in
            let path = folder.path("lock")
            let old = try acquire(path)
            unlink(path)
            let new = try acquire(path)
            old.release()
            #expect(FileLock.isHeld(path))
            new.release()
        }
    }

    @Test func `a folder that is missing is an error`() throws {
        #expect(throws: ProcessError.self) { _ = try FileLock.tryAcquire("/nonexistent/folder/lock") }
    }
}
