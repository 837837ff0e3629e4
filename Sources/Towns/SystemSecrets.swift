import Cryptography
import Model

/// Secrets of turns from the system's generator.
struct SystemSecrets: TurnSecrets {
    func make() -> TurnSecret {
        let text = Hex.text(SecureRandom.bytes(32))
        var digest = SHA256()
        digest.update(text.utf8)
        return TurnSecret(text: text, digest: digest.hexDigest())
    }
}
