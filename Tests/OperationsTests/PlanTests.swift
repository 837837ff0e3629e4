import Files
import FoundationEssentials
import Model
import Operations
import TestSupport
import Testing

/// A town in a folder, with agents `ada` and `bob`.
private struct Desk {
    let folder: ScratchFolder
    let town: OpenTown

    init(agents: [String] = ["ada", "bob"]) async throws {
        folder = try ScratchFolder()
        var town = makeTown()
        town.root = folder.path
        self.town = town
        for name in agents { _ = try await SpawnAgent.call(.init(name: name), in: town) }
    }

    func write(_ text: String) throws { _ = try folder.write(text, to: "tasks.toml") }
    var text: String { get throws { try Files.text(folder.path("tasks.toml")) ?? "" } }

    @discardableResult
    func push() async throws -> PushPlan.Output { try await PushPlan.call(.init(), in: town) }

    @discardableResult
    func pull(all: Bool = false) async throws -> PullPlan.Output { try await PullPlan.call(.init(all: all), in: town) }

    func tasks() async throws -> [AgentTask] { try await town.store.tasks(TaskFilter(), page: Page()) }

    /// The task of an entry.
    func task(_ entry: String) async throws -> AgentTask {
        try #require(try await tasks().first { $0.tags.contains("plan:\(entry)") })
    }

    func end(_ entry: String, _ move: TaskMove) async throws {
        let task = try await task(entry)
        _ = try await town.store.move(
            task.id, move, by: .supervisor, announcement: town.newID(), now: town.time.now())
    }

    func owner(_ entry: String) async throws -> String? {
        guard let id = try await task(entry).assignedTo else { return nil }
        return try await town.store.agent(id)?.name
    }
}

private let plan = """
    [meta]
    default_agent = "bob"

    [[tasks]]
    id = "api"
    description = "Build the API" # as agreed
    agent = "ada"
    status = "pending"
    tags = ["auth"]

    [[tasks]]
    id = "tests"
    description = "Test the API"
    parent = "api"

    [[tasks]]
    id = "docs"
    description = "Write it down"
    agent = ""
    depends_on = ["api", "tests"]
    """

