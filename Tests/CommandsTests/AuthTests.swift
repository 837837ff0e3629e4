import Commands
import Configuration
import Cryptography
import FoundationEssentials
import Model
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct AuthTests {
    private struct Generated: Decodable {
        var api_key: String
        var api_key_hash: String
        var config: String
    }

    @Test func `a generated key fits its hash, and the configuration that is shown holds that hash`() async throws {
        let bench = try Bench()
        let result = await bench.tt("auth", "gen-key", "--json")
        let generated = try JSONDecoder().decode(Generated.self, from: Data(result.output.utf8))
        #expect(generated.api_key.hasPrefix("tt_") && generated.api_key.count == 67)
        #expect(PasswordHash.verify(generated.api_key, against: generated.api_key_hash))
        #expect(generated.api_key_hash.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(!generated.config.contains(generated.api_key))
        let (_, warnings) = try TownConfiguration.parse("name = \"x\"\n" + generated.config, file: "f")
        #expect(warnings.isEmpty && generated.config.contains("api_key_hash = \"\(generated.api_key_hash)\""))
    }

    @Test func `the key is shown once and kept nowhere`() async throws {
        let bench = try Bench()
        let output = await bench.tt("auth", "gen-key").output
        let key = try #require(output.split(separator: "\n").first { $0.hasPrefix("tt_") })
        #expect(output.ranges(of: key).count == 1)
        let (files, root) = (FileManager.default, bench.folder.path)
        for path in try files.subpathsOfDirectory(atPath: root) {
            let content = (try? String(contentsOfFile: root + "/" + path, encoding: .utf8)) ?? ""
            #expect(!content.contains(key), "\(path)")
        }
        #expect(try await bench.store.latestEvents(limit: 10, filter: .init()).isEmpty)
        #expect(await bench.tt("auth", "gen-key").output != output)
        let other = await bench.tt("generate-api-key")
        #expect(other.output.contains("\ntt_") && other.error.contains("tt auth gen-key"))
    }
}
