import CSodium

/// The library is made ready once in a process, before its first use.
enum Sodium {
    /// False where the system has no source of randomness.
    static let isReady = sodium_init() >= 0
}

/// Bytes from the system's generator for secrets.
public enum SecureRandom {
    /// So many bytes that nobody can guess.
    public static func bytes(_ count: Int) -> [UInt8] {
        precondition(Sodium.isReady, "the system gives no randomness")
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            if count > 0 { randombytes_buf(buffer.baseAddress!, count) }
            initialized = count
        }
    }
}

/// Bytes as lower-case hexadecimal digits.
public enum Hex {
    public static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
