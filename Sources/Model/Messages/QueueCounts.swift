/// Messages by state, over the whole town.
public struct QueueCounts: Sendable, Equatable, Codable {
    public var waiting: Int
    public var leased: Int
    public var dead: Int

    public init(waiting: Int = 0, leased: Int = 0, dead: Int = 0) {
        self.waiting = waiting
        self.leased = leased
        self.dead = dead
    }
}
