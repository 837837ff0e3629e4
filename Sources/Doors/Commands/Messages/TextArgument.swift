import Arguments
import Configuration

extension CommandContext {
    /// The most bytes of standard input that any text of the town may have, and room for a last line break: what is
    /// longer is refused anyway, and must not fill the memory before that.
    var textLimit: Int {
        let configuration = (try? townRoot()).flatMap { try? TownConfiguration.load(root: $0).0 }
        let most =
            configuration.map { max($0.maxMessageKB, $0.maxResultKB) } ?? TownConfiguration(name: "").maxMessageKB
        return most * 1024 + 2
    }

    /// The text of a positional; `-`, or nothing while standard input is no terminal, reads standard input to its end.
    /// One final line break is not part of the text.
    func text(of name: String) async throws -> String {
        let given = arguments.positional(name)
        if let given, given != "-" { return given }
        if given == nil, console.isInputTerminal {
            throw ArgumentsError(
                .missingArgument, "\(name) is missing: give it in quotes, or - to read it from standard input",
                path: arguments.path)
        }
        var text = await console.readInput(limit: textLimit)
        if text.hasSuffix("\r\n") || text.hasSuffix("\n") { text.removeLast() }
        guard text.contains(where: { !$0.isWhitespace }) else {
            throw CommandFailure.usage("standard input holds no text")
        }
        return text
    }

    /// Words between commas, without spaces around them.
    func list(_ option: String) -> [String] {
        arguments.strings(option).flatMap { $0.split(separator: ",") }.map(\.withoutSpace).filter { !$0.isEmpty }
    }
}

extension Substring {
    fileprivate var withoutSpace: String {
        var view = self
        while view.first?.isWhitespace == true { view.removeFirst() }
        while view.last?.isWhitespace == true { view.removeLast() }
        return String(view)
    }
}
