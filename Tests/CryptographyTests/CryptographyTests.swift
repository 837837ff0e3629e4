import Cryptography
import Testing

@Suite struct CryptographyTests {
    @Test func `SHA-256 gives the published digests, whatever the pieces`() {
        var whole = SHA256()
        whole.update(Array("abc".utf8))
        #expect(whole.hexDigest() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(SHA256().hexDigest() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        var pieces = SHA256()
        for byte in "abc".utf8 { pieces.update(CollectionOfOne(byte)) }
        #expect(pieces.hexDigest() == whole.hexDigest())
    }

    @Test func `a secret fits its own Argon2id hash and no other`() throws {
        let secret = Hex.text(SecureRandom.bytes(32))
        let hash = try #require(PasswordHash.make(secret))
        #expect(hash.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(PasswordHash.verify(secret, against: hash))
        #expect(!PasswordHash.verify(secret + "x", against: hash))
        #expect(!PasswordHash.verify("", against: hash))
        #expect(!PasswordHash.verify(secret, against: "not a hash"))
        #expect(try #require(PasswordHash.make(secret)) != hash, "each hash has a salt of its own")
    }

    @Test func `a hash of the reference implementation's format is understood`() {
        // Made with the argon2 command line program: password "password", salt "somesalt", m=65536, t=2, p=1.
        let hash =
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
        #expect(PasswordHash.verify("password", against: hash))
        #expect(!PasswordHash.verify("Password", against: hash))
    }

    @Test func `random bytes differ`() {
        #expect(SecureRandom.bytes(16) != SecureRandom.bytes(16))
        #expect(SecureRandom.bytes(0).isEmpty)
    }
}
