import Files
import Processes
import Synchronization
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

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct RotatingLogTests {
    private final class Errors: Sendable {
        let list = Mutex<[ProcessError.Code]>([])
        var count: Int { list.withLock { $0.count } }
    }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }

    @Test func `a full log starts anew and keeps so many old ones`() async throws {
        try await withScratchFolder { folder in
            let path = folder.path("logs/deep/agent.log")
            let log = RotatingLog(SafePath(path: path), limit: 10, generations: 2)
            for line in ["aaaa", "bbbb", "cccc", "dddd\n", "eeee", "ffff", "gggg"] { log.write(line: line) }
            #expect(FileLock.text(of: path) == "gggg\n")
            #expect(FileLock.text(of: path + ".1") == "eeee\nffff\n")
            #expect(FileLock.text(of: path + ".2") == "cccc\ndddd\n")
            #expect(FileLock.text(of: path + ".3") == nil)
            #expect(mode(path) == 0o600)
            // Another writer goes on where this one stopped.
            RotatingLog(SafePath(path: path), limit: 10, generations: 2).write(line: "hhhh")
            #expect(FileLock.text(of: path) == "gggg\nhhhh\n")
        }
    }

    @Test func `lines of many threads are neither cut nor lost`() async throws {
        try await withScratchFolder { folder in
            let path = folder.path("log")
            let log = RotatingLog(SafePath(path: path), limit: 2000, generations: 100)
            await withTaskGroup(of: Void.self) { group in
                for writer in 0..<8 {
                    group.addTask { for line in 0..<200 { log.write(line: "writer \(writer) line \(line)") } }
                }
            }
            var lines: [Substring] = []
            for name in [path] + (1...100).map({ "\(path).\($0)" }) {
                lines += (FileLock.text(of: name) ?? "").split(separator: "\n")
            }
            let expected = (0..<8).flatMap { writer in (0..<200).map { "writer \(writer) line \($0)" } }
            #expect(lines.map(String.init).sorted() == expected.sorted())
        }
    }

    @Test func `a folder that is removed is made again`() async throws {
        try await withScratchFolder { folder in
            let log = RotatingLog(SafePath("logs/log", in: folder.path))
            log.write(line: "before")
            unlink(folder.path("logs/log"))
            rmdir(folder.path("logs"))
            log.write(line: "after")
            #expect(FileLock.text(of: folder.path("logs/log")) == "after\n")
        }
    }

    @Test func `an error is reported once, and again after things were well`() async throws {
        try await withScratchFolder { folder in
            let errors = Errors()
            let path = folder.path("log")
            mkdir(path, 0o700)  // a folder in the file's place
            let log = RotatingLog(SafePath(path: path)) { error in errors.list.withLock { $0.append(error.code) } }
            log.write(line: "lost")
            log.write(line: "lost")
            #expect(errors.count == 1)
            rmdir(path)
            log.write(line: "kept")
            #expect(FileLock.text(of: path) == "kept\n")
            unlink(path)
            mkdir(path, 0o700)
            log.write(line: "lost")
            #expect(errors.list.withLock { $0 } == [.unsafeFile, .unsafeFile])
        }
    }
}
