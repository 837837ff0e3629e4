/// Turns that may begin with a message without any of them ending, before it is taken out of circulation: a message
/// that kills its host each time must not do so for ever.
public let maxDeliveries = 50

/// What follows where turns end together with their host: a turn that takes its host down must not do so for ever, nor
/// take other turns with it.
public enum HostDeaths {
    /// After so many a message is a dead letter, unless the town says otherwise.
    public static let standard = 5

    /// After so many a turn with the message runs alone, where it is a dead letter after `most`: three of five.
    public static func alone(_ most: Int) -> Int { max(1, most / 5 * 3 + most % 5 * 3 / 5) }
}
