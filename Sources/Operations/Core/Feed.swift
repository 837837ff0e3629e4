import Model

/// A stream of what happens in a town: the log, the live status. Every door that follows something (`-f`, server-sent
/// events, notifications, screens) reads the same one.
public protocol Feed: Sendable {
    associatedtype Input: Described & Codable & Sendable
    associatedtype Item: Codable & Sendable

    /// Its name and everything that doors derive from.
    static var spec: FeedSpec { get }

    /// Opens it. Nothing that happens after this call is left out.
    ///
    /// The stream reads no further than its reader: one that is slow delays nobody. It ends when the store closes or
    /// its task is cancelled.
    /// - Throws: `OperationError`, `StoreError`. The stream throws what the store throws.
    static func open(_ input: Input, in town: OpenTown) async throws -> AsyncThrowingStream<Item, any Error>

    /// By what a reader that was cut off names the last item that it saw; nil if items have no place in an order.
    static func id(of item: Item) -> String?
}

extension Feed {
    public static func id(of item: Item) -> String? { nil }
}

/// What doors know of a feed before they open it.
public struct FeedSpec: Sendable {
    /// `noun.verb` with underscores, unique among operations and feeds, and stable for ever.
    public var name: String
    /// One line without a full stop.
    public var summary: String
    public var scope: Scope
    public var route: Route?

    public init(_ name: String, _ summary: String, _ scope: Scope, route: Route? = nil) {
        self.name = name
        self.summary = summary
        self.scope = scope
        self.route = route
    }
}

extension TownService {
    /// Opens a feed.
    /// - Parameter caller: nil means the one that opened the town.
    /// - Throws: as `call`.
    public func open<Opened: Feed>(
        _ feed: Opened.Type, _ input: Opened.Input, as caller: Caller? = nil
    ) async throws -> AsyncThrowingStream<Opened.Item, any Error> {
        var town = town
        if let caller { town.caller = caller }
        do {
            try input.validate()
            return try await Opened.open(input, in: town)
        } catch let error as StoreError {
            throw OperationError(error)
        }
    }
}
