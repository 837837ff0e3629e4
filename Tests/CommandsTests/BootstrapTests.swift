import FoundationEssentials
import Operations
import TestSupport
import Testing

@testable import Commands

/// `tt bootstrap` with stand-ins for everything outside: no network, and nothing of this machine but `/bin/sh`.
@Suite(.timeLimit(.minutes(1))) struct BootstrapTests {
    private let bench: Bench

    init() throws {
        bench = try Bench()
        for folder in ["bin", "home"] {
            try FileManager.default.createDirectory(
                atPath: bench.folder.path(folder), withIntermediateDirectories: true)
        }
    }

    private var own: String { bench.folder.path("home/bin/redis-server") }

    private func program(_ name: String, _ script: String) throws {
        _ = try bench.folder.write("#!/bin/sh\n\(script)\n", to: "bin/\(name)", mode: 0o700)
    }

    /// A CLI that builds what its script says; the prompt goes to a file first.
    private func builder(_ name: String = "claude", version: String = "8.0.2", exit: Int = 0) throws {
        try program(
            name,
            """
            /bin/cat > prompt.txt
            /bin/mkdir -p bin versions/redis-\(version)
            printf '#!/bin/sh\\necho "Redis server v=\(version) sha=0:0 malloc=libc bits=64"\\n' \
                > versions/redis-\(version)/redis-server
            /bin/chmod 700 versions/redis-\(version)/redis-server
            /bin/ln -sf ../versions/redis-\(version)/redis-server bin/redis-server
            exit \(exit)
            """)
    }

    private func bootstrap(_ arguments: String...) async -> Bench.Result {
        let console = RecordingConsole()
        let environment = [
            "PATH": bench.folder.path("bin"), "HOME": bench.folder.path, "TT_HOME": bench.folder.path("home"),
        ]
        var parts = bench.parts(console, environment)
        // A stand-in serves what it prints, except for one that says so.
        parts.tryServer = { program, environment in
            let text = try String(contentsOfFile: program, encoding: .utf8)
            if text.contains("does not serve") {
                throw OperationError(.unavailable, "\(program) does not answer at its socket")
            }
            return String(try #require(text.firstMatch(of: #/v=([0-9.]+)/#)).1)
        }
        let exit = await CommandLineFace(commands: CommandTable.all, version: "1").run(
            ["bootstrap"] + arguments, parts: parts)
        return Bench.Result(exit: exit, output: console.output, error: console.error)
    }

    @Test func `a Redis that was built and runs is a success, and nothing of the task is left`() async throws {
        try builder()
        let result = await bootstrap("8.0", "--json")
        #expect(result.exit == .done, "\(result.error)")
        #expect(result.output.contains("\"installed\":true") && result.output.contains("\"version\":\"8.0.2\""))
        let prompt = try String(contentsOfFile: bench.folder.path("home/prompt.txt"), encoding: .utf8)
        #expect(prompt.contains("Install Redis 8.0 from source") && prompt.contains(bench.folder.path("home/bin")))
        #expect(!FileManager.default.fileExists(atPath: bench.folder.path("home/bootstrap_prompt.md")))
        let again = await bootstrap()
        #expect(again.exit == .done && again.output.hasPrefix("✅ Redis 8.0.2 is already there: \(own)\n"))
    }

    @Test func `success is told only of what runs`() async throws {
        try program("claude", "exit 0")
        let nothing = await bootstrap("latest", "--json")
        #expect(nothing.exit == .failed && nothing.error.contains("is not there"))
        try program("claude", "/bin/mkdir -p bin; echo junk > bin/redis-server; /bin/chmod 700 bin/redis-server")
        let junk = await bootstrap("latest", "--json")
        #expect(junk.exit == .failed && junk.error.contains("does not run"))
        try builder(version: "8.0.2", exit: 3)
        let failed = await bootstrap("latest", "--json")
        #expect(failed.exit == .failed && failed.error.contains("Redis was not installed"))
        try builder(version: "7.4.1")
        let wrong = await bootstrap("8.0.2", "--json")
        #expect(wrong.exit == .failed && wrong.error.contains("is 7.4.1, and 8.0.2 was asked for"))
        try program("claude", "exit 0")
        let old = await bootstrap("latest", "--json")
        #expect(old.exit == .failed && old.error.contains("without building anything"))
        let other = await bootstrap("latest", "--cli", "no-such-cli", "--json")
        #expect(other.exit == .notFound)
    }

    @Test func `a program that only prints a version is not believed, and no town finds it`() async throws {
        try program(
            "claude",
            """
            /bin/mkdir -p bin
            printf '#!/bin/sh\necho "Redis server v=8.0.2"\n# does not serve\n' > bin/redis-server
            /bin/chmod 700 bin/redis-server
            """)
        let result = await bootstrap("latest", "--json")
        #expect(result.exit == .failed && result.error.contains("not_verified"), "\(result.error)")
        #expect(!FileManager.default.fileExists(atPath: own))
    }

    @Test func `a program outside of the user's folder is not used`() async throws {
        try program("elsewhere", "echo 'Redis server v=8.0.2'")
        try program("claude", "/bin/mkdir -p bin; /bin/ln -s \(bench.folder.path("bin/elsewhere")) bin/redis-server")
        let result = await bootstrap("latest", "--json")
        #expect(result.exit == .failed && result.error.contains("leads out of"), "\(result.error)")
        #expect(!FileManager.default.fileExists(atPath: own))
    }

    @Test func `the source archive has to have the digest that was named`() async throws {
        // printf source | sha256sum
        let digest = "41cf6794ba4200b839c53531555f0f3998df4cbb01a4d5cb0b94e3ca5e23947d"
        try builder()
        let without = await bootstrap("8.0.2", "--sha256", digest, "--json")
        #expect(without.exit == .failed && without.error.contains("was not kept"), "\(without.error)")
        let archive = "home/versions/redis-8.0.2.tar.gz"
        _ = try bench.folder.write("planted", to: archive)
        let planted = await bootstrap("8.0.2", "--sha256", digest, "--json")
        #expect(planted.exit == .failed && planted.error.contains("wrong_source"), "\(planted.error)")
        #expect(!FileManager.default.fileExists(atPath: own))
        _ = try bench.folder.write("source", to: archive)
        let right = await bootstrap("8.0.2", "--sha256", digest, "--json")
        #expect(right.exit == .done && right.output.contains(digest), "\(right.error)")
        #expect(await bootstrap("8.0.2", "--sha256", "12").exit == .usage)
    }

    @Test func `a server on the PATH that others can change is not even asked`() async throws {
        try program("redis-server", "echo ran > \(bench.folder.path("ran")); echo 'Redis server v=8.0.2'")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o777], ofItemAtPath: bench.folder.path("bin/redis-server"))
        try program("claude", "exit 1")
        let result = await bootstrap("--dry-run")
        #expect(result.output.contains("others can write \(bench.folder.path("bin/redis-server"))"), "\(result.output)")
        #expect(result.output.contains("What would be done"))
        #expect(!FileManager.default.fileExists(atPath: bench.folder.path("ran")))
    }

    @Test func `what the PATH or a package manager has comes first`() async throws {
        try builder()
        try program(
            "apt-cache", "if [ \"$2\" = redis-server ]; then echo '  Candidate: 5:7.0.15-1~deb12u6'; fi")
        let package = await bootstrap()
        #expect(package.exit == .failed && package.output.contains("📦 Your package manager has Redis 7.0.15: "))
        #expect(package.error.contains("apt-get install redis-server") && package.error.contains("--yes"))
        #expect(!FileManager.default.fileExists(atPath: own))
        try program("apt-cache", "echo '  Candidate: 5:6.0.16-1'")
        #expect(await bootstrap("--dry-run").output.contains("📦") == false, "a package that is too old is no offer")
        try program("redis-server", "echo 'Redis server v=6.2.7 sha=0'")
        #expect(await bootstrap("--dry-run").output.contains("What would be done"))
        try program("redis-server", "echo 'Redis server v=7.2.0 sha=0'")
        let found = await bootstrap("--json")
        #expect(found.exit == .done && found.output.contains("\"source\":\"path\""))
        #expect(!FileManager.default.fileExists(atPath: own))
    }

    @Test func `--yes builds although there is a package`() async throws {
        try builder()
        try program("apt-cache", "echo '  Candidate: 5:7.0.15-1'")
        #expect(await bootstrap("--yes", "--json").exit == .done)
        #expect(FileManager.default.fileExists(atPath: own))
    }

    @Test func `a dry run shows the plan and does nothing`() async throws {
        try program("codex", "echo ran > \(bench.folder.path("ran"))")
        let before = try FileManager.default.subpathsOfDirectory(atPath: bench.folder.path)
        let result = await bootstrap("8.0.2", "--cli", "codex", "--dry-run")
        #expect(result.exit == .done && result.output.contains("which builds Redis 8.0.2 below"))
        #expect(result.output.contains("2. run: codex exec"))
        #expect(try FileManager.default.subpathsOfDirectory(atPath: bench.folder.path) == before)
    }

    @Test func `versions are read as programs and packages write them`() {
        #expect(RedisVersion("5:7.0.15-1~deb12u6") == RedisVersion(parts: [7, 0, 15]))
        #expect(RedisVersion("v8.0") == RedisVersion(parts: [8, 0]) && RedisVersion("latest") == nil)
        #expect(RedisVersion(banner: "Valkey server v=8.1.1 sha=0") == RedisVersion(parts: [8, 1, 1]))
        #expect(
            RedisVersion("6.2.99")! < .oldest && RedisVersion("7.0.0")! >= .oldest && RedisVersion("10.0")! > .oldest)
        #expect(
            RedisVersion("8.0.2")!.fits(RedisVersion("8.0")!) && !RedisVersion("8.0.2")!.fits(RedisVersion("8.0.1")!))
    }

    @Test(arguments: ["eight", "8.0;rm", "6.2"]) func `a version that makes no sense is refused`(version: String) async
    {
        #expect(await bootstrap(version).exit == .usage)
    }
}
