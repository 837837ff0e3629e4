/// What doors know of an operation before they call it.
public struct OperationSpec: Sendable {
    /// `noun.verb` with underscores, unique in the catalogue and stable for ever.
    public var name: String
    /// Other names by which it can be called: those of Tinytown, and earlier ones.
    public var aliases: [String]
    /// One line without a full stop.
    public var summary: String
    /// More for pages and tools, in whole sentences.
    public var discussion: String
    public var scope: Scope
    /// Nil for what REST does not offer.
    public var route: Route?
    public var effect: Effect
    /// Whether repeating it changes nothing more.
    public var isIdempotent: Bool
    /// Whether something that was there is gone afterwards.
    public var isDestructive: Bool
    /// Errors that are its own, besides those that every operation may have.
    public var errors: [OperationError.Code]

    public init(
        _ name: String, _ summary: String, _ scope: Scope, aliases: [String] = [], discussion: String = "",
        route: Route? = nil, effect: Effect = .none, isIdempotent: Bool = false, isDestructive: Bool = false,
        errors: [OperationError.Code] = []
    ) {
        self.name = name
        self.summary = summary
        self.scope = scope
        self.aliases = aliases
        self.discussion = discussion
        self.route = route
        self.effect = effect
        self.isIdempotent = isIdempotent || scope == .read
        self.isDestructive = isDestructive
        self.errors = errors
    }
}

/// What a caller must be allowed to do.
public struct Scope: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ name: String) { description = name }

    /// Changes nothing.
    public static let read = Scope("read")
    /// Puts work into the town or moves it.
    public static let write = Scope("write")
    /// Changes who works in the town.
    public static let manage = Scope("manage")
    /// Concerns this machine and its user, not one town.
    public static let admin = Scope("admin")
}

/// What an operation needs of hosts. `TownService` sees to it.
public enum Effect: Sendable {
    case none
    /// Afterwards there is work, so a host has to run.
    case bringsWork
    /// Afterwards turns or agents have to end, which only a host does.
    case endsTurns
    /// Afterwards an agent is to run on this machine, even if a host of another one serves the town.
    case bringsAgent
    /// It waits for what hosts do, or relies on what a host of this machine learns as it starts: a host runs first.
    case needsHost
}

/// Where REST offers an operation.
public struct Route: Sendable, Hashable {
    public enum Method: String, Sendable { case get = "GET", post = "POST", put = "PUT", delete = "DELETE" }

    public var method: Method
    /// Such as `/v1/agents/{agent}`: the names in braces are fields of the input.
    public var path: String
    /// The status of success.
    public var status: Int

    public static func get(_ path: String) -> Route { Route(method: .get, path: path, status: 200) }
    public static func post(_ path: String, status: Int = 200) -> Route {
        Route(method: .post, path: path, status: status)
    }
    public static func put(_ path: String) -> Route { Route(method: .put, path: path, status: 200) }
    public static func delete(_ path: String) -> Route { Route(method: .delete, path: path, status: 200) }

    /// The fields that stand in the path.
    public var parameters: [String] {
        path.split(separator: "/").filter { $0.first == "{" && $0.last == "}" }.map {
            String($0.dropFirst().dropLast())
        }
    }
}
