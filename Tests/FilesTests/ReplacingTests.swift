import Dispatch
import Files
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct ReplacingTests {
    private final class Flag: Sendable {
        private let flag = Atomic(false)
        func set() { flag.store(true, ordering: .relaxed) }
        var isSet: Bool { flag.load(ordering: .relaxed) }
    }

    @Test func `a reader of a file that is being replaced finds the old text or the new one, whole`() async throws {
        try await withScratchFolder { folder in
            let path = SafePath(path: folder.path("settings"), beneath: folder.path)
            let texts = ["short\n", String(repeating: "long ", count: 40_000)]
            try path.write(texts[0])
            let (isOver, isEnough) = (Flag(), Flag())
            let trouble = Mutex<String?>(nil)
            // Each on a thread of its own, so that they run beside each other whatever other tests do.
            let seen: [Int] = try await withCheckedThrowingContinuation { continuation in
                DispatchQueue(label: "reader").async {
                    defer { isEnough.set() }
                    continuation.resume(
                        with: Result {
                            var seen: [Int] = [0, 0]
                            while !isOver.isSet {
                                let text = try #require(try path.text(limit: 1_000_000), "the file is missing")
                                let index = try #require(texts.firstIndex(of: text), "a part: \(text.utf8.count) bytes")
                                seen[index] += 1
                                if seen.allSatisfy({ $0 > 10 }) { isEnough.set() }
                            }
                            return seen
                        })
                }
                DispatchQueue(label: "writer").async {
                    defer { isOver.set() }
                    var round = 0
                    while round < 400 || !isEnough.isSet {
                        round += 1
                        do { try path.write(texts[round % 2]) } catch { return trouble.withLock { $0 = "\(error)" } }
                    }
                }
            }
            #expect(trouble.withLock { $0 } == nil)
            #expect(seen.allSatisfy { $0 > 10 }, "\(seen)")
            #expect(Files.names(in: folder.path) == ["settings"], "nothing else is left")
        }
    }
}
