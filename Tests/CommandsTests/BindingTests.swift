import Arguments
@testable import Commands
import FoundationEssentials
import Operations
import Testing
import Text

/// Every operation has its command, and remedies that name operations become command lines.
struct BindingTests {
    @Test func `every operation of the catalogue has one command`() {
        #expect(CommandBinding.operations.map(\.operation) == Catalogue.all.map { $0.spec.name })
    }

    @Test func `every field of an operation can be given, or a reason says why not`() throws {
        for (operation, binding) in zip(Catalogue.operations, CommandBinding.operations) {
            guard case .object(let input) = operation.input else { continue }
            let (given, left) = (Set(binding.places.keys), Set(binding.left.keys))
            #expect(given.isDisjoint(with: left), "\(operation.spec.name)")
            #expect(given.union(left) == Set(input.properties.map(\.name)), "\(operation.spec.name)")
        }
    }

    @Test func `the description for REST is that of the catalogue`() throws {
        let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let kept = try String(contentsOfFile: root + "/docs/openapi.json", encoding: .utf8)
        #expect(
            Catalogue.openAPI(version: Version.current).indented == kept, "write it: tt __openapi > docs/openapi.json")
    }

    @Test(arguments: CommandBinding.operations + CommandBinding.others)
    func `a binding names a command that is there, with its options and arguments`(_ binding: CommandBinding) throws {
        let words = binding.command.filter { !$0.hasPrefix("-") }
        let path = words.first == "send" || words.first == "sync" ? [words[0]] : words
        let command = try #require(
            CommandTable.all.first { $0.spec.isCalled(path[0]) }?.command(at: path.dropFirst()), "\(binding.command)")
        let options = Set(command.spec.options.map(\.name))
        for case .option(let name) in binding.places.values { #expect(options.contains(name), "--\(name)") }
        for word in binding.command where word.hasPrefix("--") { #expect(options.contains(String(word.dropFirst(2)))) }
        let positionals = binding.places.values.count { $0 == .positional } + words.count - path.count
        #expect(positionals <= command.spec.positionals.count)
    }

    @Test(arguments: [
        (Remedy.operation("task.list", why: "see all tasks"), "see all tasks: tt task list"),
        (.operation("agent.stop_all", ["now": "true"]), "tt stop --now"),
        (
            .operation("task.assign", ["agent": "ada", "task": "…"], why: "give it work with"),
            "give it work with: tt assign ada \"…\""
        ),
        (
            .operation("message.send", ["to": "supervisor", "kind": "query", "message": "…"]),
            "tt send supervisor --query \"…\""
        ),
        (.operation("agent.spawn", ["name": "ada", "fresh": "true"]), "tt spawn ada --new"),
        (.operation("task.cancel", ["task": "3f2a"]), "tt task cancel 3f2a"),
        (.operation("dead_letter.retry", ["ids": "3f2a", "to": "it's me"]), "tt dead retry 3f2a --to \"it's me\""),
        (.operation("host.start"), "tt start --detach"),
        (.field("force", why: "to replace it, add"), "to replace it, add --force"),
        (.text("wait"), "wait"),
    ])
    func `a remedy is worded as a command line`(_ remedy: Remedy, _ line: String) {
        #expect(CommandPhrase.text(remedy) == line)
    }
}
