/// What a client of a relay may ask: the commands that a town's verbs need, and nothing that tells or changes how the
/// server is set up, such as its password.
///
/// It reads requests as they pass, in pieces of any size, and holds back only the first words of a command.
struct RelayFilter: Sendable {
    /// What may go on to the server.
    enum Verdict: Sendable, Equatable {
        case pass([UInt8])
        /// The client asks for something else, or does not speak the protocol; with what it asked for.
        case refuse(String)
    }

    private enum Part: Sendable {
        /// `*3` or `$5`, up to the end of its line.
        case line
        /// Bytes of an argument that are still to come, its line end included.
        case argument(Int)
    }

    /// Commands that may be followed by anything.
    private static let free: Set<String> = [
        "PING", "INFO", "TIME", "TYPE", "GET", "HGET", "HMGET", "SCAN", "HSCAN", "SSCAN", "ZSCAN", "LRANGE", "EVAL",
        "EVALSHA",
        "FCALL", "SUBSCRIBE", "UNSUBSCRIBE",
    ]
    /// Commands that need more words, and how many arguments may follow these: CONFIG takes several settings at once.
    private static let longer: [String: ClosedRange<Int>] = [
        "FUNCTION LOAD": 1...2, "FUNCTION LIST": 0...3, "FUNCTION DELETE": 1...1, "CLIENT SETNAME": 1...1,
        "CONFIG GET notify-keyspace-events": 0...0, "CONFIG SET notify-keyspace-events": 1...1,
    ]
    private static let longestWord = 64
    private static let longestLine = 24
    private static let longestArgument = 512 << 20

    private var part = Part.line
    private var line: [UInt8] = []
    /// Arguments of this command that have not begun; nil before its first line.
    private var argumentsLeft: Int?
    private var word: [UInt8] = []
    private var words: [String] = []
    private var isAllowed = false
    private var held: [UInt8] = []

    /// Judges what a client sent. After a refusal the filter is of no use.
    mutating func take(_ bytes: ArraySlice<UInt8>) -> Verdict {
        var output: [UInt8] = []
        var rest = bytes
        while !rest.isEmpty {
            let piece: ArraySlice<UInt8>
            switch part {
            case .line:
                let end = rest.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? rest.endIndex
                piece = rest[..<end]
                line += piece.prefix(Self.longestLine + 1)
                guard line.count <= Self.longestLine else { return .refuse("something that is no request") }
                held += piece
                if line.last == UInt8(ascii: "\n"), !readLine() { return .refuse(name) }
            case .argument(let left):
                piece = rest.prefix(left)
                held += piece
                if !isAllowed { word += piece }
                part = .argument(left - piece.count)
                if left == piece.count, !endArgument() { return .refuse(name) }
            }
            rest = rest[piece.endIndex...]
            if isAllowed {
                output += held
                held = []
            }
        }
        return .pass(output)
    }

    private var name: String {
        words.isEmpty ? "something that is no request" : words.joined(separator: " ")
    }

    /// Reads a line that says how many arguments come, or how long the next one is.
    private mutating func readLine() -> Bool {
        defer { line = [] }
        guard line.count > 3, line.suffix(2) == [0x0D, 0x0A],
            line[1..<(line.count - 2)].allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(String(decoding: line[1..<(line.count - 2)], as: UTF8.self))
        else { return false }
        switch (line[0], argumentsLeft) {
        case (UInt8(ascii: "*"), nil):
            guard (1...1_000_000).contains(number) else { return false }
            argumentsLeft = number
            (words, isAllowed) = ([], false)
            return true
        case (UInt8(ascii: "$"), let left?):
            guard number <= (isAllowed ? Self.longestArgument : Self.longestWord) else { return false }
            argumentsLeft = left - 1
            part = .argument(number + 2)
            return true
        default: return false
        }
    }

    /// Goes on after an argument; false if the command is not allowed.
    private mutating func endArgument() -> Bool {
        part = .line
        if !isAllowed {
            let text = String(decoding: word.dropLast(2), as: UTF8.self)
            // The name of a setting counts as it is written; commands may be written in any case.
            words.append(words.count < 2 ? text.uppercased() : text)
            word = []
            let command = words.joined(separator: " ")
            isAllowed = Self.free.contains(words[0]) || Self.longer[command]?.contains(argumentsLeft ?? 0) == true
            let mayGoOn = isAllowed || (words.count < 3 && Self.longer.keys.contains { $0.hasPrefix(command + " ") })
            guard mayGoOn, isAllowed || argumentsLeft != 0 else { return false }
        }
        if argumentsLeft == 0 { argumentsLeft = nil }
        return true
    }
}
