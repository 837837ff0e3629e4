import Concurrency
import Files
public import Operations
import Processes
import Redis

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Tries a server program out, because a version that a program prints is only a word.
public enum ServerTrial {
    /// Starts the program on a socket that only this user reaches, writes and reads a value, asks what it is, and ends it.
    ///
    /// - Returns: the version that the running server reports, such as `8.0.2`.
    /// - Throws: `OperationError` (`unavailable`) with what it did not do.
    public static func run(
        _ program: String, environment: [String: String], patience: Duration = .seconds(10)
    ) async throws(OperationError) -> String {
        var name = Array("/tmp/tt-trial-XXXXXX".utf8CString)
        // A short path, since a socket's may have 107 bytes; the system makes it, with the mode 0700.
        guard mkdtemp(&name) != nil else { throw OperationError(.unavailable, "no folder can be made in /tmp") }
        let folder = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { Files.remove(folder) }
        let arguments = [
            "--port", "0", "--unixsocket", folder + "/s", "--unixsocketperm", "700", "--save", "", "--appendonly", "no",
            "--daemonize", "no", "--dir", folder, "--logfile", folder + "/log",
        ]
        let launch = Launch(
            program, arguments, environment: environment.filter { ["PATH", "HOME", "LANG"].contains($0.key) },
            directory: folder, input: .none, output: .discard, errors: .discard)
        let child: ChildProcess
        do { child = try await ChildProcess.spawn(launch) } catch {
            throw OperationError(.unavailable, "\(program) cannot be started: \(error)")
        }
        let answer = await ask(child, socket: folder + "/s", patience: patience)
        _ = child.signal(.kill)
        _ = await child.exit
        switch answer {
        case .success(let version): return version
        case .failure(let failure): throw OperationError(.unavailable, "\(program) \(failure.what)")
        }
    }

    private struct Failure: Error {
        let what: String
    }

    private static func ask(_ child: ChildProcess, socket: String, patience: Duration) async -> Result<String, Failure>
    {
        let client = RedisClient(RedisEndpoint(.unix(path: socket)))
        defer { client.close() }
        let end = ContinuousClock.now + patience
        while !(await answers(client)) {
            if let exit = child.exitStatus { return .failure(Failure(what: "ended at once (\(exit))")) }
            guard .now < end else { return .failure(Failure(what: "does not answer at its socket")) }
            // A server tells nobody that it is ready.
            try? await Task.sleep(for: .milliseconds(20))
        }
        do {
            let value = "\(UInt64.random(in: .min ... .max))"
            _ = try await client.send(["SET", "trial", value])
            guard try await client.send(["GET", "trial"]).text == value else {
                return .failure(Failure(what: "does not keep what is written"))
            }
            let info = try await client.send(["INFO", "server"]).text ?? ""
            guard let version = RedisVersion(info: info) else {
                return .failure(Failure(what: "does not report a version"))
            }
            guard info.split(whereSeparator: \.isNewline).contains("process_id:\(child.pid)") else {
                return .failure(Failure(what: "left its socket to another process"))
            }
            return .success("\(version.major).\(version.minor).\(version.patch)")
        } catch {
            return .failure(Failure(what: "answers with an error: \(error)"))
        }
    }

    private static func answers(_ client: RedisClient) async -> Bool {
        (try? await client.send(["PING"])) != nil
    }
}
