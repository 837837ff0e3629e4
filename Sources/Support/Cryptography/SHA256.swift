import CSodium

/// SHA-256 of bytes that come in pieces.
public struct SHA256: Sendable {
    private var state = crypto_hash_sha256_state()

    public init() {
        precondition(Sodium.isReady, "the library could not be started")
        crypto_hash_sha256_init(&state)
    }

    /// Adds bytes at the end.
    public mutating func update(_ bytes: some Collection<UInt8>) {
        let done: Void? = bytes.withContiguousStorageIfAvailable { buffer in
            if let start = buffer.baseAddress { crypto_hash_sha256_update(&state, start, UInt64(buffer.count)) }
        }
        if done == nil { update(Array(bytes)) }
    }

    /// The digest of everything so far, as 64 hexadecimal digits. More can be added afterwards.
    public func hexDigest() -> String {
        var copy = state
        var digest = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
        crypto_hash_sha256_final(&copy, &digest)
        return Hex.text(digest)
    }
}
