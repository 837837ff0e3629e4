import Doorbell
import FoundationEssentials
import Synchronization
import TestOrder
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
}

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct DoorbellTests {
    let scratch: ScratchFolder
    let folder: String

    init() throws {
        scratch = try ScratchFolder()
        folder = scratch.path("bells")
    }

    @Test func `a ring before the wait is not lost`() async throws {
        let listener = try Listener(folder: folder)
        #expect(try Ringer(folder: folder).ring() == 1)
        #expect(await listener.next() == .rang)
    }

    @Test func `a ring during the wait ends it`() async throws {
        let listener = try Listener(folder: folder)
        async let outcome = listener.next(timeout: .seconds(50))
        try Ringer(folder: folder).ring()
        #expect(await outcome == .rang)
    }

    @Test func `without a ring the time runs out, and not before`() async throws {
        let listener = try Listener(folder: folder)
        let start = ContinuousClock.now
        #expect(await listener.next(timeout: .milliseconds(60)) == .timedOut)
        #expect(ContinuousClock.now - start >= .milliseconds(59))
        #expect(await listener.next(timeout: .zero) == .timedOut)
    }

    @Test func `a cancelled wait ends, whether it has begun or not`() async throws {
        let listener = try Listener(folder: folder)
        for early in [true, false] {
            let task = Task { await listener.next() }
            if !early { await Task.yield() }
            task.cancel()
            #expect(await task.value == .cancelled)
        }
        try Ringer(folder: folder).ring()
        #expect(await listener.next() == .rang)
    }

    @Test func `no ring is missed in ten thousand races`() async throws {
        let listener = try Listener(folder: folder)
        let ringer = Ringer(folder: folder)
        let board = Board()
        // A listener looks at the board; so after the last ring it must have seen the last number.
        async let seen: Int = {
            var last = 0
            while last < 10_000 {
                guard await listener.next() == .rang else { return last }
                last = board.number
                if last % 7 == 0 { await Task.yield() }
            }
            return last
        }()
        for number in 1...10_000 {
            board.number = number
            try ringer.ring()
            switch Int.random(in: 0..<4) {
            case 0: await Task.yield()
            case 1: for _ in 0..<Int.random(in: 0..<2000) { board.spin() }
            default: break
            }
        }
        #expect(await seen == 10_000)
    }

    @Test func `each ring after a look leads to a wake`() async throws {
        let listener = try Listener(folder: folder)
        let ringer = Ringer(folder: folder)
        for _ in 0..<2000 {
            async let outcome = listener.next()
            if Bool.random() { await Task.yield() }
            try ringer.ring()
            #expect(await outcome == .rang)
        }
        #expect(await listener.next(timeout: .milliseconds(20)) == .timedOut)
    }

    @Test func `a thousand rings collapse into a few wakes`() async throws {
        let listener = try Listener(folder: folder)
        let ringer = Ringer(folder: folder)
        for _ in 0..<1000 { #expect(try ringer.ring() == 1) }
        var wakes = 0
        while await listener.next(timeout: .milliseconds(100)) == .rang { wakes += 1 }
        #expect((1...5).contains(wakes))
    }

    @Test func `all that wait are woken, in all listeners`() async throws {
        let listeners = try (0..<5).map { _ in try Listener(folder: folder) }
        let ringer = Ringer(folder: folder)
        try await withThrowingTaskGroup(of: Listener.Outcome.self) { group in
            for listener in listeners { group.addTask { await listener.next() } }
            #expect(try ringer.ring() == 5)
            for try await outcome in group { #expect(outcome == .rang) }
        }
    }

    @Test func `nobody to ring is no error`() throws {
        #expect(try Ringer(folder: folder).ring() == 0)
        _ = try Listener(folder: folder)
        #expect(try Ringer(folder: folder).ring() == 0)
        #expect(names(in: folder) == [])
    }

    @Test func `folder and socket belong to their owner only`() throws {
        let listener = try Listener(folder: scratch.path("a/b/bells"))
        defer { listener.close() }
        var status = stat()
        for name in ["a", "a/b", "a/b/bells"] {
            #expect(stat(scratch.path(name), &status) == 0 && status.st_mode & 0o777 == 0o700)
        }
        let socket = try #require(names(in: scratch.path("a/b/bells")).first)
        #expect(stat(scratch.path("a/b/bells/\(socket)"), &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    @Test func `a path of three hundred characters works`() async throws {
        let long = scratch.path((0..<6).map { _ in String(repeating: "x", count: 50) }.joined(separator: "/"))
        #expect(long.utf8.count > 300)
        let listener = try Listener(folder: long)
        #expect(try Ringer(folder: long).ring() == 1)
        #expect(await listener.next() == .rang)
    }

    @Test func `a file in the folder's place is an error that says so`() throws {
        try scratch.write("", to: "bells")
        let error = #expect(throws: DoorbellError.self) { try Listener(folder: folder) }
        #expect(error?.code == .folder)
        #expect(error?.message == "\(folder) cannot be opened: Not a directory")
        #expect(throws: DoorbellError.self) { try Ringer(folder: folder).ring() }
    }

    @Test func `other files in the folder are left alone`() throws {
        let listener = try Listener(folder: folder)
        defer { listener.close() }
        try scratch.write("", to: "bells/notes.txt")
        try scratch.write("", to: "bells/.sock")
        #expect(try Ringer(folder: folder).ring() == 1)
        #expect(names(in: folder).count == 3)
    }
}

/// A number that two tasks share, and a way to lose a little time.
private final class Board: Sendable {
    private let value = Atomic(0)
    var number: Int {
        get { value.load(ordering: .sequentiallyConsistent) }
        set { value.store(newValue, ordering: .sequentiallyConsistent) }
    }
    func spin() { _ = value.load(ordering: .relaxed) }
}
