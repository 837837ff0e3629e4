import CHiredis

/// What a command is made of: text, bytes or a number.
public protocol RedisArgument: Sendable {
    /// Appends the bytes that are sent.
    func append(to bytes: inout [UInt8])
}

extension String: RedisArgument {
    public func append(to bytes: inout [UInt8]) { bytes.append(contentsOf: utf8) }
}

extension Substring: RedisArgument {
    public func append(to bytes: inout [UInt8]) { bytes.append(contentsOf: utf8) }
}

extension [UInt8]: RedisArgument {
    public func append(to bytes: inout [UInt8]) { bytes.append(contentsOf: self) }
}

extension Int: RedisArgument {
    public func append(to bytes: inout [UInt8]) { String(self).append(to: &bytes) }
}

extension Int64: RedisArgument {
    public func append(to bytes: inout [UInt8]) { String(self).append(to: &bytes) }
}

/// A command and its arguments. Arguments may hold any bytes.
///
/// ```swift
/// RedisCommand("SET", key, payload)
/// ```
public struct RedisCommand: Sendable, Hashable, ExpressibleByArrayLiteral {
    /// All arguments, one after the other.
    private(set) var storage: [UInt8] = []
    private(set) var lengths: [Int] = []
    /// Whether being carried out twice does no harm, as with reading. Such a command is sent again where a connection
    /// breaks before its answer came.
    public var isRepeatable = false

    /// A command from its name and its arguments.
    public init(_ name: String, _ arguments: any RedisArgument...) {
        self.init(name, arguments: arguments)
    }

    /// The same for a list that is only known at run time.
    public init(_ name: String, arguments: [any RedisArgument], isRepeatable: Bool = false) {
        append(name)
        for argument in arguments { append(argument) }
        self.isRepeatable = isRepeatable
    }

    /// `["GET", key]`.
    public init(arrayLiteral elements: String...) {
        for element in elements { append(element) }
    }

    /// Adds one argument.
    public mutating func append(_ argument: some RedisArgument) {
        let start = storage.count
        argument.append(to: &storage)
        lengths.append(storage.count - start)
    }

    /// The same command, which may be carried out twice.
    public var repeatable: RedisCommand {
        var copy = self
        copy.isRepeatable = true
        return copy
    }

    /// The first argument in upper case; for messages.
    public var name: String {
        String(decoding: storage.prefix(lengths.first ?? 0), as: UTF8.self).uppercased()
    }

    /// The longest argument's bytes.
    var longest: Int { lengths.max() ?? 0 }

    /// Appends the command as it goes over the wire.
    func encode(into output: inout [UInt8]) {
        storage.withUnsafeBytes { storage in
            // An empty array has no address, and hiredis copies nothing for a length of zero.
            let empty = UnsafePointer<CChar>(bitPattern: 1)
            let base = storage.baseAddress?.assumingMemoryBound(to: CChar.self) ?? empty
            var offset = 0
            var pointers: [UnsafePointer<CChar>?] = []
            pointers.reserveCapacity(lengths.count)
            for length in lengths {
                pointers.append(base.map { $0 + offset })
                offset += length
            }
            var target: UnsafeMutablePointer<CChar>?
            let count = redisFormatCommandArgv(&target, Int32(lengths.count), &pointers, lengths)
            guard count >= 0, let target else { preconditionFailure("no memory is left for a request") }
            output.append(contentsOf: UnsafeRawBufferPointer(start: target, count: Int(count)))
            free(target)
        }
    }
}
