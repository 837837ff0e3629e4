import Model
import Operations
import Terminal

/// Messages as people read them.
enum MessageText {
    /// Sender, time and text of a message; the text whole, or its beginning on one line.
    static func entry(_ view: MessageView, full: Bool, _ context: CommandContext, indent: Int = 2) -> [String] {
        let (space, width) = (String(repeating: " ", count: indent), context.width)
        let time = context.parts.time.now().telling(view.message.createdAt, inFull: full, zone: context.zone)
        var head = "\(space)\(view.category.tag) \(time)"
        head += " from \(TerminalText.line(view.fromLabel))"
        if view.message.lane == .urgent { head += " 🚨" }
        if view.delivery.state == .leased { head += " (in progress)" }
        let attempts = view.delivery.attempts
        if attempts > 0 { head += " (failed \(attempts == 1 ? "once" : "\(attempts) times"))" }
        let text =
            view.taskDescription.map { description in
                "\(description) (\(view.text))"
            } ?? view.text
        let heads = head.fitted(to: width, indent: indent + 2)
        if full { return heads + text.indented(by: indent + 4) }
        // Without a terminal nothing is known of the room, so the length that people know is kept.
        return heads + [space + "    " + text.shortened(to: width.map { $0 - indent - 4 } ?? 120)]
    }

    /// A dead letter as one entry.
    static func dead(_ view: MessageView, full: Bool, _ context: CommandContext) -> [String] {
        var lines = ["💀 \(view.message.id) to \(TerminalText.line(view.toLabel))"]
        lines += entry(view, full: full, context, indent: 3)
        if let error = view.delivery.lastError {
            let why = "why: " + error
            lines += full ? why.indented(by: 7) : ["       " + why.shortened(to: context.width.map { $0 - 7 })]
        }
        return lines
    }
}
