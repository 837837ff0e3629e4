/// Values that a name gives away: `API_KEY=…`, `"password": "…"`, `--token …`.
///
/// Code and prose are full of such names; only a value of at least eight letters and digits, both, is taken for a secret.
/// After an option letters alone will do.
enum NamedValue {
    /// What a telling name ends with, in lower case. A key is told by what stands before it as well.
    static let words = ["key", "token", "password", "passwd", "passphrase", "secret", "credential", "authorization"]
    private static let bytes = words.map { Array($0.utf8) }
    private static let kindsOfKeys = [
        "api", "access", "secret", "private", "auth", "signing", "encryption", "master", "account", "service",
    ].map { Array($0.utf8) }

    private static let value = ByteSet(except: { $0 <= 32 || $0 == 127 || "\"'`,;&<>(){}[]\\|".utf8.contains($0) })
    private static let quotes = ByteSet("\"'`\\")
    private static let spaces = ByteSet(" ")
    private static let mask = Redactor.mask("value")

    static func look(_ place: Place) -> Finding {
        let first = Place.lowercased(place.bytes[place.index])
        for word in bytes where word[0] == first {
            switch place.hasWord(word) {
            case .no: continue
            case .undecided: return .undecided
            case .yes: return word.count == 3 && !isKindOfKey(place) ? .nothing : value(place, after: word.count)
            }
        }
        return .nothing
    }

    private static func value(_ place: Place, after count: Int) -> Finding {
        let closing = place.run(of: quotes, from: place.index + count, limit: 2)
        if place.mayGoOn(closing, limit: 2) { return .undecided }
        let gap = place.run(of: spaces, from: closing.upperBound, limit: 3)
        if place.mayGoOn(gap, limit: 3) { return .undecided }
        let sign = place.run(of: ByteSet("=:"), from: gap.upperBound, limit: 1)
        if place.mayGoOn(sign, limit: 1) { return .undecided }
        // An option and its value are two words of a command line.
        let isOption = closing.isEmpty && isOption(place)
        guard !sign.isEmpty || (!gap.isEmpty && isOption) else { return .nothing }
        let space = place.run(of: spaces, from: sign.upperBound, limit: 3)
        if place.mayGoOn(space, limit: 3) { return .undecided }
        let opening = place.run(of: quotes, from: space.upperBound, limit: 2)
        if place.mayGoOn(opening, limit: 2) { return .undecided }
        let run = place.run(of: value, from: opening.upperBound, limit: 64)
        guard let first = run.first.map({ place.bytes[$0] }), !"$*-%@/".utf8.contains(first) else { return .nothing }
        // What an option is given is a value whatever it looks like.
        let isTold = isOption && place.hasLetter(run)
        if run.count >= Secret.shortest, isTold || (place.hasDigit(run) && place.hasLetter(run)) {
            return .secret(run, mask: mask, rest: SecretRest(bytes: value, limit: 4096))
        }
        return place.mayGoOn(run, limit: 64) ? .undecided : .nothing
    }

    // `api_key`, `api-key`, `apikey`, `apiKey`.
    private static func isKindOfKey(_ place: Place) -> Bool {
        var end = place.index
        if end > 0, "_-".utf8.contains(place.bytes[end - 1]) { end -= 1 }
        return kindsOfKeys.contains { kind in
            end >= kind.count
                && kind.indices.allSatisfy { Place.lowercased(place.bytes[end - kind.count + $0]) == kind[$0] }
        }
    }

    private static func isOption(_ place: Place) -> Bool {
        var start = place.index
        let stop = max(0, place.index - 32)
        while start > stop, KnownForms.word.contains(place.bytes[start - 1]) { start -= 1 }
        return place.bytes[start] == UInt8(ascii: "-") && place.bytes[start + 1] == UInt8(ascii: "-")
    }
}
