/// Where random numbers come from. Injected, so that a simulation repeats from its seed.
public protocol Randomness: Sendable {
    /// Sixty-four independent random bits.
    func next() -> UInt64
}

extension Randomness {
    /// A number in `0..<1`.
    public func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}

/// The operating system's generator.
public struct SystemRandomness: Randomness {
    public init() {}

    public func next() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }
}
