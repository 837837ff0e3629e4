/// What the place where output goes can show.
public struct TerminalCapabilities: Sendable, Equatable {
    /// Columns to fit; nil where nothing must be cut, because no terminal reads it.
    public var width: Int?
    public var hasColour: Bool

    public init(width: Int?, hasColour: Bool) {
        self.width = width
        self.hasColour = hasColour
    }

    /// - Parameters:
    ///   - isTerminal: whether the descriptor is a terminal.
    ///   - columns: what the terminal says of its width.
    public static func detect(environment: [String: String], isTerminal: Bool, columns: Int?) -> Self {
        let forced = (environment["CLICOLOR_FORCE"] ?? "0") != "0"
        let refused = !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
        let stated = environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? min($0, 10_000) : nil }
        return Self(
            width: isTerminal ? max(20, columns ?? stated ?? 80) : nil,
            hasColour: !refused && (isTerminal || forced))
    }
}

/// Emphasis that is only there where it can be shown.
public struct Style: Sendable {
    private let isEnabled: Bool

    public init(isEnabled: Bool) { self.isEnabled = isEnabled }

    public func bold(_ text: String) -> String { sgr("1", text) }
    public func dim(_ text: String) -> String { sgr("2", text) }
    public func red(_ text: String) -> String { sgr("31", text) }
    public func green(_ text: String) -> String { sgr("32", text) }
    public func yellow(_ text: String) -> String { sgr("33", text) }

    private func sgr(_ code: String, _ text: String) -> String {
        isEnabled ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
