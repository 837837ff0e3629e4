import FoundationEssentials
import Processes
import TestOrder
import TestSupport
import TestTown
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Server programs that somebody else wrote, or could change.
@Suite(.timeLimit(.minutes(2)), .serialized, .queued) struct BootstrapAttacks {
    private let victim: Intruder

    init() throws {
        victim = try Intruder()
    }

    /// A program that leaves a trace when it runs, and claims to be a server.
    private func impostor(_ path: String, mode: UInt32 = 0o755) throws -> String {
        let trace = victim.scratch.path("ran")
        _ = try victim.scratch.write(
            "#!/bin/sh\necho x >> '\(trace)'\necho 'Redis server v=8.0.2 sha=0'\n", to: path, mode: mode)
        return victim.scratch.path(path)
    }

    private var hasRun: Bool { FileManager.default.fileExists(atPath: victim.scratch.path("ran")) }

    private func environment(_ folder: String) -> [String: String] { ["PATH": "\(folder):/usr/bin:/bin"] }

    @Test func `an AI CLI that builds a program which only prints a version is not believed`() async throws {
        let folder = try victim.folder("programs")
        _ = try victim.scratch.write(
            """
            #!/bin/sh
            mkdir -p bin
            printf '#!/bin/sh\\necho "Redis server v=8.0.2 sha=0"\\n' > bin/redis-server
            chmod 700 bin/redis-server
            """, to: "programs/claude", mode: 0o755)
        let answer = try await victim.tt(
            ["bootstrap", "latest", "--json"], in: folder, environment: environment(folder))
        #expect(!answer.status.isSuccess && answer.errors.contains("not_verified"), "\(answer.errors)")
        #expect(!FileManager.default.fileExists(atPath: victim.ttHome + "/bin/redis-server"))
    }

    @Test func `a server that was built and serves is used, and the digest of its source is shown`() async throws {
        let folder = try victim.folder("programs")
        _ = try victim.scratch.write(
            """
            #!/bin/sh
            mkdir -p bin versions
            cp /usr/bin/redis-server bin/redis-server
            version=$(bin/redis-server --version | sed -n 's/.*v=\\([0-9.]*\\).*/\\1/p')
            printf source > versions/redis-$version.tar.gz
            """, to: "programs/claude", mode: 0o755)
        let answer = try await victim.tt(
            ["bootstrap", "latest", "--json"], in: folder, environment: environment(folder))
        #expect(answer.status.isSuccess, "\(answer.errors)")
        #expect(answer.output.contains("41cf6794ba4200b839c53531555f0f3998df4cbb01a4d5cb0b94e3ca5e23947d"))
    }

    @Test(.enabled(if: geteuid() == 0, "only root can play another user"))
    func `a server program of another user is not run, wherever it is found`() async throws {
        let folder = try victim.folder("theirs")
        let program = try impostor("theirs/redis-server")
        for path in [program, folder] { #expect(chown(path, 12345, 12345) == 0) }
        let environment = environment(folder)
        let town = try victim.folder("town")
        _ = try await victim.tt(["bootstrap", "--dry-run"], in: town, environment: environment)
        #expect(!hasRun)
        let made = try await victim.tt(
            ["init", "--name", "town"], in: town, environment: environment.merging(["TT_USE_SOCKET": "1"]) { $1 })
        _ = try await victim.tt(["status"], in: town, environment: environment)
        #expect(!hasRun, "\(made.errors)")
        _ = try await victim.tt(["stop", "--now", "--server"], in: town, environment: environment)
    }

    @Test func `a server program that every user can write is not run`() async throws {
        let folder = try victim.folder("open")
        _ = try impostor("open/redis-server", mode: 0o777)
        #expect(chmod(folder + "/redis-server", 0o777) == 0)
        let answer = try await victim.tt(["bootstrap", "--dry-run"], in: folder, environment: environment(folder))
        #expect(answer.output.contains("others can write"), "\(answer.output)")
        #expect(!hasRun)
    }
}
