import FoundationEssentials
import Processes
import TestOrder
import TestTown
import Testing

/// Keys on their way out: through the error text of a CLI, its output, a command line, a message.
@Suite(.serialized, .queued) struct SecretAttacks {
    private static let key = "sk-ant-api03-canary0123456789-abcdefgh"
    /// It looks like nothing: only its variable's name tells.
    private static let password = "correct horse canary battery"
    private static let pieces = ["canary", "Y2FuYXJ5", "NhbmFye", "jYW5hcn"]

    private static func betrays(_ text: String) -> Bool { pieces.contains { text.contains($0) } }

    /// Every file of the town whose bytes hold a piece of a secret.
    private static func betraying(below folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder).filter { path in
            guard let bytes = FileManager.default.contents(atPath: folder + "/" + path) else { return false }
            return betrays(String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test func `a key in a CLI's output and error text is in no file, on no screen and in no snapshot`() async throws {
        let town = try await TownOnDisk(
            agents: [
                "leaky": """
                cat > /dev/null
                echo 'my key is \(Self.key), password \(Self.password)'
                printf 'in two pieces: sk-ant-api03-ca'; sleep 0.2; echo 'nary0123456789-abcdefgh'
                printf '%s' '\(Self.password)' | base64
                echo 'error: invalid API key \(Self.key) of \(Self.password)' >&2
                exit 1
                """
            ], environment: ["STAGE_PASSWORD": Self.password])
        try await town.tt("spawn", "leaky", "--cli", "leaky")
        try await town.tt("assign", "leaky", "Do something")
        try await town.event("turn_failed")
        for command in [
            ["status"], ["status", "--deep"], ["events"], ["history"], ["logs", "leaky"], ["inbox", "leaky"], ["list"],
            ["dead", "list"], ["doctor"], ["task", "list"],
        ] {
            for form in [command, command + ["--json"]] {
                let answer = try await town.answer(form)
                #expect(!Self.betrays(answer.output + answer.errors), "\(form): \(answer.output)")
            }
        }
        let events = try await town.tt("events")
        #expect(events.contains("[secret API key]"), "the masked text is still told: \(events)")
        let save = try await town.answer(["save", "town.jsonl"])
        #expect(save.status.isSuccess)
        try await town.close()
        #expect(try Self.betraying(below: town.root + "/.tt") == [])
        #expect(!Self.betrays(try String(contentsOfFile: town.root + "/town.jsonl", encoding: .utf8)))
    }

    @Test func `a key on a command line is warned of and never shown`() async throws {
        let town = try await TownOnDisk(agents: ["idle": "cat > /dev/null"])
        let cli = "sh -c true --api-key \(Self.key) --token=plain-canary"
        let spawn = try await town.answer(["spawn", "careless", "--cli", cli])
        #expect(spawn.errors.contains("every user of this machine can read command lines"), "\(spawn.errors)")
        #expect(!Self.betrays(spawn.output + spawn.errors), "\(spawn.output) \(spawn.errors)")
        try await town.tt("assign", "careless", "Do something")
        try await town.event("turn_finished")
        for command in [["list"], ["status", "--deep"], ["logs", "careless"], ["events"], ["doctor"]] {
            for form in [command, command + ["--json"]] {
                let answer = try await town.answer(form)
                #expect(!Self.betrays(answer.output + answer.errors), "\(form): \(answer.output) \(answer.errors)")
            }
        }
        let save = try await town.answer(["save", "town.jsonl"])
        #expect(save.output.contains("Masked: secrets in"), "\(save.output)")
        #expect(!Self.betrays(try String(contentsOfFile: town.root + "/town.jsonl", encoding: .utf8)))
        try await town.close()
        #expect(try Self.betraying(below: town.root + "/.tt/logs") == [])
    }

    @Test func `a key in a person's message is masked in the snapshot, which restores without it`() async throws {
        let town = try await TownOnDisk()
        let id = try #require(
            try await town.json(
                ["backlog", "add", "Deploy with \(Self.key) and https://me:canary-pw@host/"], "task", "id"))
        let save = try await town.answer(["save", "town.jsonl", "--json"])
        #expect(try JSONValue(save.output).at(["masked"])?.text.map { $0 != "0" } == true, "\(save.output)")
        let text = try String(contentsOfFile: town.root + "/town.jsonl", encoding: .utf8)
        #expect(!Self.betrays(text) && text.contains("[secret API key]"))
        try await town.tt("reset", "--force")
        try await town.tt("restore", "town.jsonl")
        let shown = try await town.json(["task", "show", id], "task", "description")
        #expect(shown == "Deploy with [secret API key] and https://me:[secret password]@host/")
        try await town.close()
    }

    @Test func `an agent that sends what is in its environment sends a mask`() async throws {
        let town = try await TownOnDisk(
            agents: [
                "teller": """
                cat > /dev/null
                export STAGE_PASSWORD='\(Self.password)'
                tt send supervisor --info "the key is \(Self.key) and the password \(Self.password)"
                tt task complete --result "used \(Self.key)"
                """
            ])
        try await town.tt("spawn", "teller", "--cli", "teller")
        try await town.tt("assign", "teller", "Say what you know")
        try await town.event("task_completed")
        let inbox = try await town.tt("inbox", "--json")
        #expect(inbox.contains("[secret") && !Self.betrays(inbox), "\(inbox)")
        try await town.close()
        #expect(try Self.betraying(below: town.root + "/.tt") == [])
    }
}
