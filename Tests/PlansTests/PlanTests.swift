import Model
import Plans
import Testing

private func problems(_ text: String) -> [String] {
    do throws(PlanError) {
        _ = try Plan(text, file: "tasks.toml")
        return []
    } catch { return error.problems }
}

private func task(_ id: String, _ more: String = "") -> String {
    "[[tasks]]\nid = \"\(id)\"\ndescription = \"do \(id)\"\n\(more)\n"
}

@Suite struct PlanReading {
    @Test func `all that a task may say is read, with defaults for the rest`() throws {
        let text = """
            [meta]
            description = "Sprint 1"
            default_agent = "developer"

            [[tasks]]
            id = "api"
            description = "Build it"
            agent = "backend"
            status = "in_flight"
            tags = ["auth", "plan:stale"]

            [[tasks]]
            id = "tests"
            description = "Test it"
            parent = "api"
            depends_on = ["docs"]

            [[tasks]]
            id = "docs"
            description = "Write"
            agent = ""
            """
        let plan = try Plan(text, file: "tasks.toml")
        #expect((plan.description, plan.defaultAgent) == ("Sprint 1", "developer"))
        #expect(plan.entries.map(\.id) == ["api", "tests", "docs"])
        #expect(plan.entries.map { plan.agent(of: $0) } == ["backend", "developer", nil])
        #expect(plan.entries.map(\.status) == [.running, .pending, .pending])
        #expect(plan.entries[0].taskTags == ["auth", "plan:api"])
        #expect((plan.entries[1].parent, plan.entries[1].dependsOn) == ("api", ["docs"]))
    }

    @Test(arguments: [
        (
            "[[tasks]]\nid = \"a\"\ndesciption = \"x\"",
            "tasks.toml:3:1: unknown key 'tasks.desciption'; did you mean 'description'?"
        ),
        (
            "[meta]\ndefualt_agent = \"x\"",
            "tasks.toml:2:1: unknown key 'meta.defualt_agent'; did you mean 'default_agent'?"
        ),
        ("[[task]]\nid = \"a\"", "tasks.toml:1:3: unknown key 'task'; did you mean 'tasks'?"),
        ("[[tasks]]\ndescription = \"x\"", "tasks.toml:1:1: tasks.id is missing: each task needs an id"),
        ("[[tasks]]\nid = \"a\"", "tasks.toml:1:1: tasks.description is missing: each task needs a description"),
        ("[[tasks]]\nid = 3\ndescription = \"x\"", "tasks.toml:2:6: tasks.id must be a string, not a whole number"),
        ("[[tasks]]\nid = \" \"\ndescription = \"x\"", "tasks.toml:2:6: tasks.id is empty"),
        (
            task("a", "status = \"pendign\""),
            "tasks.toml:4:10: tasks.status must be one of pending, assigned, running, completed, failed, cancelled, not 'pendign'; did you mean 'pending'?"
        ),
        (task("a", "tags = \"x\""), "tasks.toml:4:8: tasks.tags must be an array of strings, not a string"),
        (task("a") + task("b") + task("a"), "tasks.toml:10:6: tasks.id 'a' is already the id of the task in line 2"),
        (
            task("build") + task("b", "parent = \"biuld\""),
            "tasks.toml:8:10: tasks.parent of 'b': there is no task 'biuld' in the plan; did you mean 'build'?"
        ),
        (
            task("a", "depends_on = [\"zzz\"]"),
            "tasks.toml:4:14: tasks.depends_on of 'a': there is no task 'zzz' in the plan"
        ),
        (
            task("a", "parent = \"c\"") + task("b", "depends_on = [\"a\"]") + task("c", "parent = \"b\""),
            "tasks.toml:8:14: tasks.depends_on: tasks would wait for each other: a → c → b → a"
        ),
        (task("a", "parent = \"a\""), "tasks.toml:4:10: tasks.parent: tasks would wait for each other: a → a"),
        ("tasks = 3", "tasks.toml:1:9: tasks must be an array of tables, each under [[tasks]], not a whole number"),
    ])
    func `an error names file, line and key`(text: String, expected: String) {
        #expect(problems(text).contains(expected), "\(problems(text))")
    }

