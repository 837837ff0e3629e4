/// The words after a program's name, with questions and changes that a dialect needs.
///
/// What stands after a lone `--` is text, not flags.
struct ArgumentList: Sendable, Equatable {
    var words: [String]

    init(_ words: [String] = []) { self.words = words }

    /// Where the flags end.
    private var flagsEnd: Int { words.firstIndex(of: "--") ?? words.endIndex }

    /// Whether one of `flags` is there, alone or as `--flag=value`.
    func has(_ flags: String...) -> Bool { has(flags) }

    /// Whether one of `flags` is there, alone or as `--flag=value`.
    func has(_ flags: [String]) -> Bool {
        words[..<flagsEnd].contains { word in flags.contains { Self.is(word, flag: $0) } }
    }

    /// The values of all occurrences of `flags`, in order, each from the next word or from behind `=`.
    func values(of flags: [String]) -> [String] {
        var found: [String] = []
        for (index, word) in words[..<flagsEnd].enumerated() {
            guard let flag = flags.first(where: { Self.is(word, flag: $0) }) else { continue }
            if word.utf8.count > flag.utf8.count {
                found.append(String(word.dropFirst(flag.count + 1)))
            } else if index + 1 < words.count {
                found.append(words[index + 1])
            }
        }
        return found
    }

    /// Adds `flag` (with `value`, where there is one) unless it or one of `rivals` is there.
    mutating func add(_ flag: String, _ value: String? = nil, unless rivals: String...) {
        guard !has([flag] + rivals) else { return }
        insert([flag] + (value.map { [$0] } ?? []))
    }

    /// Adds words at the end of the flags.
    mutating func insert(_ added: [String]) {
        words.insert(contentsOf: added, at: flagsEnd)
    }

    /// Takes out `flag` with its value, in each of its spellings.
    mutating func remove(_ flag: String) {
        var kept: [String] = []
        var index = 0
        let end = flagsEnd
        while index < words.count {
            let word = words[index]
            if index < end, Self.is(word, flag: flag) {
                index += word == flag ? 2 : 1
            } else {
                kept.append(word)
                index += 1
            }
        }
        words = kept
    }

    private static func `is`(_ word: String, flag: String) -> Bool {
        word == flag || (flag.hasPrefix("--") && word.hasPrefix(flag + "="))
    }
}
