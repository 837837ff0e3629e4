import CHiredis

/// Turns the bytes of a connection into replies. For one thread at a time.
struct ReplyReader: ~Copyable {
    private let reader: UnsafeMutablePointer<redisReader>
    /// How the reader makes its objects: within limits.
    private let functions: UnsafeMutablePointer<redisReplyObjectFunctions>
    /// Bytes that came since the last whole reply.
    private var unfinished = 0
    private let limit: Int

    /// - Parameter limit: bytes that one reply may have.
    init(limit: Int) {
        functions = .allocate(capacity: 1)
        guard let reader = chiredis_reader(functions) else {
            preconditionFailure("no memory is left for a connection")
        }
        self.reader = reader
        self.limit = limit
    }

    /// Arrays inside of each other: a deeper reply is no answer to anything that is asked.
    static let deepest = 32

    deinit {
        redisReaderFree(reader)
        functions.deallocate()
    }

    /// The replies that are whole with `bytes`, in order.
    /// - Throws: `protocolViolation` or `tooLarge`; the connection is useless then.
    mutating func read(_ bytes: ArraySlice<UInt8>) throws(RedisError) -> [RedisValue] {
        guard !bytes.isEmpty else { return [] }
        let fed = bytes.withUnsafeBytes { bytes in
            redisReaderFeed(reader, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        guard fed == REDIS_OK else { throw failure() }
        unfinished += bytes.count
        var values: [RedisValue] = []
        while true {
            var reply: UnsafeMutableRawPointer?
            guard redisReaderGetReply(reader, &reply) == REDIS_OK else { throw failure() }
            guard let reply else { break }
            defer { freeReplyObject(reply) }
            values.append(RedisValue(UnsafePointer(reply.assumingMemoryBound(to: redisReply.self))))
            unfinished = 0
        }
        guard reader.pointee.ridx < Self.deepest else {
            throw RedisError(.protocolViolation, "the server nests its replies too deeply")
        }
        guard unfinished <= limit else {
            throw RedisError(.tooLarge, "a reply of the server is larger than \(limit >> 20) MB")
        }
        return values
    }

    private func failure() -> RedisError {
        let text = withUnsafeBytes(of: reader.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return RedisError(
            .protocolViolation, "this is no Redis or Valkey server, or the connection is damaged: \(text)")
    }
}
