import Testing
import Text

/// What people type.
@Suite struct TypedTextTests {
    @Test(arguments: [
        ("90", 90), ("90s", 90), ("5m", 300), ("1h", 3600), ("2d", 172_800), ("1.5m", 90),
    ]) func `times are read`(text: String, seconds: Int) {
        #expect(DurationText.parse(text) == .seconds(seconds))
    }

    @Test(arguments: ["", "x", "-5", "1e9", "5 m", "m", "inf"]) func `what is no time is refused`(text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test(arguments: [("spwan", "spawn"), ("stat", "status"), ("statsu", "status"), ("lst", "list")])
    func `near misses are recognised`(typed: String, meant: String) {
        #expect(Suggestion.closest(to: typed, among: ["spawn", "status", "list", "send"]) == meant)
    }

    @Test func `nothing is suggested where nothing is near`() {
        #expect(Suggestion.closest(to: "xyzzy", among: ["spawn", "status"]) == nil)
    }
}
