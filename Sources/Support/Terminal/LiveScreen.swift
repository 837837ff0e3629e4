/// A page of lines that is drawn again and again on a terminal, as one write a frame, without flicker: the cursor goes
/// home, each line is overwritten and its rest cleared, and so is what was below.
///
/// It is drawn on the terminal's alternate screen, so that what was there before comes back in the end.
public enum LiveScreen {
    /// Turns to the alternate screen and hides the cursor.
    public static let enter = "\u{1B}[?1049h\u{1B}[?25l"
    /// Back to how it was.
    public static let leave = "\u{1B}[?25h\u{1B}[?1049l"

    /// One frame.
    /// - Parameters:
    ///   - lines: cut to the width, and to the rows, where `…` says so.
    ///   - columns: of the terminal.
    ///   - rows: of the terminal.
    ///   - style: how emphasis is shown.
    public static func frame(_ lines: [StyledText], columns: Int, rows: Int, style: Style) -> String {
        // The last column stays free: behind it a terminal would clear the character in it.
        let width = max(1, columns - 1)
        var shown = lines.prefix(max(1, rows)).map { $0.truncated(to: width).rendered(style) }
        if lines.count > rows, rows > 1 { shown[rows - 1] = "… \(lines.count - rows + 1) more lines" }
        // The pair around it asks terminals that can to show the frame at once.
        return "\u{1B}[?2026h\u{1B}[H" + shown.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n")
            + "\u{1B}[J\u{1B}[?2026l"
    }
}
