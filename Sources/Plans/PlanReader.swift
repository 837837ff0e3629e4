import Model
import TOML
import Text

/// Reads the tables of a plan and notes everything that is wrong, so that a person can fix it in one go.
struct PlanReader {
    struct Note {
        var line: Int
        var text: String
    }

    let file: String
    var description = ""
    var defaultAgent: String?
    var defaultPlace: TOMLPosition?
    var entries: [PlanEntry] = []
    var problems: [Note] = []
    var warnings: [Note] = []

    private static let rootKeys = ["meta", "tasks"]
    private static let metaKeys = ["description", "default_agent"]
    private static let taskKeys = ["id", "description", "agent", "status", "tags", "parent", "depends_on"]

    init(file: String) { self.file = file }

    static func located(_ file: String, _ place: TOMLPosition?, _ text: String) -> String {
        guard let place, place.line > 0 else { return "\(file): \(text)" }
        return "\(file):\(place.line):\(place.column): \(text)"
    }

    private mutating func problem(_ place: TOMLPosition?, _ text: String) {
        problems.append(Note(line: place?.line ?? 0, text: Self.located(file, place, text)))
    }

    mutating func read(_ table: TOMLTable) {
        checkKeys(table, among: Self.rootKeys, prefix: "")
        if let meta = table["meta"] { readMeta(meta) }
        if let tasks = table["tasks"] {
            if case .array(let nodes) = tasks.value {
                for (index, node) in nodes.enumerated() { readTask(node, index) }
            } else {
                problem(tasks.start, "tasks must be an array of tables, each under [[tasks]], not \(tasks.value.kind)")
            }
        }
        checkIDs()
        for index in entries.indices { readGroup(index) }
        checkReferences()
        if problems.isEmpty { checkCycles() }
    }

    // A key that is nearly one of ours is a mistake; any other is somebody else's, and is kept.
    private mutating func checkKeys(_ table: TOMLTable, among known: [String], prefix: String) {
        for (key, node) in table.entries where !known.contains(key) {
            let place = node.key.line > 0 ? node.key : node.start
            let name = prefix + key
            if let close = Suggestion.closest(to: key, among: known) {
                problem(place, "unknown key '\(name)'; did you mean '\(close)'?")
            } else {
                let text = Self.located(file, place, "the key '\(name)' means nothing here and is kept as it is")
                warnings.append(Note(line: place.line, text: text))
            }
        }
    }

    private mutating func readMeta(_ node: TOMLNode) {
        guard case .table(let meta) = node.value else {
            return problem(node.start, "meta must be a table, not \(node.value.kind)")
        }
        checkKeys(meta, among: Self.metaKeys, prefix: "meta.")
        description = text(meta["description"], "meta.description") ?? ""
        defaultAgent = text(meta["default_agent"], "meta.default_agent").flatMap { $0.isEmpty ? nil : $0 }
        defaultPlace = meta["default_agent"]?.start
    }

    private mutating func text(_ node: TOMLNode?, _ key: String) -> String? {
        guard let node else { return nil }
        guard case .string(let text) = node.value else {
            problem(node.start, "\(key) must be a string, not \(node.value.kind)")
            return nil
        }
        return text
    }

    private mutating func texts(_ node: TOMLNode?, _ key: String) -> [String] {
        guard let node else { return [] }
        guard case .array(let items) = node.value else {
            problem(node.start, "\(key) must be an array of strings, not \(node.value.kind)")
            return []
        }
        return items.compactMap { text($0, key) }
    }

