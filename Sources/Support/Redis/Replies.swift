/// Reads replies out of bytes, without a connection. For tests that try what no server sends.
package enum Replies {
    /// - Parameter piece: how many bytes come at a time.
    /// - Throws: as a connection.
    package static func read(_ bytes: [UInt8], piece: Int) throws(RedisError) -> [RedisValue] {
        var reader = ReplyReader(limit: 1 << 20)
        var values: [RedisValue] = []
        for start in stride(from: 0, to: bytes.count, by: max(1, piece)) {
            values += try reader.read(bytes[start..<min(bytes.count, start + max(1, piece))])
        }
        return values
    }
}
