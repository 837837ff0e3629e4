/// A version of Tinytown: three numbers, and perhaps what it is before (`0.2.0-beta.1`).
struct ReleaseVersion: Equatable, Comparable, CustomStringConvertible {
    var numbers: [Int]
    /// What stands behind a dash; empty for a release.
    var suffix: String

    /// Reads `0.2.0` or `v0.2.0-beta.1`; nil for anything else.
    init?(_ text: some StringProtocol) {
        let body = text.hasPrefix("v") ? text.dropFirst() : text[...]
        let parts = body.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let fields = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let numbers = fields.compactMap { field in
            field.count < 9 && field.allSatisfy { $0.isASCII && $0.isNumber } ? Int(field) : nil
        }
        guard numbers.count == 3, fields.count == 3 else { return nil }
        let suffix = parts.count > 1 ? parts[1] : ""
        guard parts.count == 1 || !suffix.isEmpty, suffix.count < 40,
            suffix.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-") })
        else { return nil }
        self.numbers = numbers
        self.suffix = String(suffix)
    }

    /// The version in the name of an archive or package: `tinytown-0.2.0-linux-x86_64.tar.gz`, `tinytown_0.2.0_amd64.deb`.
    init?(fileName: some StringProtocol) {
        guard
            let rest = ["tinytown-", "tinytown_"].first(where: fileName.hasPrefix).map({ fileName.dropFirst($0.count) })
        else { return nil }
        let end =
            if fileName.hasSuffix(".deb") {
                rest.firstIndex(of: "_")
            } else if fileName.hasSuffix(".tar.gz") {
                ["-linux-", "-macos-"].compactMap { Self.index(of: $0, in: rest) }.first
            } else { rest.startIndex as Substring.Index? }
        guard let end else { return nil }
        // A package writes what is before a release behind a tilde.
        self.init(String(rest[..<end].map { $0 == "~" ? "-" : $0 }))
    }

    private static func index<Text: StringProtocol>(of word: String, in text: Text) -> Text.Index? {
        text.indices.first { text[$0...].hasPrefix(word) }
    }

    var description: String { numbers.map(String.init).joined(separator: ".") + (suffix.isEmpty ? "" : "-" + suffix) }

    static func < (left: Self, right: Self) -> Bool {
        if left.numbers != right.numbers { return left.numbers.lexicographicallyPrecedes(right.numbers) }
        if left.suffix.isEmpty || right.suffix.isEmpty { return !left.suffix.isEmpty && right.suffix.isEmpty }
        return precedes(left.suffix, right.suffix)
    }

    // As semantic versions have it: numbers by their value and before words, and the shorter one first.
    private static func precedes(_ left: String, _ right: String) -> Bool {
        let (mine, other) = (left.split(separator: "."), right.split(separator: "."))
        for (a, b) in zip(mine, other) where a != b {
            switch (Int(a), Int(b)) {
            case (let a?, let b?): return a < b
            case (.some, nil): return true
            case (nil, .some): return false
            case (nil, nil): return a < b
            }
        }
        return mine.count < other.count
    }
}
