import Dispatch
public import Terminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where a command reads and writes; tests give one that remembers.
public protocol Console: Sendable {
    /// Writes to standard output.
    /// - Returns: false where nobody reads any more.
    @discardableResult
    func write(_ text: String) -> Bool
    /// Writes to standard error.
    func writeError(_ text: String)
    /// What standard output can show.
    var capabilities: TerminalCapabilities { get }
    /// The size of the terminal as it is now; a guess where there is none.
    var size: (columns: Int, rows: Int) { get }
    /// Columns of standard error; nil where no terminal shows it.
    var errorWidth: Int? { get }
    /// Whether a person types standard input.
    var isInputTerminal: Bool { get }
    /// Standard input, bytes that are not UTF-8 replaced. Waits for its end, or until it has more than `limit` bytes: the
    /// text is then longer than that, and the rest is left unread.
    func readInput(limit: Int) async -> String
    /// One line of standard input without its end; empty where there is no more. Waits for it.
    func readLine() async -> String
}

extension Console {
    public var size: (columns: Int, rows: Int) { (capabilities.width ?? 80, 24) }
    public var errorWidth: Int? { nil }
    public func readLine() async -> String { await readInput(limit: 1000).prefix { $0 != "\n" }.description }
}

/// The process's own standard streams.
public struct SystemConsole: Console {
    public let capabilities: TerminalCapabilities

    public init(environment: [String: String]) {
        capabilities = .detect(
            environment: environment, isTerminal: Output.standard.isTerminal, columns: Output.standard.columns)
    }

    public var size: (columns: Int, rows: Int) {
        (max(20, Output.standard.columns ?? capabilities.width ?? 80), Output.standard.rows ?? 24)
    }

    public var errorWidth: Int? {
        Output.error.isTerminal ? max(20, Output.error.columns ?? 80) : nil
    }

    /// Why output could not be written, where that was not for want of a reader.
    public static var outputFailure: String? { Output.failure }

    public func write(_ text: String) -> Bool { Output.standard.write(text) }

    public func writeError(_ text: String) { Output.error.write(text) }

    public var isInputTerminal: Bool { isatty(0) == 1 }

    public func readInput(limit: Int) async -> String {
        // A queue of its own, because a read from a terminal or a slow pipe blocks for as long as it likes.
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "standard input").async {
                var bytes: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 65_536)
                while bytes.count <= limit {
                    let count = read(0, &buffer, buffer.count)
                    if count > 0 {
                        bytes += buffer[..<count]
                    } else if count == 0 || errno != EINTR {
                        break
                    }
                }
                continuation.resume(returning: String(decoding: bytes, as: UTF8.self))
            }
        }
    }

    public func readLine() async -> String {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "standard input").async {
                var bytes: [UInt8] = []
                var byte: UInt8 = 0
                while bytes.count < 1000 {
                    let count = read(0, &byte, 1)
                    if count < 0, errno == EINTR { continue }
                    if count < 1 || byte == UInt8(ascii: "\n") { break }
                    bytes.append(byte)
                }
                continuation.resume(returning: String(decoding: bytes, as: UTF8.self))
            }
        }
    }
}
