import Arguments
import Files
import Testing

@testable import Commands

struct PagesTests {
    private static let folder = Files.parent(of: Files.parent(of: Files.parent(of: #filePath))) + "/docs/commands"

    @Test func `docs commands has the page of every command as it is declared, and no other`() throws {
        let recorded = RecordedOutputs(try Files.text("\(Self.folder)/\(CommandPages.outputs)") ?? "")
        let pages = CommandPages.all(outputs: recorded)
        #expect(
            Set(Files.names(in: Self.folder)) == Set(pages.keys).union([CommandPages.outputs]),
            "write them anew with: tt __docs docs/commands")
        for (name, text) in pages {
            let written = try Files.text("\(Self.folder)/\(name)")
            #expect(written == text, "\(name) differs; write the pages anew with: tt __docs docs/commands")
        }
    }

    @Test func `what the compatibility page says is here is declared`() throws {
        let page = try #require(try Files.text(Files.parent(of: Self.folder) + "/compatibility.md"))
        let root = CommandLineFace(commands: CommandTable.all, version: "0").root
        let rows = page.split(separator: "\n").map(String.init).filter { $0.hasPrefix("| `tt ") }
        #expect(rows.count > 30)
        for row in rows {
            let cells = row.split(separator: "|").map { $0.trimmed() }
            guard cells.count > 1, !["later", "absent"].contains(cells[1]) else { continue }
            var command = root
            var group = root
            let spans = cells[0].split(separator: "`").enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
            for span in spans where !span.allSatisfy({ $0 == "," || $0 == " " }) {
                for word in span.split(separator: " ").map(String.init) {
                    if word == "tt" {
                        (command, group) = (root, root)
                    } else if word.hasPrefix("-") {
                        let known = ([command] + group.subcommands).flatMap(\.options) + CommandLineFace.globals
                        #expect(
                            known.contains {
                                word == "--\($0.name)" || $0.short.map { "-\($0)" } == word
                                    || $0.aliases.contains(String(word.drop { $0 == "-" }))
                            }, "\(word) in: \(row)")
                    } else if let next = (command.subcommands + group.subcommands).first(where: { $0.isCalled(word) }) {
                        if !next.subcommands.isEmpty || group.name == "tt" { group = next }
                        command = next
                    } else {
                        #expect(word.first?.isUppercase == true || word.hasPrefix("["), "\(word) in: \(row)")
                    }
                }
            }
        }
    }

    @Test func `every command and subcommand has an example that its own parser reads`() throws {
        let face = CommandLineFace(commands: CommandTable.all, version: "0")
        let parser = ArgumentsParser(root: face.root, globals: CommandLineFace.globals)
        func walk(_ command: CommandSpec) throws {
            if command.subcommands.isEmpty, !["help", "version"].contains(command.name) {
                #expect(!command.examples.isEmpty, "\(command.name) has no example")
            }
            for example in command.examples {
                guard let words = Words.split(example.line) else {
                    Issue.record("\(example.line) is no line of a shell")
                    continue
                }
                if words.first == "tt" { _ = try parser.parse(Array(words.dropFirst())) }
            }
            for sub in command.subcommands where !sub.isHidden { try walk(sub) }
        }
        try walk(face.root)
    }
}

/// Words of an example as a shell would see them, up to a pipe or redirection; nil where quotes are open.
enum Words {
    static func split(_ line: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var quote: Character?
        for character in line {
            if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + String(character) }
            } else if character == "\"" || character == "'" {
                quote = character
                word = word ?? ""
            } else if character == " " {
                if let done = word { words.append(done) }
                word = nil
            } else if "|><&;".contains(character) {
                break
            } else {
                word = (word ?? "") + String(character)
            }
        }
        if let done = word { words.append(done) }
        return quote == nil ? words : nil
    }
}

extension Substring {
    func trimmed() -> String {
        String(self.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
