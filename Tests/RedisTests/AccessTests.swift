import Concurrency
import Processes
import Redis
import RedisServers
import TestOrder
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct AccessTests {
    @Test(arguments: ServerProgram.all)
    func `passwords and users are told apart, in every way that they can be wrong`(_ program: ServerProgram)
        async throws
    {
        let password = "p@ss/w:rd%?#"
        let server = try await PrivateServer(program, arguments: ["--requirepass", password])
        func code(_ url: String) async throws -> RedisError? {
            let client = RedisClient(try RedisEndpoint(url: url))
            defer { client.close() }
            do throws(RedisError) { try await client.connect() } catch { return error }
            return nil
        }
        let encoded = "p%40ss%2Fw%3Ard%25%3F%23"
        #expect(try await code("unix://:\(encoded)@\(server.socket)") == nil)
        #expect(try await code("unix://default:\(encoded)@\(server.socket)") == nil)
        #expect(try await code("unix://\(server.socket)")?.code == .noPassword)
        let wrong = try await code("unix://:hunter2@\(server.socket)")
        #expect(wrong?.code == .wrongPassword)
        #expect(wrong?.message.contains("hunter2") == false)

        let admin = RedisClient(try RedisEndpoint(url: "unix://:\(encoded)@\(server.socket)"))
        try await admin.send(["ACL", "SETUSER", "ann", "on", ">her%one", "~mine:*", "+get", "+set"])
        let ann = RedisClient(try RedisEndpoint(url: "unix://ann:her%25one@\(server.socket)"))
        #expect(try await ann.send(["SET", "mine:a", "1"]) == .status("OK"))
        let refused = await #expect(throws: RedisError.self) { try await ann.send(["GET", "other"]) }
        #expect(refused?.code == .notPermitted)
        #expect(try await code("unix://ann:hers@\(server.socket)")?.code == .wrongPassword)

        let open = try await PrivateServer(program)
        #expect(try await code("unix://:any@\(open.socket)")?.code == .wrongPassword)
    }

    @Test func `a database and a name are set on every connection`() async throws {
        let server = try await PrivateServer()
        var options = RedisOptions.patient
        options.name = "the-town"
        let client = RedisClient(try RedisEndpoint(url: "unix://\(server.socket)?db=3"), options: options)
        for _ in 0..<2 {
            // To be asked again where the connection turns out to have ended with the last server.
            let info = try #require(try await client.send(RedisCommand("CLIENT", "INFO").repeatable).text)
            #expect(info.contains(" db=3 ") && info.contains(" name=the-town "))
            await server.kill()
            try await server.start()
        }
    }

    // The system's server only: the others are built without TLS.
    @Test func `encryption checks the server's certificate and name, and shows the client's own`() async throws {
        let folder = try ScratchFolder(prefix: "tt-redis")
        try await Certificates.make(in: folder)
        let port = try FreePort.next()
        let server = try await PrivateServer(
            .system, folder: folder,
            arguments: [
                "--tls-port", String(port), "--port", "0", "--tls-cert-file", folder.path("server.crt"),
                "--tls-key-file", folder.path("server.key"), "--tls-ca-cert-file", folder.path("ca.crt"),
            ])
        _ = server
        func attempt(_ host: String, _ tls: RedisTLS?) async -> RedisError? {
            let client = RedisClient(RedisEndpoint(.tcp(host: host, port: port), tls: tls))
            defer { client.close() }
            do throws(RedisError) {
                try await client.send(RedisCommand("SET", "a", [UInt8](repeating: 7, count: 3 << 20)))
                let value = try await client.send(["GET", "a"])
                guard value.bytes?.count == 3 << 20 else { return RedisError(.other, "not the same") }
            } catch { return error }
            return nil
        }
        let (authority, certificate, key) = (
            folder.path("ca.crt"), folder.path("client.crt"), folder.path("client.key")
        )
        #expect(await attempt("127.0.0.1", RedisTLS(authority: authority, certificate: certificate, key: key)) == nil)
        #expect(await attempt("localhost", RedisTLS(authority: authority, certificate: certificate, key: key)) == nil)
        let unknown = await attempt("localhost", RedisTLS(certificate: certificate, key: key))
        #expect(unknown?.code == .tls)
        #expect(unknown?.message.contains("is not trusted") == true)
        let name = RedisTLS(authority: authority, certificate: certificate, key: key, serverName: "elsewhere")
        #expect(await attempt("localhost", name)?.code == .tls)
        #expect(await attempt("localhost", RedisTLS(authority: authority))?.code == .tls)
        #expect(await attempt("localhost", RedisTLS(authority: folder.path("missing")))?.code == .tls)
        #expect(await attempt("localhost", RedisTLS(authority: authority, certificate: certificate))?.code == .tls)
        #expect(await attempt("localhost", nil) != nil)
    }
}

/// Certificates for one test, made by openssl.
enum Certificates {
    static func make(in folder: ScratchFolder) async throws {
        try folder.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n", to: "names")
        let steps = [
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test-authority -keyout ca.key -out ca.crt",
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout server.key -out server.csr",
            "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt",
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=client -keyout client.key -out client.csr",
            "x509 -req -in client.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out client.crt",
        ]
        for step in steps {
            let result = try await ChildProcess.run(
                Launch(
                    "openssl", step.split(separator: " ").map(String.init),
                    environment: ["PATH": "/usr/bin:/bin", "HOME": folder.path], directory: folder.path))
            #expect(result.exit == .exited(0), "\(result.errorText)")
        }
    }
}
