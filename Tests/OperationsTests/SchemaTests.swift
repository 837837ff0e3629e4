import Configuration
import FoundationEssentials
import MemoryStore
import Model
import Operations
import TestSupport
import Testing
import Text

/// The forms of inputs and outputs, which are read off the types.
struct SchemaTests {
    private static func described<Called: Operation>(_ operation: Called.Type) -> [String] {
        Called.Input.fields.map(\.name)
    }

    @Test func `every field of every input has help, and nothing else has`() throws {
        for (type, operation) in zip(Catalogue.all, Catalogue.operations) {
            guard case .object(let input) = operation.input else {
                Issue.record("\(operation.spec.name) takes no object")
                continue
            }
            #expect(input.properties.map(\.name) == Self.described(type), "\(operation.spec.name)")
            for property in input.properties {
                #expect(
                    !property.help.isEmpty && !property.help.hasSuffix("."), "\(operation.spec.name).\(property.name)")
            }
            guard case .object(let output) = operation.output else {
                Issue.record("\(operation.spec.name) gives no object")
                continue
            }
            #expect(!output.properties.isEmpty, "\(operation.spec.name)")
        }
    }

    @Test func `every field of every feed has help, and items are objects`() throws {
        for feed in Catalogue.streams {
            guard case .object(let input) = feed.input, case .object(let item) = feed.item else {
                Issue.record("\(feed.spec.name) takes and gives objects")
                continue
            }
            for property in input.properties {
                #expect(!property.help.isEmpty && !property.help.hasSuffix("."), "\(feed.spec.name).\(property.name)")
            }
            #expect(!item.properties.isEmpty, "\(feed.spec.name)")
            let route = try #require(feed.spec.route)
            #expect(Set(input.properties.map(\.name)).isSuperset(of: route.parameters), "\(feed.spec.name)")
        }
    }

    @Test func `fields of a path are fields of the input, and required unless the caller is meant`() throws {
        for operation in Catalogue.operations {
            guard let route = operation.spec.route, case .object(let input) = operation.input else { continue }
            let names = Set(input.properties.map(\.name))
            #expect(names.isSuperset(of: route.parameters), "\(operation.spec.name)")
        }
    }

    /// A town in which everything has happened; each operation's answer is held against its form, and against what it was
    /// before: programs read these names and values.
    @Test func `what operations answer has the form that is told, and stays as it was`() async throws {
        let folder = try ScratchFolder()
        defer { withExtendedLifetime(folder) {} }
        var town = makeTown()
        town.root = folder.path
        town.openStore = { _ in MemoryStore() }
        town.clis = { Presets() }
        town.user = UserHome(path: folder.path("home")) { entry in
            TownEntryView(name: entry.name, path: entry.path, state: .missing)
        } make: { folder, name in
            InitTown.Output(
                name: name ?? "town", root: folder, file: folder + "/tinytown.toml", registered: true,
                defaultCLI: "claude", cliReason: nil, warnings: [])
        } problemWithCLI: { cli in
            "there is no CLI '\(cli)'"
        }
        let service = TownService(town)
        var seen: Set<String> = []
        var record = ""
        @discardableResult
        func call(_ name: String, _ input: JSON = [:]) async throws -> JSON {
            let operation = try #require(Catalogue.operation(named: name))
            #expect(operation.input.mismatch(input) == nil, "\(name)")
            let data = try await operation.call(Data(input.text.utf8), in: service).output
            let output = try #require(JSON(data))
            #expect(operation.output.mismatch(output, closed: true) == nil, "\(name): \(output.text)")
            seen.insert(operation.spec.name)
            record += "# \(operation.spec.name) \(input.text)\n\(output.indented)\n"
            return output
        }
        func id(_ json: JSON, _ key: String = "task") throws -> JSON {
            .string(try #require(json[key]?["id"]?.string))
        }
        try await call("agent.spawn", ["name": "ada", "role": "backend", "nickname": "api", "max_rounds": 3])
        try await call("agent.spawn", ["name": "bob"])
        try await call("agent.check_cli", ["cli": "ls -l"])
        try await call("agent.check_cli")
        try await call("config.set", ["key": "default_cli", "value": "mine"])
        try await call("config.get", ["key": "default_cli"])
        _ = try folder.write("[[towns]]\npath = \"/old\"\nname = \"old\"\n", to: "home/towns.toml")
        try await call("town.list")
        try await call("town.init", ["folder": "/new", "name": "new"])
        try await call("agent.list", ["live": true])
        for name in ["/.tt", "/.tt/logs"] {
            try FileManager.default.createDirectory(
                atPath: folder.path + name, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        }
        _ = try folder.write("one\ntwo\n", to: ".tt/logs/ada.log")
        try await call("agent.log", ["agent": "ada", "lines": 1])
        let first = try id(try await call("agent.assign", ["agent": "ada", "task": "Build it", "tags": ["api"]]))
        let second = try id(
            try await call("task.assign", ["agent": "bob", "task": "Test it", "depends_on": .array([first])]))
        try await call("task.show", ["task": second])
        try await call("task.current", ["agent": "ada"])
        try await call("task.list", ["state": "open", "limit": 10, "offset": 0])
        try await call("task.release", ["task": second])
        try await call("task.complete", ["task": first, "result": "done"])
        try await call("agent.get_result", ["agent": "ada"])
        try await call("task.wait", ["task": first, "timeout_seconds": 1])
        try await call("task.fail", ["task": second, "result": "broken"])
        try await call("task.retry", ["task": second])
        try await call("task.cancel", ["task": second])
        let open = try id(try await call("backlog.add", ["description": "Docs", "tags": ["docs"]]))
        try await call("backlog.list")
        try await call("backlog.claim", ["task": open, "agent": "ada"])
        try await call("backlog.add", ["description": "More"])
        try await call("backlog.assign_all", ["agent": "bob"])
        let rest = try id(try await call("backlog.add", ["description": "Rest"]))
        try await call("backlog.remove", ["task": rest])
        try await call("message.send", ["to": "ada", "message": "Which port?", "kind": "query", "urgent": true])
        try await call("message.broadcast", ["message": "All green", "kind": "info"])
        try await call("message.send", ["to": "supervisor", "from": "ada", "message": "Done", "kind": "query"])
        try await call("inbox.read", ["agent": "ada", "limit": 5])
        try await call("inbox.list_all", ["limit": 5])
        try await call("inbox.take")
        try await call("town.status")
        try await call("town.costs", ["by": "day"])
        try await call("event.list", ["limit": 100, "types": ["task_created"]])
        try await call("agent.interrupt", ["agent": "ada", "reason": "a pause"])
        try await call("agent.resume", ["agent": "ada"])
        try await call("agent.close", ["agent": "bob"])
        try await call("agent.kill", ["agent": "bob", "now": true])
        try await call("agent.restart", ["agent": "bob", "rounds": 5])
        try await call("agent.stop_all", ["now": true])
        try await call("agent.wait", ["agent": "bob", "timeout_seconds": 1])
        try await call("task.reclaim", ["to_backlog": true])
        try await call("agent.prune", ["cold": true])
        let letters = try await call("dead_letter.list", ["limit": 10])
        let letter = try #require(letters["messages"]?.array?.first?["id"])
        try await call("dead_letter.show", ["id": letter])
        try await call("agent.spawn", ["name": "eve"])
        try await call("dead_letter.retry", ["ids": .array([letter]), "to": "eve"])
        try await call("dead_letter.drop", ["all": true])
        let goal = try id(try await call("conductor.start", ["goal": "A login page", "cli": "claude"]))
        try await call("conductor.follow", ["goal": goal])
        try await call("conductor.brief")
        let key = try await call("auth.generate_key")
        for (name, value) in [("api_key_hash", "HASH"), ("api_key", "KEY")] {
            record = record.replacing(try #require(key[name]?.string), with: value)
        }
        try await call("plan.init")
        try await call("plan.read")
        try await call("plan.push")
        try await call("plan.pull", ["all": true])
        try await call("town.save")
        try await call("town.check_snapshot")
        try await call("town.copy", ["to": "redis", "force": true])
        try await call("town.restore", ["force": true])
        try await call("town.recover")
        try await call("town.migrate")
        try await call("town.reset", ["agents_only": true])
        #expect(seen == Set(Catalogue.operations.map(\.spec.name)))
        try Recorded.expect(record.replacing(folder.path, with: "/folder"), "outputs.txt")
    }

    @Test(arguments: [
        ("agent.spawn", #"{"name": "ada", "max_rounds": -1}"#, "max_rounds"),
        ("agent.spawn", #"{"name": "ada", "max_rounds": "many"}"#, "max_rounds"),
        ("agent.spawn", "{}", "name"), ("agent.spawn", "[]", nil), ("agent.spawn", "{", nil),
        ("task.list", #"{"limit": 0}"#, "limit"),
        ("message.send", #"{"to": "a", "message": "b", "kind": "c"}"#, "kind"),
    ])
    func `an input that is none is refused with its field, and nothing happens`(
        name: String, input: String, field: String?
    ) async throws {
        let town = makeTown()
        let error = await failure {
            _ = try await Catalogue.operation(named: name)?.call(Data(input.utf8), in: TownService(town))
        }
        #expect(error?.code == .invalid && error?.field == field, "\(String(describing: error))")
        #expect(try await town.store.agents().isEmpty)
    }
}

/// The presets, where nobody chose a CLI and nothing is configured.
private struct Presets: CLICatalogue {
    let names: Set<String> = []

    func choice(asked: String?) -> (cli: String, reason: String?) {
        asked.map { ($0, nil) } ?? ("claude", "It is the agent CLI that is installed here")
    }

    func isKnown(_ cli: String) -> Bool { cli == "claude" }

    func warnings(about cli: String) -> [String] { [] }
}
