import COpenSSL

/// A Lua script, sent once in full and by its digest afterwards.
public struct RedisScript: Sendable, Hashable {
    /// The script.
    public let source: String
    /// The SHA-1 of the source in 40 hexadecimal digits: the name that the server gives it.
    public let digest: String
    /// Whether running it twice does no harm.
    public let isRepeatable: Bool

    /// A script; hashing makes one worth keeping.
    public init(_ source: String, isRepeatable: Bool = false) {
        self.source = source
        self.isRepeatable = isRepeatable
        var bytes = [UInt8](repeating: 0, count: 20)
        let text = Array(source.utf8)
        _ = SHA1(text, text.count, &bytes)
        digest = bytes.map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }

    /// The command that runs it by its digest, or, with `inFull`, one that every server understands. For use in a
    /// pipeline; the former answers `noScript` where the server does not know it.
    public func command(
        keys: [any RedisArgument], arguments: [any RedisArgument] = [], inFull: Bool = false
    ) -> RedisCommand {
        var all: [any RedisArgument] = [inFull ? source : digest, keys.count]
        all += keys
        all += arguments
        return RedisCommand(inFull ? "EVAL" : "EVALSHA", arguments: all, isRepeatable: isRepeatable)
    }
}

extension RedisClient {
    /// Runs a script: by its digest, and in full where the server does not know it, as after a restart.
    ///
    /// - Throws: what the script raised, as `other` with its words in `reply`, or the code that they stand for.
    public func run(
        _ script: RedisScript, keys: [any RedisArgument], arguments: [any RedisArgument] = [],
        timeout: Duration? = nil, isRepeatable: Bool = false
    ) async throws(RedisError) -> RedisValue {
        func command(inFull: Bool) -> RedisCommand {
            let command = script.command(keys: keys, arguments: arguments, inFull: inFull)
            return isRepeatable ? command.repeatable : command
        }
        do throws(RedisError) {
            return try await send(command(inFull: false), timeout: timeout)
        } catch {
            guard error.code == .noScript else { throw error }
            return try await send(command(inFull: true), timeout: timeout)
        }
    }
}
