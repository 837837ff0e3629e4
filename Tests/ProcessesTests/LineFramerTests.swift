import Processes
import Testing

struct LineFramerTests {
    private func frame(_ chunks: [[UInt8]], limit: Int = 100) -> (lines: [[UInt8]], skipped: Int) {
        var framer = LineFramer(limit: limit)
        var lines = chunks.flatMap { framer.append($0) }
        if let last = framer.finish() { lines.append(last) }
        return (lines, framer.skippedLines)
    }

    @Test(arguments: 1...12) func `where the chunks are cut changes nothing`(size: Int) {
        let text = Array("one\n\ntwo\r\nä\u{2028}\u{85}b\nlast".utf8)
        let chunks = stride(from: 0, to: text.count, by: size).map { Array(text[$0..<min($0 + size, text.count)]) }
        #expect(frame(chunks).lines == ["one", "", "two\r", "ä\u{2028}\u{85}b", "last"].map { Array($0.utf8) })
    }

    @Test func `bytes that are not text pass through`() {
        let bytes: [UInt8] = [0xFF, 0xC3, 0x00, 0x0A, 0xE2, 0x80]
        #expect(frame([bytes]).lines == [[0xFF, 0xC3, 0x00], [0xE2, 0x80]])
    }

    @Test func `a line at the limit is kept, a longer one is skipped and counted`() {
        let result = frame([Array("1234\n12345\n".utf8), Array("123".utf8), Array("4567\nab\n123456".utf8)], limit: 4)
        #expect(result.lines == [Array("1234".utf8), Array("ab".utf8)])
        #expect(result.skipped == 3)
    }

    @Test func `a line feed at the very end makes no empty line`() {
        #expect(frame([Array("a\n".utf8)]).lines == [[0x61]])
        #expect(frame([]).lines == [])
    }
}
