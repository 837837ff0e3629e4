import CSodium

/// Argon2id hashes of secrets, as PHC strings: `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`.
///
/// Hashing and checking take some 20 ms and 19 MiB each, on purpose. Both block.
public enum PasswordHash {
    /// Memory in bytes: 19 MiB, OWASP's first choice for Argon2id.
    static let memory = 19_456 * 1024
    /// Passes over the memory.
    static let passes: UInt64 = 2

    /// A new hash with a salt of its own; nil where there is not enough memory.
    public static func make(_ secret: String) -> String? {
        precondition(Sodium.isReady, "the library could not be started")
        var text = [CChar](repeating: 0, count: Int(crypto_pwhash_STRBYTES))
        let secret = secret.utf8.map(CChar.init(bitPattern:))
        let result = crypto_pwhash_str_alg(
            &text, secret, UInt64(secret.count), passes, memory, crypto_pwhash_ALG_ARGON2ID13)
        guard result == 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether `secret` is what `hash` was made of. False, too, for text that is no hash.
    public static func verify(_ secret: String, against hash: String) -> Bool {
        precondition(Sodium.isReady, "the library could not be started")
        guard hash.utf8.count < Int(crypto_pwhash_STRBYTES) else { return false }
        let secret = secret.utf8.map(CChar.init(bitPattern:))
        return crypto_pwhash_str_verify(hash, secret, UInt64(secret.count)) == 0
    }
}
