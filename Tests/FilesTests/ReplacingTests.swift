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
            let isOver = Flag()
            let reading = Task.detached {
                var seen: [Int] = [0, 0]
                while !isOver.isSet {
                    let text = try #require(try path.text(limit: 1_000_000), "the file is missing")
                    let index = try #require(texts.firstIndex(of: text), "a part: \(text.utf8.count) bytes")
                    seen[index] += 1
                }
                return seen
            }
            for round in 0..<400 { try path.write(texts[(round + 1) % 2]) }
            isOver.set()
            let seen = try await reading.value
            #expect(seen.reduce(0, +) > 20, "\(seen)")
            #expect(Files.names(in: folder.path) == ["settings"], "nothing else is left")
        }
    }
}
