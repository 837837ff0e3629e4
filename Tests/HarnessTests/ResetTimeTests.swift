import FoundationEssentials
import Model
import TestOrder
import Testing
import Text

@testable import Harnesses

private let now = Timestamp("2026-11-28T12:00:00Z")!

@Suite(.serialized, .queued) struct ResetTimeTests {
    @Test(
        arguments: [
            ("resets Nov 29, 9am (Europe/Berlin)", "2026-11-29T08:00:00Z"),
            ("Resets Dec 18 at 4am (Europe/Vienna)", "2026-12-18T03:00:00Z"),
            ("resets 10:20pm (America/Edmonton)", "2026-11-29T05:20:00Z"),
            ("resets 5:30am (Asia/Kolkata)", "2026-11-29T00:00:00Z"),
            ("resets 12:50am (America/Port-au-Prince)", "2026-11-29T05:50:00Z"),
            ("resets 12am UTC", "2026-11-29T00:00:00Z"), ("resets 12pm (UTC)", "2026-11-28T12:00:00Z"),
            ("resets 11:50am", "2026-11-28T11:50:00Z"), ("resets 11:30am", "2026-11-29T11:30:00Z"),
            ("resets Mon 9am", "2026-11-30T09:00:00Z"), ("resets tomorrow at 09:30", "2026-11-29T09:30:00Z"),
            ("resets Jan 3, 1am", nil), ("resets Dec 3", "2026-12-03T00:00:00Z"),
            ("try again at Dec 16th, 2026 12:04 AM.", "2026-12-16T00:04:00Z"),
            ("try again at 7:40 PM", "2026-11-28T19:40:00Z"),
            ("try again at 16 December 2026 18:00", "2026-12-16T18:00:00Z"),
            ("try again in 5 days 22 hours 11 minutes", "2026-12-04T10:11:00Z"),
            ("try again in 2h 30m", "2026-11-28T14:30:00Z"),
            ("try again in 1 day, 2 hours and 3 minutes", "2026-11-29T14:03:00Z"),
            ("try again in 1.5s", "2026-11-28T12:00:01.500Z"), ("retry in 2 minutes", "2026-11-28T12:02:00Z"),
            ("Retry-After: 20", "2026-11-28T12:00:20Z"), ("retry after 500 ms", "2026-11-28T12:00:00.500Z"),
            ("retry-after: Sat, 28 Nov 2026 12:30:00 GMT", "2026-11-28T12:30:00Z"),
            ("\"retryDelay\": \"41s\"", "2026-11-28T12:00:41Z"), ("limit reached|1795888800", "2026-11-28T18:00:00Z"),
            ("\"resets_at\":1795888800000", "2026-11-28T18:00:00Z"),
            ("\"resetsAt\":\"2026-11-28T18:00:00Z\"", "2026-11-28T18:00:00Z"),
            ("resets at 2026-11-28 18:00", "2026-11-28T18:00:00Z"),
            ("resets at 2026-11-28T18:00:00+02:00", "2026-11-28T16:00:00Z"),
            ("resets in 3 hours", "2026-11-28T15:00:00Z"),
            // What cannot be read, and what no plan has.
            ("resets soon", nil), ("resets", nil), ("try again later", nil),
            ("try again at 10 de jul. de 2026, 11:52", nil),
            ("resets 25:99", nil), ("resets 9am (../../etc/passwd)", "2026-11-29T09:00:00Z"),
            ("resets at 99999999999999999999", nil),
            ("try again in 99999999999 days", nil), ("resets Feb 30, 2031", nil),
        ] as [(String, String?)])
    func `a time in words is read`(text: String, expected: String?) {
        Zone.$local.withValue(.utc) {
            #expect(ResetTime.read(text, now: now) == expected.flatMap { Timestamp($0) })
        }
    }

    @Test func `a time without a zone is ours`() throws {
        let zone = try #require(Zone(named: "America/Edmonton"))
        Zone.$local.withValue(zone) {
            #expect(ResetTime.read("try again at 6:04 PM", now: now) == Timestamp("2026-11-29T01:04:00Z"))
        }
    }

    @Test(arguments: [1_795_888_800.0, 1_795_888_800_000, 1_795_888_800_000_000])
    func `seconds, milliseconds and microseconds are told apart`(number: Double) {
        #expect(ResetTime.time(in: .number(number), now: now) == Timestamp("2026-11-28T18:00:00Z"))
    }

