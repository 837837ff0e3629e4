import Concurrency
import Cryptography

/// Makes a key for the townhall. The key is shown once and kept nowhere; its hash belongs into the configuration.
public struct GenerateKey: Operation {
    public static let spec = OperationSpec(
        "auth.generate_key", "Make an API key and its hash", .admin,
        discussion:
            "The key is kept nowhere. The hash is Argon2id (19 MiB, 2 passes): the key cannot be found from it.",
        errors: [.unavailable])

    public struct Output: Codable, Sendable, Equatable {
        public var key: String
        public var hash: String
        /// What to add to `tinytown.toml`.
        public var config: String

        enum CodingKeys: String, CodingKey {
            case key = "api_key"
            case hash = "api_key_hash"
            case config
        }
    }

    public static func run(_ input: Nothing, in town: OpenTown) async throws -> Output { try await make() }

    /// The same where no town is open.
    public static func make() async throws(OperationError) -> Output {
        let key = "tt_" + Hex.text(SecureRandom.bytes(32))
        // Argon2id is slow by design.
        guard let hash = await QueueExecutor(label: "argon2").run({ PasswordHash.make(key) }) else {
            throw OperationError(.unavailable, "there is not enough memory for the hash: 19 MiB")
        }
        return Output(
            key: key, hash: hash, config: "[townhall.auth]\nmode = \"api_key\"\napi_key_hash = \"\(hash)\"\n")
    }
}
