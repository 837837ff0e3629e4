/// A feed as doors see it that offer all of them by name: with the form of its JSON.
public struct AnyFeed: Sendable {
    public let spec: FeedSpec
    /// An object, with help for every field.
    public let input: Schema
    /// An object: one item of the stream.
    public let item: Schema

    init<Opened: Feed>(_ feed: Opened.Type) {
        spec = Opened.spec
        input = SchemaReader.schema(of: Opened.Input.self)
        item = SchemaReader.schema(of: Opened.Item.self)
    }
}

extension Catalogue {
    /// All feeds with their forms, sorted by name.
    public static let streams: [AnyFeed] = feeds.map { entry($0) }

    private static func entry<Opened: Feed>(_ feed: Opened.Type) -> AnyFeed { AnyFeed(feed) }
}
