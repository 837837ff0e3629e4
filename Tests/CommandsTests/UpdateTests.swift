import TestSupport
import Testing

@testable import Commands

@Suite(.timeLimit(.minutes(1))) struct UpdateTests {
    @Test(arguments: [
        ("tinytown-0.2.0-linux-x86_64.tar.gz", "0.2.0"), ("tinytown_1.10.3_amd64.deb", "1.10.3"),
        ("tinytown_0.2.0~beta.1_arm64.deb", "0.2.0-beta.1"), ("tinytown-0.2.0-rc.1-linux-aarch64.tar.gz", "0.2.0-rc.1"),
        ("tinytown-linux.tar.gz", nil), ("other-0.2.0-linux-x86_64.tar.gz", nil), ("tinytown-0.2.0.zip", nil),
        ("tinytown_0.2_amd64.deb", nil), ("tinytown-99999999999.0.0-linux-x.tar.gz", nil), ("", nil),
    ])
    func `a version is read from the name of an archive`(name: String, expected: String?) {
        #expect(ReleaseVersion(fileName: name)?.description == expected)
    }

    @Test func `versions are compared as numbers, and what comes before a release is older`() throws {
        let order = ["0.1.0-1", "0.1.0-alpha", "0.1.0-alpha.2", "0.1.0-alpha.10", "0.1.0", "0.2.0", "0.10.0", "1.0.0"]
        let versions = try order.map { try #require(ReleaseVersion($0)) }
        #expect(versions.shuffled().sorted() == versions)
    }

    @Test func `a list of digests, a lone version and an archive are understood, and nothing changes`() async throws {
        let bench = try Bench()
        try bench.folder.write(
            "ab  tinytown-0.1.0-linux-x86_64.tar.gz\ncd *tinytown_99.0.1_amd64.deb\n", to: "SHA256SUMS")
        try bench.folder.write("v0.0.1\n", to: "old")
        try bench.folder.write("", to: "tinytown-98.0.0-linux-x86_64.tar.gz")
        try bench.folder.write("<html>tinytown</html>", to: "page")
        let newer = await bench.tt("update", "--check", "SHA256SUMS", "--json")
        #expect(newer.output.contains("\"available\":\"99.0.1\"") && newer.output.contains("\"update_available\":true"))
        #expect(await bench.tt("update", "--check", "old").output.contains("is newer than the release (0.0.1)"))
        #expect(
            await bench.tt("update", "--check", "tinytown-98.0.0-linux-x86_64.tar.gz").output
                .contains("tt 98.0.0 is available"))
        #expect(await bench.tt("update", "--check", "page").exit == .usage)
        #expect(await bench.tt("update", "--check", "nothing").exit == .notFound)
        #expect(await bench.tt("update", "--check", "ftp://example/SHA256SUMS").exit == .usage)
        #expect(await bench.tt("update").exit == .usage)
    }
}
