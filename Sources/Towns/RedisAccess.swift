/// What the environment says about the way to a town's Redis.
public enum RedisAccess {
    /// The variables: an address and a password. Whoever works for the town needs them, hosts and turns included: a `tt`
    /// without them would look for the town's state in another place.
    public static let names: Set = ["REDIS_URL", "TINYTOWN_REDIS_PASSWORD"]
}
