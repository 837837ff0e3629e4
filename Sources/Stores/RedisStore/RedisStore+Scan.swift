import Model
import Redis

/// Keys that no index names: what other programs made is looked for among all keys of the server, in pieces.
extension RedisStore {
    /// Hands over the keys that match, a piece at a time. A key may come more than once, and one that comes or goes
    /// meanwhile may be missed.
    ///
    /// - Parameters:
    ///   - type: only keys of this type, as the server names it.
    ///   - count: about how many keys the server looks at for a piece.
    func scan(
        _ pattern: String, type: String? = nil, count: Int = 1000,
        _ body: ([String]) async throws(StoreError) -> Void
    ) async throws(StoreError) {
        let options = ["MATCH", pattern, "COUNT", String(count)] + (type.map { ["TYPE", $0] } ?? [])
        var cursor = "0"
        repeat {
            let reply = try await command(["SCAN", cursor] + options)
            cursor = reply[0].text ?? "0"
            if !reply[1].elements.isEmpty { try await body(reply[1].texts) }
        } while cursor != "0"
    }

    /// When the records of these keys were made, as they say it; empty where they do not. They have to be hashes.
    func creationTimes(of keys: [String]) async throws(StoreError) -> [String] {
        let commands = keys.map { RedisCommand("HGET", $0, "created_at") }
        let replies = try await redis { client throws(RedisError) in try await client.pipeline(commands) }
        var times: [String] = []
        for reply in replies {
            if case .error(let error) = reply { throw StoreError(error) }
            times.append(reply.text ?? "")
        }
        return times
    }
}