@Suite(.timeLimit(.minutes(1))) struct PlanOperations {
    @Test
    func `W11 push makes each task once, honours agent, parent, tags and default, and doing it again changes nothing`()
        async throws
    {
        let desk = try await Desk()
        try desk.write(plan)
        #expect(try await desk.push().tasks.map(\.outcome) == [.created, .created, .created])
        let (api, tests, docs) = (try await desk.task("api"), try await desk.task("tests"), try await desk.task("docs"))
        #expect((api.state, api.isWaiting, api.tags) == (.assigned, false, ["auth", "plan:api"]))
        #expect((tests.state, tests.isWaiting, tests.parent) == (.pending, true, api.id))
        #expect((docs.isWaiting, docs.inBacklog, docs.dependsOn) == (true, false, [api.id, tests.id]))
        #expect(try await [desk.owner("api"), desk.owner("tests"), desk.owner("docs")] == ["ada", "bob", nil])
        let (before, events) = (try await desk.tasks(), try await ReadEvents.call(.init(), in: desk.town).last)
        let again = try await desk.push()
        #expect(again.tasks.map(\.outcome) == [.unchanged, .unchanged, .unchanged] && again.notes.isEmpty)
        #expect(try await desk.tasks() == before)
        #expect(try await ReadEvents.call(.init(), in: desk.town).last == events)
        try await desk.end("api", .complete("x"))
        try await desk.end("tests", .complete("x"))
        #expect(try await desk.task("docs").inBacklog)
    }

    @Test func `W11 pushes at once make no doubles`() async throws {
        let desk = try await Desk()
        try desk.write(plan)
        let pushed = await withTaskGroup(of: [String].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    do { return try await desk.push().tasks.map(\.outcome.rawValue) } catch { return ["\(error)"] }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(try await desk.tasks().count == 3)
        // Each push is through, and says of each task that it is there: made by it or by another one in the same moment.
        #expect(pushed.count == 8 && pushed.allSatisfy { $0.count == 3 }, "\(pushed)")
        #expect(Set(pushed.joined()).isSubset(of: ["created", "unchanged"]), "\(pushed)")
    }

    @Test func `what is not started follows the plan, what runs or has ended stays`() async throws {
        let desk = try await Desk()
        try desk.write(plan)
        try await desk.push()
        let turned = plan.replacing("agent = \"ada\"", with: "agent = \"bob\"")
            .replacing("Build the API", with: "Build the new API").replacing("[\"auth\"]", with: "[\"auth\", \"v2\"]")
            .replacing("status = \"pending\"", with: "depends_on = [\"tests\"]").replacing("parent = \"api\"", with: "")
        try desk.write(turned)
        #expect(try await desk.push().tasks.map(\.outcome) == [.changed, .changed, .unchanged])
        let api = try await desk.task("api")
        #expect((api.description, api.tags) == ("Build the new API", ["auth", "v2", "plan:api"]))
        #expect(api.isWaiting, "the dependency was turned round")
        #expect(try await desk.owner("api") == "bob")
        #expect(try await desk.task("tests").state == .assigned)
        try await desk.end("tests", .start)
        try await desk.end("docs", .cancel("no"))
        try desk.write(turned.replacing("Test the API", with: "other").replacing("Write it down", with: "other"))
        let notes = try await desk.push().notes
        #expect(notes == ["'tests' is running and stays as it is", "'docs' is cancelled and stays as it is"])
        #expect(try await desk.task("tests").description == "Test the API")
    }

    @Test func `a claimed task stays with who claimed it unless the plan names somebody`() async throws {
        let desk = try await Desk()
        let text = "[[tasks]]\nid = \"a\"\ndescription = \"x\"\n"
        try desk.write(text)
        try await desk.push()
        _ = try await ClaimFromBacklog.call(
            .init(task: try await desk.task("a").id.description, agent: "ada"), in: desk.town)
        #expect(try await desk.push().tasks.map(\.outcome) == [.unchanged])
        #expect(try await desk.owner("a") == "ada")
        try desk.write(text + "agent = \"\"\n")
        #expect(try await desk.push().tasks.map(\.outcome) == [.changed])
        #expect(try await desk.task("a").inBacklog)
    }

    @Test func `a plan with a mistake or an unknown agent is refused whole, with line and name`() async throws {
        let desk = try await Desk()
        try desk.write(
            plan.replacing("agent = \"ada\"", with: "agent = \"adda\"").replacing("\"bob\"", with: "\"carl\""))
        let error = try #require(await failure { _ = try await desk.push() })
        let lines = error.message.split(separator: "\n").map(String.init)
        #expect(lines.count == 2 && error.code.kind == .notFound)
        #expect(
            lines[0].hasSuffix("tasks.toml:7:9: tasks.agent of 'api': there is no agent 'adda'; did you mean 'ada'?"))
        #expect(lines[1].contains("tasks.toml:2:17: meta.default_agent: there is no agent 'carl'"))
        try desk.write(plan + "\nstatsu = \"x\"")
        #expect(await failure { _ = try await desk.push() }?.message.contains(":21:1: unknown key") == true)
        #expect(try await desk.tasks().isEmpty)
    }

    @Test func `statuses of the plan are taken over, what others wait for first`() async throws {
        let desk = try await Desk()
        let text = plan.replacing("status = \"pending\"", with: "status = \"completed\"")
        try desk.write(text)
        try await desk.push()
        #expect(try await desk.task("api").state == .completed)
        #expect(try await desk.task("tests").state == .assigned)
        try desk.write(
            text.replacing("parent = \"api\"", with: "parent = \"api\"\nstatus = \"completed\"")
                + "\nstatus = \"completed\"")
        #expect(try await desk.push().tasks.map(\.outcome) == [.unchanged, .changed, .changed])
        #expect(try await desk.task("docs").state == .completed)
        #expect(try await desk.push().tasks.allSatisfy { $0.outcome == .unchanged })
    }

    @Test func `an entry that is gone leaves its task alone and is named`() async throws {
        let desk = try await Desk()
        try desk.write(plan)
        try await desk.push()
        try desk.write("")
        let notes = try await desk.push().notes
        #expect(notes.count == 3 && notes[0].hasPrefix("'api' is no longer in the plan"))
        #expect(try await desk.tasks().map(\.state) == [.assigned, .pending, .pending])
    }

    @Test func `an epic groups, and a parent that nobody owns is pointed out`() async throws {
        let desk = try await Desk()
        let text = """
            [[tasks]]
            id = "epic"
            description = "All of it"
            tags = ["epic"]

            [[tasks]]
            id = "one"
            description = "first"
            agent = "ada"
            parent = "epic"
            """
        try desk.write(text)
        #expect(try await desk.push().notes.isEmpty)
        #expect(try await desk.task("one").state == .assigned)
        #expect(try await desk.task("epic").inBacklog == false)
        try desk.write(text.replacing("tags = [\"epic\"]", with: ""))
        let notes = try await desk.push().notes
        #expect(notes.count == 1 && notes[0].contains("'one' waits for 'epic', which is in the backlog"))
        #expect(try await desk.task("one").isWaiting)
        try desk.write(text)
        try await desk.push()
        try await desk.end("one", .complete("x"))
        #expect(try await desk.task("epic").state == .completed)
    }

    @Test func `W11 pull writes the state back and nothing else, and pushing that changes nothing`() async throws {
        let desk = try await Desk()
        try desk.write(plan)
        try await desk.push()
        #expect(try await desk.pull().changed == ["api"], "pending became assigned")
        try await desk.end("api", .complete("x"))
        let extra = try await AddToBacklog.call(.init(description: "Only\nhere", tags: ["t"]), in: desk.town).task
        let ended = try await AddToBacklog.call(.init(description: "old"), in: desk.town).task
        _ = try await CancelTask.call(.init(task: ended.shortID), in: desk.town)
        let output = try await desk.pull()
        #expect((output.pulled, output.changed, output.leftOut) == (3, ["api", "tests"], 1))
        #expect(output.added == ["task-\(extra.shortID)"])
        let expected =
            plan.replacing("status = \"pending\"", with: "status = \"completed\"")
            .replacing("parent = \"api\"\n", with: "parent = \"api\"\nstatus = \"assigned\"\n") + """


                [[tasks]]
                id = "task-\(extra.shortID)"
                description = \"""
                Only
                here\"""
                agent = ""
                status = "pending"
                tags = ["t"]

                """
        #expect(try desk.text == expected)
        let before = try await desk.tasks()
        #expect(try await desk.push().tasks.allSatisfy { $0.outcome == .unchanged })
        #expect(try await desk.tasks() == before)
        #expect(try await desk.pull(all: true).added == ["task-\(ended.shortID)"])
        try await desk.push()
        #expect(try await desk.tasks() == before)
    }

    @Test func `a plan that was pulled makes the same town elsewhere`() async throws {
        let (desk, other) = (try await Desk(), try await Desk(agents: ["ada"]))
        try desk.write(plan)
        try await desk.push()
        for entry in ["api", "tests"] { try await desk.end(entry, .complete("x")) }
        try await desk.pull()
        try other.write(try desk.text)
        try await other.push()
        #expect(try await other.task("docs").inBacklog, "bob is not needed: his tasks done")
        #expect(try await other.pull().changed.isEmpty)
    }

    @Test func `a file that is no text is refused and left as it is`() async throws {
        let desk = try await Desk()
        let bytes = Array("# caf".utf8) + [0xE9, 0x0A]
        try bytes.withUnsafeBytes { try Data($0).write(to: URL(filePath: desk.folder.path("tasks.toml"))) }
        for body in [{ _ = try await desk.pull() }, { _ = try await desk.push() }] as [() async throws -> Void] {
            #expect(await failure(body)?.message.hasSuffix("tasks.toml is not UTF-8 text") == true)
        }
        #expect(try Files.bytes(desk.folder.path("tasks.toml")) == bytes)
    }

    @Test func `a file keeps its mode, and is found behind a link`() async throws {
        let desk = try await Desk()
        _ = try desk.folder.write(plan, to: "real.toml", mode: 0o640)
        try FileManager.default.createSymbolicLink(
            atPath: desk.folder.path("tasks.toml"), withDestinationPath: desk.folder.path("real.toml"))
        try await desk.push()
        #expect(try await desk.pull().changed == ["api"])
        #expect(try Files.text(desk.folder.path("real.toml"))?.contains("status = \"assigned\"") == true)
        #expect(Files.mode(desk.folder.path("real.toml")) == 0o640)
    }

    @Test func `a task for an agent that has ended is pointed out`() async throws {
        let desk = try await Desk()
        let ada = try await desk.town.agent("ada")
        try await desk.town.store.change(ada.id, .stop(.now), now: desk.town.time.now())
        try desk.write(plan)
        #expect(try await desk.push().notes.map { $0.prefix(16) } == ["'api' is for ada"])
    }

    @Test func `pull without a file makes one, and a template is never written over`() async throws {
        let desk = try await Desk()
        #expect(await failure { _ = try await desk.push() }?.code.kind == .notFound)
        _ = try await AssignTask.call(.init(agent: "ada", task: "do it"), in: desk.town)
        #expect(try await desk.pull().added.count == 1)
        #expect(try await ReadPlan.call(.init(), in: desk.town).tasks.map(\.agent) == ["ada"])
        #expect(await failure { _ = try await InitPlan.call(.init(), in: desk.town) }?.code.kind == .conflict)
    }
}

extension String {
    fileprivate func replacing(_ old: String, with new: String) -> String {
        var at = startIndex
        while at < endIndex {
            if self[at...].hasPrefix(old) { return self[..<at] + new + self[index(at, offsetBy: old.count)...] }
            at = index(after: at)
        }
        return "'\(old)' is not in the text"
    }
}
