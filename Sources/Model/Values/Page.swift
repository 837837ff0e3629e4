/// A stretch of a listing.
public struct Page: Sendable, Equatable {
    public var offset: Int
    public var limit: Int

    public init(offset: Int = 0, limit: Int = 1000) {
        self.offset = Figure.int(offset, in: Figure.counts)
        self.limit = Figure.int(limit, in: Figure.counts)
    }
}
