/// A version of Redis, or of Valkey, which is one for our purposes.
struct RedisVersion: Equatable, Comparable, CustomStringConvertible {
    var parts: [Int]

    /// The oldest that a town can use.
    static let oldest = RedisVersion(parts: [7, 0])

    init(parts: [Int]) { self.parts = parts }

    /// Reads `7.0.15`, `v8.0`, and a package's `5:7.0.15-1~deb12u6`; nil for anything else.
    init?(_ text: String) {
        var text = Substring(text)
        if let colon = text.firstIndex(of: ":") { text = text[text.index(after: colon)...] }
        if text.first == "v" { text.removeFirst() }
        let numbers = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }.split(separator: ".")
        let parts = numbers.compactMap { Int($0) }
        guard !parts.isEmpty, parts.count == numbers.count, text.first?.isNumber == true else { return nil }
        self.parts = parts
    }

    /// Reads what `redis-server --version` prints: `Redis server v=7.0.15 sha=…`.
    init?(banner: String) {
        guard let word = banner.split(separator: " ").first(where: { $0.hasPrefix("v=") }) else { return nil }
        self.init(String(word.dropFirst(2)))
    }

    var description: String { parts.map(String.init).joined(separator: ".") }

    /// Whether this is what `asked` names: `8.0` names every 8.0.x.
    func fits(_ asked: RedisVersion) -> Bool { parts.starts(with: asked.parts) }

    static func < (left: Self, right: Self) -> Bool { left.parts.lexicographicallyPrecedes(right.parts) }
}
