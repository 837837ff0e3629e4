import Model
import Operations
import Terminal

/// Messages as people read them.
enum MessageText {
    /// Sender, time and text of a message; the text whole, or its beginning on one line.
    static func entry(_ view: MessageView, full: Bool, _ context: CommandContext, indent: Int = 2) -> [String] {
        let (space, width) = (String(repeating: " ", count: indent), context.width)
        let time = context.parts.time.now().telling(view.message.createdAt, inFull: full, zone: context.zone)
        var head = StyledText("\(space)\(view.category.tag) ") + StyledText(time, .faint)
        head += StyledText(" from \(view.fromLabel)", .strong)
        if view.message.lane == .urgent { head += StyledText(" 🚨") }
        if view.delivery.state == .leased { head += StyledText(" (in progress)", .good) }
        let attempts = view.delivery.attempts
        if attempts > 0 {
            head += StyledText(" (failed \(attempts == 1 ? "once" : "\(attempts) times"))", .waiting)
        }
        let text =
            view.taskDescription.map { description in
                "\(description) (\(view.text))"
            } ?? view.text
        let heads = head.fitted(context, indent: indent + 2)
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
            lines += (full ? why.indented(by: 7) : ["       " + why.shortened(to: context.width.map { $0 - 7 })])
                .map { StyledText($0, .bad).rendered(context.style) }
        }
        return lines
    }
}