    private mutating func readTask(_ node: TOMLNode, _ index: Int) {
        guard case .table(let table) = node.value else {
            return problem(node.start, "tasks must hold tables, not \(node.value.kind)")
        }
        checkKeys(table, among: Self.taskKeys, prefix: "tasks.")
        let before = problems.count
        let id = text(table["id"], "tasks.id")
        let description = text(table["description"], "tasks.description")
        for (key, value) in [("id", id), ("description", description)] where problems.count == before {
            if value == nil {
                problem(
                    node.start, "tasks.\(key) is missing: each task needs \(key == "id" ? "an id" : "a description")")
            } else if value?.allSatisfy(\.isWhitespace) == true {
                problem(table[key]?.start, "tasks.\(key) is empty")
            }
        }
        if let id, let fault = Self.fault(inID: id) { problem(table["id"]?.start, "tasks.id \(fault)") }
        var entry = PlanEntry(
            id: id ?? "", description: description ?? "", ownAgent: text(table["agent"], "tasks.agent"),
            status: .pending, tags: PlanEntry.ownTags(texts(table["tags"], "tasks.tags")),
            parent: text(table["parent"], "tasks.parent").flatMap { $0.isEmpty ? nil : $0 },
            dependsOn: texts(table["depends_on"], "tasks.depends_on"), isGroup: false, index: index, places: [:])
        if let fault = TextRules.problem(withTags: entry.tags) { problem(table["tags"]?.start, "tasks.tags: \(fault)") }
        if let status = text(table["status"], "tasks.status") {
            if let state = TaskState(wireName: status) {
                entry.status = state
            } else {
                let names = TaskState.allCases.map(\.rawValue)
                let hint = Suggestion.closest(to: status, among: names).map { "; did you mean '\($0)'?" } ?? ""
                problem(
                    table["status"]?.start,
                    "tasks.status must be one of \(names.joined(separator: ", ")), not '\(status)'\(hint)")
            }
        }
        for (key, node) in table.entries { entry.places[key] = node.start }
        if entry.places["id"] == nil { entry.places["id"] = node.start }
        if problems.count == before || id != nil { entries.append(entry) }
    }

    private static func fault(inID id: String) -> String? {
        if id.utf8.count > 128 { return "is longer than 128 bytes" }
        if let bad = id.unicodeScalars.first(where: { !TextRules.isShown($0) }) {
            return bad.properties.generalCategory == .control
                ? "holds a control character" : "holds \(TextRules.shown(String(bad))), which cannot be seen"
        }
        if id.first?.isWhitespace == true || id.last?.isWhitespace == true { return "begins or ends with a space" }
        return nil
    }

    // MARK: What entries say of each other

    private mutating func checkIDs() {
        var seen: [String: Int] = [:]
        for entry in entries where !entry.id.isEmpty {
            let line = entry.places["id"]?.line ?? 0
            if let first = seen[entry.id] {
                problem(entry.places["id"], "tasks.id '\(entry.id)' is already the id of the task in line \(first)")
            } else {
                seen[entry.id] = line
            }
        }
    }

    private mutating func readGroup(_ index: Int) {
        let entry = entries[index]
        guard entry.tags.contains(PlanEntry.groupTag), entry.ownAgent ?? "" == "" else { return }
        entries[index].isGroup = entries.contains { $0.parent == entry.id }
    }

    private mutating func checkReferences() {
        let known = entries.map(\.id)
        for entry in entries {
            let references = entry.dependsOn.map { ("depends_on", $0) } + (entry.parent.map { [("parent", $0)] } ?? [])
            for (key, id) in references where !known.contains(id) {
                let others = known.filter { $0 != entry.id }
                let hint = Suggestion.closest(to: id, among: others).map { "; did you mean '\($0)'?" } ?? ""
                problem(entry.places[key], "tasks.\(key) of '\(entry.id)': there is no task '\(id)' in the plan\(hint)")
            }
        }
    }

    // Depth first; the town refuses the same, but cannot say where it stands.
    private mutating func checkCycles() {
        let byID = Dictionary(entries.map { ($0.id, $0) }) { first, _ in first }
        func edges(_ id: String) -> [String] {
            guard let entry = byID[id] else { return [] }
            var edges = entry.dependsOn
            var (next, seen) = (entry.parent, Set<String>())
            while let parent = next.flatMap({ byID[$0] }), seen.insert(parent.id).inserted {
                guard parent.isGroup else {
                    edges.append(parent.id)
                    break
                }
                edges += parent.dependsOn
                next = parent.parent
            }
            return entry.isGroup ? edges + entries.filter { $0.parent == id }.map(\.id) : edges
        }
        var finished: Set<String> = []
        for root in entries where !finished.contains(root.id) {
            var way = [(id: root.id, rest: edges(root.id)[...])]
            while let last = way.indices.last {
                guard let next = way[last].rest.popFirst() else {
                    finished.insert(way.removeLast().id)
                    continue
                }
                if let start = way.firstIndex(where: { $0.id == next }) {
                    let cycle = way[start...].map(\.id) + [next]
                    let entry = byID[way[last].id]
                    let key = entry?.dependsOn.contains(next) == true ? "depends_on" : "parent"
                    problem(
                        entry?.places[key] ?? entry?.places["id"],
                        "tasks.\(key): tasks would wait for each other: \(cycle.joined(separator: " → "))")
                    return
                }
                if !finished.contains(next) { way.append((next, edges(next)[...])) }
            }
        }
    }
}
