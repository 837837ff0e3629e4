import Model

/// The stretch of a listing that is wanted.
public struct PageInput: Codable, Sendable, Equatable {
    public var offset: Int?
    public var limit: Int?

    public init(offset: Int? = nil, limit: Int? = nil) {
        self.offset = offset
        self.limit = limit
    }
}

extension Page {
    /// A page of what a caller asked for; what makes no sense is the nearest that does.
    init(_ offset: Int?, _ limit: Int?, standard: Int = 1000) {
        self.init(offset: max(0, offset ?? 0), limit: max(1, limit ?? standard))
    }
}

/// Everything that a listing has, page by page.
func everything<Item>(_ list: (Page) async throws -> [Item]) async throws -> [Item] {
    var items: [Item] = []
    while true {
        let page = Page(offset: items.count, limit: 1000)
        let more = try await list(page)
        items += more
        if more.count < page.limit { return items }
    }
}

/// The beginning of an id, as people type it.
struct IDPrefix {
    /// Lower-case, with hyphens where a whole id has them.
    let text: String

    /// Nil unless `reference` is from four to 31 hexadecimal digits, with hyphens anywhere.
    init?(_ reference: String) {
        let digits = reference.lowercased().utf8.filter { $0 != UInt8(ascii: "-") }
        let isHex = digits.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
        guard digits.count >= 4, digits.count < 32, isHex else { return nil }
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index == 8 || index == 12 || index == 16 || index == 20 { text += "-" }
            text.unicodeScalars.append(Unicode.Scalar(digit))
        }
        self.text = text
    }

    func fits<Entity>(_ id: ID<Entity>) -> Bool { id.description.hasPrefix(text) }
}

extension PageInput: Described {
    public static let fields =
        [
            Field("offset", "how many to leave out before them", in: Bounds.offset) { $0.offset },
            Field("limit", "the most to list; 1000 if omitted", in: Bounds.limit) { $0.limit },
        ] as [Field<Self>]
}
