/// Finds secrets of others by what keys, tokens and passwords look like.
struct KnownForms: SecretFinder {
    private struct Token {
        var prefix: [UInt8]
        /// Bytes after the prefix.
        var least: Int
        var bytes: ByteSet
        var mask: String
        /// Words are written like it as well: a digit among its first bytes tells them apart.
        var needsDigit = false

        init(_ prefix: String, _ least: Int, _ name: String, _ bytes: ByteSet = word, needsDigit: Bool = false) {
            self.prefix = Array(prefix.utf8)
            self.least = least
            self.bytes = bytes
            self.needsDigit = needsDigit
            mask = Redactor.mask(name)
        }
    }

    static let word = ByteSet("_-", lettersAndDigits: true)
    private static let dotted = ByteSet("_-.", lettersAndDigits: true)
    private static let base64 = ByteSet("+/=_-.~", lettersAndDigits: true)
    private static let capitals = ByteSet("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")

    private static let tokens = [
        Token("sk-", 20, "API key", needsDigit: true), Token("sk_live_", 16, "API key"),
        Token("sk_test_", 16, "API key"), Token("rk_live_", 16, "API key"), Token("gsk_", 32, "API key"),
        Token("xai-", 32, "API key", needsDigit: true), Token("hf_", 30, "API key"), Token("npm_", 30, "API key"),
        Token("pypi-", 40, "API key"), Token("ghp_", 20, "GitHub token"), Token("gho_", 20, "GitHub token"),
        Token("ghu_", 20, "GitHub token"), Token("ghs_", 20, "GitHub token", dotted), Token("ghr_", 20, "GitHub token"),
        Token("github_pat_", 20, "GitHub token"), Token("glpat-", 16, "GitLab token", dotted),
        Token("AKIA", 16, "AWS key", capitals), Token("ASIA", 16, "AWS key", capitals),
        Token("xoxa-", 10, "Slack token"), Token("xoxb-", 10, "Slack token"), Token("xoxe-", 10, "Slack token"),
        Token("xoxp-", 10, "Slack token"), Token("xoxr-", 10, "Slack token"), Token("xoxs-", 10, "Slack token"),
        Token("AIza", 30, "Google key"), Token("ya29.", 20, "Google token", dotted),
    ]

    private static let tokensByFirst = (0...255).map { first in tokens.filter { Int($0.prefix[0]) == first } }

    private static let beginnings: Beginnings = {
        var beginnings = Beginnings()
        for text in tokens.map(\.prefix) + [keyStart, webTokenStart, addressStart] {
            beginnings.insert(text[0], text[1], text[2])
        }
        // Words in whatever case.
        for word in schemes.map(\.0) + NamedValue.words.map({ Array($0.utf8) }) {
            for a in [word[0], word[0] - 32] {
                for b in [word[1], word[1] - 32] { for c in [word[2], word[2] - 32] { beginnings.insert(a, b, c) } }
            }
        }
        return beginnings
    }()

    static func mayBegin(in bytes: UnsafeBufferPointer<UInt8>) -> Bool { beginnings.any(in: bytes) }
    var beginnings: Beginnings { Self.beginnings }

    func look(at index: Int, in bytes: UnsafeBufferPointer<UInt8>, isLast: Bool) -> Finding {
        let place = Place(bytes: bytes, index: index, isLast: isLast)
        switch bytes[index] {
        case UInt8(ascii: "-"): return Self.privateKey(place)
        case UInt8(ascii: ":"): return Self.address(place)
        default: break
        }
        if place.isStart {
            let found = Self.token(place)
            guard case .nothing = found else { return found }
            let signed = Self.webToken(place)
            guard case .nothing = signed else { return signed }
            let header = Self.header(place)
            guard case .nothing = header else { return header }
        }
        return NamedValue.look(place)
    }

    private static func token(_ place: Place) -> Finding {
        for token in tokensByFirst[Int(place.bytes[place.index])] {
            switch place.has(token.prefix) {
            case .no: continue
            case .undecided: return .undecided
            case .yes: break
            }
            let start = place.index + token.prefix.count
            let run = place.run(of: token.bytes, from: start, limit: 64)
            let isEnough = run.count >= token.least && (!token.needsDigit || place.hasDigit(run))
            if isEnough {
                return .secret(
                    place.index..<run.upperBound, mask: token.mask, rest: SecretRest(bytes: token.bytes, limit: 4096))
            }
            if place.mayGoOn(run, limit: 64) { return .undecided }
        }
        return .nothing
    }

