extension ID {
    /// An id that follows from others, for messages that the store itself writes: no randomness is needed inside a
    /// verb, and a verb that is carried out again writes the same message.
    ///
    /// - Parameters:
    ///   - parents: what the message comes from, as two words each.
    ///   - purpose: tells apart what comes from the same parents.
    public init(from parents: [(high: UInt64, low: UInt64)], purpose: UInt64) {
        var first: UInt64 = 0x6A09_E667_F3BC_C908 ^ purpose
        var second: UInt64 = 0xBB67_AE85_84CA_A73B &+ purpose
        for parent in parents {
            first = Self.mixed(first ^ parent.high) &+ second
            second = Self.mixed(second ^ parent.low) &+ first
            first = Self.mixed(first ^ parent.low &* 0x9E37_79B9_7F4A_7C15)
            second = Self.mixed(second ^ parent.high &* 0xC2B2_AE3D_27D4_EB4F)
        }
        // Version 8: an id whose bits are the application's own affair (RFC 9562).
        self.init(
            high: (first & 0xFFFF_FFFF_FFFF_0FFF) | 0x0000_0000_0000_8000,
            low: (second & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000)
    }

    package var words: (high: UInt64, low: UInt64) { (high, low) }

    private static func mixed(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// What the store writes messages for.
package enum Purpose {
    package static let refusal: UInt64 = 1
    package static let deathNotice: UInt64 = 2
    package static let taskFailed: UInt64 = 3
    package static let reminder: UInt64 = 4
    package static let released: UInt64 = 5
    package static let blocked: UInt64 = 6
    package static let groupEnded: UInt64 = 7
    package static let offer: UInt64 = 8
    package static let reclaimed: UInt64 = 9
    package static let ownerEnded: UInt64 = 10
    package static let need: UInt64 = 11
}

extension MessageID {
    /// The message that offers a task to an agent. There is one id for each pair, in whatever store: that the message is
    /// known is what keeps an offer from being repeated, also after the town moved.
    public init(offering task: TaskID, to agent: AgentID) {
        self.init(from: [task.words, agent.words], purpose: Purpose.offer)
    }
}
