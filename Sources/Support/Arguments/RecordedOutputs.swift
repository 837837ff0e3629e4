/// What examples printed when they were run last: a line `$ COMMAND`, then its output, up to the next such line.
public struct RecordedOutputs: Sendable {
    private let entries: [(line: String, output: String)]

    /// None.
    public init() { entries = [] }

    /// - Parameter text: a recording; what stands before its first command is a comment.
    public init(_ text: String) {
        var entries: [(line: String, output: [Substring])] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("$ ") {
                entries.append((String(line.dropFirst(2)), []))
            } else if !entries.isEmpty {
                entries[entries.count - 1].output.append(line)
            }
        }
        self.entries = entries.map { entry in
            var output = entry.output
            while output.last?.isEmpty == true { output.removeLast() }
            return (entry.line, output.joined(separator: "\n"))
        }
    }

    /// Those of the command at `path` itself, without those of its subcommands.
    func of(_ command: CommandSpec, program: String, path: [String]) -> [(line: String, output: String)] {
        entries.filter { entry in
            let words = entry.line.split(separator: " ").map(String.init)
            guard words.starts(with: [program] + path) else { return false }
            guard words.count > path.count + 1 else { return true }
            return !command.subcommands.contains { $0.isCalled(words[path.count + 1]) }
        }
    }
}