    private static let webTokenStart = Array("eyJ".utf8)

    /// `eyJ….eyJ….…`
    private static func webToken(_ place: Place) -> Finding {
        guard place.bytes[place.index] == UInt8(ascii: "e") else { return .nothing }
        switch place.has(webTokenStart) {
        case .no: return .nothing
        case .undecided: return .undecided
        case .yes: break
        }
        let run = place.run(of: word, from: place.index, limit: 1024)
        guard run.upperBound < place.bytes.count else { return place.mayGoOn(run, limit: 1024) ? .undecided : .nothing }
        guard run.count >= 12, place.bytes[run.upperBound] == UInt8(ascii: ".") else { return .nothing }
        let second = place.run(of: word, from: run.upperBound + 1, limit: 10)
        guard second.count >= 10 else { return place.mayGoOn(second, limit: 10) ? .undecided : .nothing }
        return .secret(
            place.index..<second.upperBound, mask: Redactor.mask("web token"),
            rest: SecretRest(bytes: dotted, limit: 16_384))
    }

    private static let schemes = [(Array("bearer".utf8), false), (Array("basic".utf8), true)]

    /// `Bearer …` anywhere, and `Basic …` in a header.
    private static func header(_ place: Place) -> Finding {
        guard Place.lowercased(place.bytes[place.index]) == UInt8(ascii: "b") else { return .nothing }
        for (scheme, isAmbiguous) in schemes {
            switch place.hasWord(scheme) {
            case .no: continue
            case .undecided: return .undecided
            case .yes: break
            }
            let start = place.index + scheme.count
            let spaces = place.run(of: ByteSet(" "), from: start, limit: 3)
            guard !spaces.isEmpty else {
                if place.mayGoOn(spaces, limit: 3) { return .undecided }
                continue
            }
            let run = place.run(of: base64, from: spaces.upperBound, limit: 64)
            let isHeader = place.isAfter("authorization")
            if run.count >= Secret.shortest, isHeader || (!isAmbiguous && place.hasDigit(run)) {
                return .secret(run, mask: Redactor.mask("credentials"), rest: SecretRest(bytes: base64, limit: 16_384))
            }
            if place.mayGoOn(run, limit: 64) { return .undecided }
        }
        return .nothing
    }

    private static let addressStart = Array("://".utf8)

    /// `scheme://user:password@host`
    private static func address(_ place: Place) -> Finding {
        let limit = 512
        switch place.has(addressStart) {
        case .no: return .nothing
        case .undecided: return .undecided
        case .yes: break
        }
        let run = place.run(of: authority, from: place.index + 3, limit: limit)
        if place.mayGoOn(run, limit: limit) { return .undecided }
        guard let at = run.last(where: { place.bytes[$0] == UInt8(ascii: "@") }),
            let colon = run.first(where: { place.bytes[$0] == UInt8(ascii: ":") }), colon + 1 < at
        else { return .nothing }
        return .secret(colon + 1..<at, mask: Redactor.mask("password"), rest: nil)
    }

    private static let authority = ByteSet(except: { $0 <= 32 || $0 == 127 || "/?#\"'`<>[]{}\\|^,".utf8.contains($0) })

    private static let keyStart = Array("-----BEGIN ".utf8)
    private static let keyTitle = ByteSet(" ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")

    /// `-----BEGIN … PRIVATE KEY-----` and all that follows up to its end.
    private static func privateKey(_ place: Place) -> Finding {
        switch place.has(keyStart) {
        case .no: return .nothing
        case .undecided: return .undecided
        case .yes: break
        }
        let run = place.run(of: keyTitle, from: place.index + keyStart.count, limit: 48)
        if place.mayGoOn(run, limit: 48) { return .undecided }
        let title = String(decoding: UnsafeBufferPointer(rebasing: place.bytes[run]), as: UTF8.self)
        guard title.hasSuffix("PRIVATE KEY") || title.hasSuffix("PRIVATE KEY BLOCK") else { return .nothing }
        let body = ByteSet("+/=\\:,-. \t\r\n()@", lettersAndDigits: true)
        return .secret(
            place.index..<run.upperBound, mask: Redactor.mask("private key"),
            // The dashes of its first line come next, so that only those of the last can end it.
            rest: SecretRest(
                bytes: body, limit: 16_384, end: Array((title.hasSuffix("BLOCK") ? " BLOCK-----" : "Y-----").utf8)))
    }
}
