/// How a client behaves. The defaults suit one client for a whole process.
public struct RedisOptions: Sendable {
    /// What the server's CLIENT LIST calls the connection; no spaces. Nil: nothing.
    public var name: String?
    /// The longest for a connection to be made, with everything that is said before it is used.
    public var connectTimeout: Duration = .seconds(5)
    /// The longest for one request, reconnecting included; nil: as long as it takes.
    public var requestTimeout: Duration? = .seconds(5)
    /// A server that owes an answer and says nothing for this long is given up: the connection ends. Nil: never.
    public var silenceLimit: Duration? = .seconds(15)
    /// The pause after the first failed attempt to connect; it doubles, with jitter of a half.
    public var firstDelay: Duration = .milliseconds(50)
    /// The longest pause between attempts.
    public var longestDelay: Duration = .seconds(2)
    /// Bytes that one argument may have.
    public var maxArgument = 64 << 20
    /// Bytes that one reply may have.
    public var maxReply = 128 << 20
    /// Requests and bytes that may wait, or be without an answer, at once; more are refused as `overloaded`.
    public var maxRequests = 100_000
    public var maxBytes = 256 << 20
    public init() {}

}
