/// Masks secrets in text that leaves the town: logs, events, screens, snapshots, errors.
///
/// Values that are known come first, in each form in which they turn up (as they are, in JSON, in an address, in base64,
/// in hexadecimal). Then come the known forms of keys, tokens and passwords of others. In place of a secret stands
/// `[secret NAME]`; masking what is masked changes nothing. The work grows with the length of the text alone.
public struct Redactor: Sendable {
    let values: KnownValues

    /// Knows the forms and no value.
    public static let forms = Redactor([])

    public init(_ secrets: some Sequence<Secret>) { values = KnownValues(secrets) }

    /// The text with each secret masked.
    public func redacted(_ text: String) -> String {
        var text = text
        let masked = text.withUTF8 { bytes -> [UInt8]? in
            // Nothing that could be one: most texts.
            guard KnownForms.mayBegin(in: bytes) || values.mayBegin(in: bytes) else { return nil }
            return redacted(Array(bytes))
        }
        guard let masked, !masked.elementsEqual(text.utf8) else { return text }
        return String(decoding: masked, as: UTF8.self)
    }

    /// The bytes with each secret masked; what is not text is left as it is.
    public func redacted(_ bytes: [UInt8]) -> [UInt8] {
        var stream = RedactingStream(self)
        guard bytes.count > Self.piece else { return stream.append(bytes) + stream.finish() }
        var masked: [UInt8] = []
        masked.reserveCapacity(bytes.count)
        for start in stride(from: 0, to: bytes.count, by: Self.piece) {
            masked += stream.append(Array(bytes[start..<min(bytes.count, start + Self.piece)]))
        }
        return masked + stream.finish()
    }

    /// The words of a command line with the values of options such as `--api-key` masked, whatever they look like.
    public func redacted(commandLine: String) -> String {
        var words: [String] = []
        var isValue = false
        var quote: Character?
        for word in redacted(commandLine).split(separator: " ", omittingEmptySubsequences: false) {
            if let open = quote {
                // The rest of a value that is quoted and has spaces.
                if word.last == open { quote = nil }
            } else if isValue, !word.isEmpty, !word.hasPrefix("-"), !word.hasPrefix("[secret") {
                words.append(Self.isFigure(word) ? String(word) : Self.mask("option"))
                quote = Self.openQuote(of: word)
                isValue = false
            } else if let equals = word.firstIndex(of: "="), Secret.isSecret(String(word[..<equals])),
                let value = Optional(word[equals...].dropFirst()), !value.isEmpty, !value.hasPrefix("[secret"),
                !Self.isFigure(value)
            {
                words.append(word[...equals] + Self.mask("option"))
                quote = Self.openQuote(of: value)
            } else {
                words.append(String(word))
                if !word.isEmpty {
                    isValue = word.hasPrefix("-") && !word.contains("=") && Secret.isSecret(String(word))
                }
            }
        }
        return words.joined(separator: " ")
    }

    // `--max-tokens 4096` is no secret.
    private static func isFigure(_ text: Substring) -> Bool { text.allSatisfy(\.isNumber) }

    private static func openQuote(of word: Substring) -> Character? {
        guard let first = word.first, first == "\"" || first == "'", word.count == 1 || word.last != first else {
            return nil
        }
        return first
    }

    // A long text goes through in pieces that stay in the processor's cache.
    private static let piece = 1 << 16

    /// What stands in the place of a secret.
    static func mask(_ name: some StringProtocol) -> String { "[secret \(name)]" }
}

/// The same for bytes that come in pieces: a secret that is cut in two is found.
///
/// Held back is only what may be the beginning of a secret, until the next piece shows whether it is one.
public struct RedactingStream: Sendable {
    private var values: MaskingPass<KnownValues>
    private var forms = MaskingPass(KnownForms())

    public init(_ redactor: Redactor) { values = MaskingPass(redactor.values) }

    /// Takes the next bytes and returns those that are safe to pass on.
    public mutating func append(_ bytes: [UInt8]) -> [UInt8] {
        forms.append(values.append(bytes, isLast: false), isLast: false)
    }

    /// Returns the rest; the next bytes begin something new.
    public mutating func finish() -> [UInt8] {
        forms.append(values.append([], isLast: true), isLast: true)
    }
}