    @Test(arguments: [0, -1, 1.8e17, Double.infinity, .nan, 1e300, 2_000_000_000])
    func `a number that cannot be the time of a reset is ignored`(number: Double) {
        #expect(ResetTime.time(in: .number(number), now: now) == nil)
    }
}

@Suite(.serialized, .queued) struct ZoneTests {
    private func offset(_ zone: Zone, _ time: String) -> Int64 {
        zone.offset(at: Timestamp(time)!.microseconds / 1_000_000)
    }

    @Test func `a zone changes its clocks when the system's file says so`() throws {
        let berlin = try #require(Zone(named: "Europe/Berlin"))
        #expect(offset(berlin, "2026-03-29T00:59:59Z") == 3600 && offset(berlin, "2026-03-29T01:00:00Z") == 7200)
        #expect(offset(berlin, "2026-10-25T00:59:59Z") == 7200 && offset(berlin, "2026-10-25T01:00:00Z") == 3600)
        // Behind the last change in the file, the rule holds.
        #expect(offset(berlin, "2090-07-01T00:00:00Z") == 7200 && offset(berlin, "2090-12-01T00:00:00Z") == 3600)
        #expect(offset(berlin, "1890-01-01T00:00:00Z") == 3208)
        let sydney = try #require(Zone(named: "Australia/Sydney"))
        #expect(offset(sydney, "2091-01-01T00:00:00Z") == 39_600 && offset(sydney, "2091-07-01T00:00:00Z") == 36_000)
    }

    @Test func `rules are read as POSIX writes them`() throws {
        let rule = try #require(ZoneRule("CET-1CEST,M3.5.0,M10.5.0/3"))
        #expect(rule.offset(at: Timestamp("2026-07-01T00:00:00Z")!.microseconds / 1_000_000) == 7200)
        #expect(ZoneRule("<+0530>-5:30")?.offset(at: 0) == 19_800)
        #expect(ZoneRule("EST5")?.offset(at: 0) == -18_000)
        #expect(ZoneRule("NZST-12NZDT,M9.5.0,M4.1.0/3")?.offset(at: 0) == 46_800)
        #expect(
            ZoneRule("AAA0BBB,J60/0,J61/0")?.offset(at: Timestamp("2028-03-01T12:00:00Z")!.microseconds / 1_000_000)
                == 3600
        )
        for bad in [
            "", "X", "CET-1CEST", "CET-1CEST,M13.1.0,M1.1.0", "CET-1CEST,M3.5.0", "<", "EST999",
            "EST5EDT,M3.2.0,M11.1.0x",
        ] {
            #expect(ZoneRule(bad) == nil, "\(bad)")
        }
    }

    @Test func `clocks that skip or repeat an hour still show every time`() throws {
        let berlin = try #require(Zone(named: "Europe/Berlin"))
        func moment(_ shown: String) -> Timestamp {
            Timestamp(microseconds: berlin.moment(showing: Timestamp(shown)!.microseconds / 1_000_000) * 1_000_000)
        }
        #expect(moment("2026-10-25T02:30:00Z") == Timestamp("2026-10-25T00:30:00Z"))
        #expect(moment("2026-03-29T02:30:00Z") == Timestamp("2026-03-29T01:30:00Z"))
        #expect(moment("2026-07-01T12:00:00Z") == Timestamp("2026-07-01T10:00:00Z"))
    }

    @Test func `the variable TZ means a zone, a file or a rule`() {
        #expect(Zone.ofThisProcess("Europe/Berlin").offset(at: 0) == 3600)
        #expect(Zone.ofThisProcess(":Europe/Berlin") == Zone(named: "Europe/Berlin"))
        #expect(Zone.ofThisProcess("EST5EDT,M3.2.0,M11.1.0").offset(at: 0) == -18_000)
        #expect(Zone.ofThisProcess("no such thing") == .utc)
        #expect(
            Zone(named: "Europe/Nowhere") == nil && Zone(named: "../../etc/passwd") == nil && Zone(named: "") == nil)
    }

    @Test func `a file that is none, or is cut, or lies about its size is refused`() throws {
        let whole = try #require(readFile("/usr/share/zoneinfo/Europe/Berlin"))
        for length in 0..<min(whole.count, 400) { _ = Zone(compiled: Array(whole.prefix(length))) }
        for place in 20..<44 {
            var bytes = whole
            bytes[place] = 0xFF
            _ = Zone(compiled: bytes)
        }
        #expect(Zone(compiled: Array("TZif".utf8)) == nil && Zone(compiled: []) == nil)
    }
}
