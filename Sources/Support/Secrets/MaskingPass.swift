/// Looks for secrets of one kind.
protocol SecretFinder: Sendable {
    /// With which bytes a secret may begin.
    var beginnings: Beginnings { get }
    /// What begins at `index`.
    /// - Parameter isLast: nothing comes after `bytes`.
    func look(at index: Int, in bytes: UnsafeBufferPointer<UInt8>, isLast: Bool) -> Finding
}

enum Finding {
    case nothing
    /// It depends on the bytes that come next.
    case undecided
    /// The bytes in `range` are a secret. It begins at the place that was looked at or after it.
    case secret(Range<Int>, mask: String, rest: SecretRest?)
}

/// What still belongs to a secret after its range, for as long as it comes.
struct SecretRest: Sendable {
    var bytes: ByteSet
    var limit: Int
    /// Ends it as well, itself included.
    var end: [UInt8] = []
}

/// One pass over bytes that come in pieces.
struct MaskingPass<Finder: SecretFinder>: Sendable {
    /// Bytes before a place that a finder may look back at.
    static var lookBack: Int { 40 }

    private let finder: Finder
    /// The latest bytes that were passed on or masked, as they were.
    private var before: [UInt8] = []
    private var held: [UInt8] = []
    private var rest: SecretRest?
    private var restEnd: [UInt8] = []

    init(_ finder: Finder) { self.finder = finder }

    mutating func append(_ bytes: [UInt8], isLast: Bool) -> [UInt8] {
        let all = before + held + bytes
        var passed: [UInt8] = []
        var index = before.count
        let beginnings = finder.beginnings
        all.withUnsafeBufferPointer { all in
            passed.reserveCapacity(all.count - index)
            var copied = index
            scan: while index < all.count {
                if rest != nil {
                    index = afterRest(in: all, from: index)
                    copied = index
                    continue
                }
                index = beginnings.next(in: all, from: index)
                if index + 2 >= all.count {
                    // The last bytes may be the first of a secret.
                    while index < all.count, isLast || !beginnings.mayBegin(with: all[index...]) { index += 1 }
                    break scan
                }
                switch finder.look(at: index, in: all, isLast: isLast) {
                case .nothing: index += 1
                case .undecided: break scan
                case .secret(let range, let mask, let more):
                    passed.append(contentsOf: UnsafeBufferPointer(rebasing: all[copied..<range.lowerBound]))
                    passed.append(contentsOf: mask.utf8)
                    index = range.upperBound
                    copied = index
                    rest = more
                    restEnd = []
                }
            }
            if index > copied { passed.append(contentsOf: UnsafeBufferPointer(rebasing: all[copied..<index])) }
        }
        if isLast {
            (before, held, rest) = ([], [], nil)
        } else {
            before = Array(all[max(0, index - Self.lookBack)..<index])
            held = Array(all[index...])
        }
        return passed
    }

    private mutating func afterRest(in all: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        guard var going = rest else { return start }
        var index = start
        while index < all.count, going.limit > 0, going.bytes.contains(all[index]) {
            index += 1
            going.limit -= 1
            guard !going.end.isEmpty else { continue }
            restEnd.append(all[index - 1])
            if restEnd.count > going.end.count { restEnd.removeFirst() }
            if restEnd == going.end { going.limit = 0 }
        }
        // Only where the bytes are used up does it go on.
        rest = index == all.count && going.limit > 0 ? going : nil
        return index
    }
}

/// A set of bytes.
struct ByteSet: Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    init(_ text: String = "", lettersAndDigits: Bool = false) {
        for byte in text.utf8 { insert(byte) }
        guard lettersAndDigits else { return }
        for byte in UInt8(ascii: "0")...UInt8(ascii: "9") { insert(byte) }
        for byte in UInt8(ascii: "a")...UInt8(ascii: "z") {
            insert(byte)
            insert(byte - 32)
        }
    }

    /// All that do not satisfy `isLeftOut`.
    init(except isLeftOut: (UInt8) -> Bool) {
        for byte in UInt8.min...UInt8.max where !isLeftOut(byte) { insert(byte) }
    }

    mutating func insert(_ byte: UInt8) {
        let bit = UInt64(1) << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: words.0 |= bit
        case 1: words.1 |= bit
        case 2: words.2 |= bit
        default: words.3 |= bit
        }
    }

    func contains(_ byte: UInt8) -> Bool {
        let bit = UInt64(1) << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: return words.0 & bit != 0
        case 1: return words.1 & bit != 0
        case 2: return words.2 & bit != 0
        default: return words.3 & bit != 0
        }
    }
}

/// With which three bytes secrets may begin: one look at each place of a text tells whether anything may be there.
struct Beginnings: Sendable {
    // By a hash of the three: some others pass as well, and are looked at in vain.
    private var words = [UInt64](repeating: 0, count: 1024)
    private var pairs = [UInt64](repeating: 0, count: 1024)
    private var firsts = ByteSet()
    private(set) var isEmpty = true

    mutating func insert(_ first: UInt8, _ second: UInt8, _ third: UInt8) {
        let place = Self.place(first, second, third)
        words[place >> 6] |= 1 << UInt64(place & 63)
        let pair = Int(first) << 8 | Int(second)
        pairs[pair >> 6] |= 1 << UInt64(pair & 63)
        firsts.insert(first)
        isEmpty = false
    }

    func contains(_ first: UInt8, _ second: UInt8) -> Bool {
        let pair = Int(first) << 8 | Int(second)
        return pairs[pair >> 6] & (1 << UInt64(pair & 63)) != 0
    }

    func contains(_ first: UInt8) -> Bool { firsts.contains(first) }

    /// Whether one or two bytes at the end of a text may be the first of a secret.
    func mayBegin(with bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        bytes.count < 2 ? contains(bytes.first!) : contains(bytes.first!, bytes[bytes.startIndex + 1])
    }

    /// The first place from `start` on at which a secret may begin; one of the last two where there is none.
    func next(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        let last = bytes.count - 2
        if isEmpty { return max(start, last) }
        return words.withUnsafeBufferPointer { words in
            var index = start
            while index < last {
                let place = Self.place(bytes[index], bytes[index + 1], bytes[index + 2])
                if words[place >> 6] & (1 << UInt64(place & 63)) != 0 { break }
                index += 1
            }
            return index
        }
    }

    /// Whether a secret may be in `bytes`.
    func any(in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.count > 2 && next(in: bytes, from: 0) < bytes.count - 2
    }

    private static func place(_ first: UInt8, _ second: UInt8, _ third: UInt8) -> Int {
        (Int(first) &* 8191 &+ Int(second) &* 127 &+ Int(third)) & 0xFFFF
    }
}