    @Test func `everything that is wrong is said at once, in the order of the file`() {
        let text = task("a", "agnet = \"x\"\nstatus = 1") + "[[tasks]]\n" + task("b", "parent = \"q\"")
        #expect(
            problems(text).map { $0.prefix { $0 != " " } } == [
                "tasks.toml:4:1:", "tasks.toml:5:10:", "tasks.toml:6:1:", "tasks.toml:10:10:",
            ])
        #expect(problems("[[tasks]\n").count == 1)
    }

    @Test func `a key of somebody else is a warning`() throws {
        let plan = try Plan(task("a", "estimate = 3"), file: "tasks.toml")
        #expect(plan.warnings == ["tasks.toml:4:1: the key 'tasks.estimate' means nothing here and is kept as it is"])
    }

    @Test func `a parent that is tagged epic and has no agent groups, and its parts wait for what it waits for`() throws
    {
        let epic =
            task("e", "tags = [\"epic\"]\ndepends_on = [\"gate\"]") + task("gate") + task("part", "parent = \"e\"")
        #expect(
            try Plan("[meta]\ndefault_agent = \"x\"\n" + epic, file: "f").entries.map(\.isGroup) == [
                true, false, false,
            ])
        #expect(problems(epic.replacing("\"gate\"]", with: "\"part\"]")).first?.contains("part → part") == true)
        #expect(problems(epic + task("last", "parent = \"part\"") + task("x")).isEmpty)
        let owned = task("e", "tags = [\"epic\"]\nagent = \"a\"") + task("part", "parent = \"e\"")
        #expect(try Plan(owned, file: "f").entries.map(\.isGroup) == [false, false])
        #expect(try Plan(task("e", "tags = [\"epic\"]"), file: "f").entries.map(\.isGroup) == [false])
    }

    @Test func `the template is a plan`() throws {
        #expect(try Plan(Plan.template, file: "f").entries.map(\.id) == ["example-1"])
        #expect(try Plan("", file: "f").entries.isEmpty)
    }

    @Test func `ids of tasks depend on the town and the plan's id alone`() {
        #expect(TaskID(plan: "a", town: "t") == TaskID(plan: "a", town: "t"))
        let ids = Set((0..<20_000).map { TaskID(plan: "task-\($0)", town: "t") })
        #expect(ids.count == 20_000)
        #expect(Set(ids.map(\.high)).count == 20_000)
        #expect(TaskID(plan: "a", town: "tb") != TaskID(plan: "ba", town: "t"))
    }
}

@Suite struct PlanRecording {
    @Test func `only values that differ change, and new entries come last`() throws {
        let text = """
            # Our plan
            [meta]
            default_agent = "ada"

            [[tasks]] # the first
            id = 'a'
            description = \"""
            Two
            lines\"""
            status = 'pending' # not yet
            estimate = 3

            # waits
            [[tasks]]
            id = "b"
            description = "do b"
            depends_on = [ "a", ]
            """
        var plan = try Plan(text, file: "f")
        let same = PlanState(status: .pending, agent: "ada")
        #expect(try plan.record(["a": same, "b": same]).isEmpty)
        #expect(plan.text == text)
        let new = NewPlanEntry(
            id: "task-1", description: "x", state: PlanState(status: .assigned, agent: "bob"), tags: ["t"], parent: "a",
            dependsOn: ["b"])
        let changed = try plan.record(
            ["a": PlanState(status: .completed, agent: "ada"), "b": PlanState(status: .pending, agent: nil)],
            appending: [new])
        #expect(changed == ["a", "b"])
        let expected =
            text.replacing("'pending'", with: "'completed'").replacing("\"a\", ]", with: "\"a\", ]\nagent = \"\"") + """


                [[tasks]]
                id = "task-1"
                description = "x"
                agent = "bob"
                status = "assigned"
                tags = ["t"]
                parent = "a"
                depends_on = ["b"]

                """
        #expect(plan.text == expected)
        #expect(plan.entries.map(\.status) == [.completed, .pending, .assigned])
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
