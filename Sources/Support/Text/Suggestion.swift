/// Finds what somebody meant to type.
public enum Suggestion {
    /// The closest of `candidates`, or nil where none is close: at most a third of the word may be wrong, and at least
    /// one letter always may.
    public static func closest(to word: String, among candidates: some Sequence<String>) -> String? {
        let typed = Array(word.lowercased().utf8)
        var best: (distance: Int, candidate: String)?
        for candidate in candidates {
            let known = Array(candidate.lowercased().utf8)
            let distance = distance(typed, known)
            // A beginning of at least three letters is as good as one mistake.
            let score = typed.count >= 3 && known.starts(with: typed) ? min(distance, 1) : distance
            if score < best?.distance ?? Int.max { best = (score, candidate) }
        }
        guard let best, best.distance <= max(1, typed.count / 3) else { return nil }
        return best.candidate
    }

    /// Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other.
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        if left.isEmpty || right.isEmpty { return max(left.count, right.count) }
        var before: [Int] = []
        var last = Array(0...right.count)
        for row in 1...left.count {
            var now = [row] + Array(repeating: 0, count: right.count)
            for column in 1...right.count {
                let same = left[row - 1] == right[column - 1]
                now[column] = min(last[column] + 1, now[column - 1] + 1, last[column - 1] + (same ? 0 : 1))
                if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                    now[column] = min(now[column], before[column - 2] + 1)
                }
            }
            (before, last) = (last, now)
        }
        return last[right.count]
    }
}
