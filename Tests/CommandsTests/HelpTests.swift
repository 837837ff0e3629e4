import Arguments
import Commands
import FoundationEssentials
import Testing

/// Help as JSON, manual pages, and the notes below commands.
@Suite(.timeLimit(.minutes(1))) struct HelpTests {
    private struct Help: Decodable {
        struct Option: Decodable { var name: String }
        struct Exit: Decodable { var code: Int }
        var command: String
        var usage: String
        var options: [Option]
        var commands: [Option]
        var exit_codes: [Exit]
        var see_also: [String]
    }

    private func help(_ words: [String]) async throws -> Help {
        let console = RecordingConsole()
        let bench = try Bench()
        let code = await CommandLineFace(commands: CommandTable.all, version: "1").run(
            words, parts: bench.parts(console))
        #expect(code == .done && console.error.isEmpty)
        return try JSONDecoder().decode(Help.self, from: Data(console.output.utf8))
    }

    @Test func `help is one JSON value with --json, for each command and either way to ask`() async throws {
        let root = CommandLineFace(commands: CommandTable.all, version: "1").root
        let all = try await help(["--help", "--json"])
        #expect(all.commands.map(\.name) == root.subcommands.filter { !$0.isHidden }.map(\.name))
        #expect(all.exit_codes.map(\.code) == Array(0...7))
        for command in root.subcommands where !command.isHidden {
            let asked = try await help(["help", command.name, "--json"])
            #expect(asked.command == "tt \(command.name)" && asked.usage.hasPrefix("tt \(command.name)"))
            #expect(asked.options.map(\.name) == command.options.map(\.name))
        }
        let complete = try await help(["task", "complete", "--help", "--json"])
        #expect(
            complete.usage == "tt task complete [TASK] [options]" && complete.exit_codes.map(\.code) == [0, 1, 2, 3, 4])
    }

    @Test func `what commands point to exists, and nothing points to itself`() {
        let root = CommandLineFace(commands: CommandTable.all, version: "1").root
        var checked = 0
        func walk(_ command: CommandSpec, _ path: [String]) {
            for reference in command.seeAlso where !reference.hasSuffix(".md") {
                var target: CommandSpec? = root
                for word in reference.split(separator: " ") {
                    target = target?.subcommands.first { $0.name == word }
                }
                #expect(target != nil, "\(path) points to \(reference)")
                #expect(reference != path.joined(separator: " "))
                checked += 1
            }
            if path.count == 1, !command.isHidden { #expect(!command.seeAlso.isEmpty, "\(path)") }
            for sub in command.subcommands where !sub.isHidden { walk(sub, path + [sub.name]) }
        }
        walk(root, [])
        #expect(checked > 60)
    }

    @Test func `there is a manual page for each command, and no line of a text is a request of roff`() {
        let pages = CommandPages.manual(outputs: RecordedOutputs("$ tt status\n.TH is no request\n'nor is this\n"))
        let root = CommandLineFace(commands: CommandTable.all, version: "1").root
        let names = root.subcommands.filter { !$0.isHidden }.map { "tt-\($0.name).1" }
        #expect(Set(pages.keys) == Set(names + ["tt.1"]))
        let requests: Set = ["TH", "SH", "SS", "TP", "B", "I", "BR", "RI", "PP", "br", "nf", "fi", "RS", "RE"]
        for (name, text) in pages {
            for line in text.split(separator: "\n") where line.hasPrefix(".") || line.hasPrefix("'") {
                let word = String(line.dropFirst().prefix { $0 != " " })
                #expect(line.hasPrefix(".") && requests.contains(word), "\(name): \(line)")
            }
        }
        #expect(pages["tt-status.1"]?.contains("$ tt status\n\\&.TH is no request\n\\(aqnor is this") == true)
    }
}
