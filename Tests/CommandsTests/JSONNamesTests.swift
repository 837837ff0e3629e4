import Commands
import Configuration
import Files
import FoundationEssentials
import Model
import Operations
import TestSupport
import Testing

/// The table of docs/json.md.
@Suite(.timeLimit(.minutes(1))) struct JSONNamesTests {
    /// Any JSON, for its names.
    private enum Value: Decodable {
        case object([String: Value])
        case array([Value])
        case other

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let object = try? container.decode([String: Value].self) {
                self = .object(object)
            } else if let array = try? container.decode([Value].self) {
                self = .array(array)
            } else {
                self = .other
            }
        }

        func names(_ add: (String) -> Void) {
            switch self {
            case .object(let fields):
                for (name, value) in fields {
                    add(name)
                    value.names(add)
                }
            case .array(let values): for value in values { value.names(add) }
            case .other: break
            }
        }
    }

    private struct Row {
        var name: String
        var others: [String]
    }

    private static func table() throws -> [Row] {
        let root = Files.parent(of: Files.parent(of: Files.parent(of: #filePath)))
        let page = try #require(try Files.text(root + "/docs/json.md"))
        return page.split(separator: "\n").filter { $0.hasPrefix("| ") && $0.contains("`") }.map { line in
            let spans = line.split(separator: "`", omittingEmptySubsequences: false).map(String.init)
            let words = spans.indices.filter { $0 % 2 == 1 }.map { spans[$0] }
            return Row(name: words[0], others: Array(words.dropFirst()))
        }
    }

    /// The names that a town's whole day prints, each with a command that prints it.
    private static func names() async throws -> [String: String] {
        let bench = try Bench()
        let environment = ["TT_HOME": bench.folder.path("home")]
        var names: [String: String] = [:]
        func tt(_ words: String...) async {
            let console = RecordingConsole()
            _ = await CommandLineFace(commands: CommandTable.all, version: "1")
                .run(words + ["--json"], parts: bench.parts(console, environment))
            for text in (console.output + console.error).split(separator: "\n") {
                guard let value = try? JSONDecoder().decode(Value.self, from: Data(text.utf8)) else { continue }
                value.names { names[$0] = names[$0] ?? words.joined(separator: " ") }
            }
        }
        try await bench.spawn("ada", nickname: "Ada")
        await tt("--town", bench.folder.path("new"), "init")
        for name in ["bob", "cleo"] { await tt("spawn", name, "--role", "backend") }
        await tt("assign", "ada", "work")
        await tt("send", "ada", "hello")
        _ = try await bench.beginTurn(of: "ada")
        await tt("send", "supervisor", "what now?", "--query", "--from", "ada")
        await tt("backlog", "add", "later", "--tags", "x")
        let id = try await bench.town.store.tasks(.backlog, page: .init()).first?.id.description ?? ""
        for words in ["list", "status", "inbox", "events", "history", "plan", "towns", "doctor", "config", "nonsense"] {
            await tt(words)
        }
        await tt("status", "--deep", "--tasks")
        await tt("inbox", "ada")
        await tt("trust", "show")
        await tt("task", "list")
        await tt("task", "show", id)
        await tt("backlog", "list")
        await tt("backlog", "claim", id, "bob")
        await tt("task", "complete", id, "--result", "fine")
        await tt("plan", "--init")
        await tt("plan")
        await tt("sync", "push")
        await tt("sync", "pull")
        await tt("interrupt", "bob")
        await tt("resume", "bob")
        await tt("kill", "bob", "--now")
        await tt("reclaim")
        await tt("reclaim", "--to-backlog")
        await tt("dead", "list")
        await tt("save")
        await tt("prune")
        await tt("recover")
        await tt("reset")
        await tt("stop")
        await tt("towns", "forget", "--missing")
        await tt("help")
        await tt("version")
        return names
    }

    @Test func `one thing has one name in the JSON of all commands, the one in docs json md`() async throws {
        let (table, names) = (try Self.table(), try await Self.names())
        #expect(table.count > 20 && names.count > 100)
        for row in table {
            #expect(names[row.name] != nil, "nothing prints \(row.name)")
            for other in row.others {
                #expect(names[other] == nil, "tt \(names[other] ?? "") prints '\(other)', which is '\(row.name)'")
            }
        }
        #expect(
            Set(table.map(\.name)).count == table.count
                && Set(table.flatMap(\.others)).isDisjoint(with: table.map(\.name)))
    }
}
