/// What the environment says about the way to a town's Redis.
public enum RedisAccess {
    /// The variables of a person: an address and a password. Hosts need them, and no turn gets them.
    public static let names: Set = ["REDIS_URL", "TINYTOWN_REDIS_PASSWORD"]

    /// The variables of a turn: the socket of its host's relay, and the name of the town there. They decide, whatever
    /// `tinytown.toml` says: an agent that changes it is led nowhere else.
    static let (socket, town) = ("TINYTOWN_STORE_SOCKET", "TINYTOWN_STORE_TOWN")

    /// Whether this process works in a turn.
    static func isTurn(_ environment: [String: String]) -> Bool { environment["TINYTOWN_TURN"] != nil }
}
