import FoundationEssentials

/// The rules of a time zone: when its clocks differ from UTC, and by how much.
///
/// Read from the system's compiled files (RFC 8536), because what ships has no other knowledge of zones.
struct Zone: Sendable, Equatable {
    /// The moments at which the offset changes, in seconds since 1970, and the offset from then on.
    private var changes: [Change] = []
    /// The offset before the first change.
    private var first: Int64 = 0
    /// What holds after the last change.
    private var rule: ZoneRule?

    private struct Change: Sendable, Equatable {
        var at: Int64
        var offset: Int64
    }

    static let utc = Zone(offset: 0)

    /// A zone whose clocks never change. Seconds east of Greenwich.
    init(offset: Int64) { first = offset }

    /// The zone of this process: `TZ`, else the machine's. Tests put another in its place.
    @TaskLocal static var local = Zone.ofThisProcess(ProcessInfo.processInfo.environment["TZ"])

    /// The zone that the value of `TZ` means; the machine's for none.
    static func ofThisProcess(_ setting: String?) -> Zone {
        guard let setting, !setting.isEmpty else { return Zone(file: "/etc/localtime") ?? .utc }
        let name = setting.hasPrefix(":") ? String(setting.dropFirst()) : setting
        if name.hasPrefix("/") { return Zone(file: name) ?? .utc }
        return Zone(named: name) ?? ZoneRule(name).map { Zone(rule: $0) } ?? .utc
    }

    /// The zone of a name like `Europe/Berlin` or of an abbreviation that means one zone; nil where it is not known here.
    init?(named name: String) {
        if let offset = Self.abbreviations[name.uppercased()] {
            self.init(offset: offset)
            return
        }
        // A name comes from the words of a CLI; it must not lead out of the folder.
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard name.utf8.count <= 64, parts.count <= 3,
            parts.allSatisfy({ part in
                part.first?.isLetter == true
                    && part.unicodeScalars.allSatisfy {
                        $0.isASCII && ($0.properties.isAlphabetic || "0123456789_+-".unicodeScalars.contains($0))
                    }
            })
        else { return nil }
        for folder in ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/var/db/timezone/zoneinfo"] {
            if let zone = Zone(file: "\(folder)/\(name)") {
                self = zone
                return
            }
        }
        return nil
    }

    /// Reads a compiled file; nil where there is none of that form.
    init?(file path: String) {
        guard let data = try? Data(contentsOf: URL(filePath: path)), data.count < 1 << 20 else { return nil }
        self.init(compiled: [UInt8](data))
    }

    private init(rule: ZoneRule) {
        first = rule.standard
        self.rule = rule
    }

    /// Reads the bytes of a compiled file.
    init?(compiled bytes: [UInt8]) {
        guard let old = Header(bytes, at: 0) else { return nil }
        // The second part repeats the first with longer numbers; files of version 1 have none.
        let second = old.end(width: 4)
        guard old.version >= UInt8(ascii: "2"), let new = Header(bytes, at: second) else {
            self.init(bytes, old, width: 4)
            return
        }
        self.init(bytes, new, width: 8)
        let tail = bytes.dropFirst(new.end(width: 8))
        guard tail.first == 0x0A, let end = tail.dropFirst().firstIndex(of: 0x0A) else { return }
        rule = ZoneRule(String(decoding: tail[(tail.startIndex + 1)..<end], as: UTF8.self))
    }

    private init?(_ bytes: [UInt8], _ header: Header, width: Int) {
        guard header.end(width: width) <= bytes.count, header.types > 0 else { return nil }
        let times = header.start
        let indices = times + header.times * width
        let types = indices + header.times
        func offset(ofType type: Int) -> Int64? {
            type < header.types ? Self.number(bytes, at: types + type * 6, width: 4) : nil
        }
        guard let before = offset(ofType: 0) else { return nil }
        first = before
        for index in 0..<header.times {
            guard let offset = offset(ofType: Int(truncatingIfNeeded: bytes[indices + index])) else { return nil }
            changes.append(Change(at: Self.number(bytes, at: times + index * width, width: width), offset: offset))
        }
    }

    private struct Header {
        var version: UInt8
        /// Where the numbers begin.
        var start: Int
        var times: Int
        var types: Int
        private var characters: Int
        private var leaps: Int
        private var flags: Int

        init?(_ bytes: [UInt8], at place: Int) {
            guard place >= 0, place + 44 <= bytes.count, bytes[place..<(place + 4)].elementsEqual("TZif".utf8) else {
                return nil
            }
            version = bytes[place + 4]
            start = place + 44
            let counts = (0..<6).map { Zone.number(bytes, at: place + 20 + $0 * 4, width: 4) }
            guard counts.allSatisfy({ (0...100_000).contains($0) }) else { return nil }
            let sizes = counts.map { Int(truncatingIfNeeded: $0) }
            flags = sizes[0] + sizes[1]
            leaps = sizes[2]
            times = sizes[3]
            types = sizes[4]
            characters = sizes[5]
        }

        /// Where the part ends whose times have `width` bytes.
        func end(width: Int) -> Int {
            start + times * (width + 1) + types * 6 + characters + leaps * (width + 4) + flags
        }
    }

    private static func number(_ bytes: [UInt8], at place: Int, width: Int) -> Int64 {
        var value: UInt64 = 0
        for byte in bytes[place..<(place + width)] { value = value << 8 | UInt64(truncatingIfNeeded: byte) }
        return width == 8 ? Int64(bitPattern: value) : Int64(Int32(truncatingIfNeeded: value))  // fits: it is wider
    }

    /// Seconds to add to UTC at a moment, which is in seconds since 1970.
    func offset(at moment: Int64) -> Int64 {
        if let last = changes.last, moment < last.at {
            return changes.last { $0.at <= moment }?.offset ?? first
        }
        return rule?.offset(at: moment) ?? changes.last?.offset ?? first
    }

    /// The moment at which clocks of the zone show `seconds`, counted as if they were UTC. Of a time that they show twice
    /// the first, of one that they leave out the one after.
    func moment(showing seconds: Int64) -> Int64 {
        let candidates = [-86_400, 86_400].map { seconds - offset(at: seconds + $0) }
        return candidates.filter { $0 + offset(at: $0) == seconds }.min() ?? candidates[0]
    }

    /// Abbreviations that CLIs write and that mean one offset.
    private static let abbreviations: [String: Int64] = [
        "UTC": 0, "GMT": 0, "Z": 0, "PST": -28_800, "PDT": -25_200, "MST": -25_200, "MDT": -21_600, "CST": -21_600,
        "CDT": -18_000, "EST": -18_000, "EDT": -14_400, "CET": 3600, "CEST": 7200,
    ]
}
