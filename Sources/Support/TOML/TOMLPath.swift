/// One step into a document: a key of a table, or a place in an array.
public enum TOMLStep: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case key(String)
    /// Counted from 0.
    case index(Int)

    public init(stringLiteral key: String) { self = .key(key) }
    public init(integerLiteral index: Int) { self = .index(index) }
}

extension [TOMLStep] {
    /// `tasks[2].status`, for messages.
    var shown: String {
        var text = ""
        for step in self {
            switch step {
            case .key(let key): text += (text.isEmpty ? "" : ".") + TOMLWriter.key(key)
            case .index(let index): text += "[\(index)]"
            }
        }
        return text
    }
}

extension TOMLTable {
    /// The value under a path through tables and arrays.
    public subscript(steps steps: [TOMLStep]) -> TOMLNode? {
        TOMLNode(.table(self)).at(steps[...])
    }

    /// The table with another value at `path`, which is made where it is missing; nil where the way is blocked.
    func setting(_ path: [TOMLStep], to value: TOMLValue?) -> TOMLTable? {
        guard case .table(let table)? = TOMLNode(.table(self)).setting(path[...], to: value)?.value else { return nil }
        return table
    }
}

extension TOMLTable {
    /// The table with many other values; nil where a way is blocked.
    func setting(_ changes: [(path: [TOMLStep], value: TOMLValue)]) -> TOMLTable? {
        let node = TOMLNode(.table(self)).setting(changes.map { ($0.path[...], $0.value) })
        guard case .table(let table)? = node?.value else { return nil }
        return table
    }
}

extension TOMLNode {
    /// Each table and array on the ways is copied once, however many values below it change.
    fileprivate func setting(_ changes: [(path: ArraySlice<TOMLStep>, value: TOMLValue)]) -> TOMLNode? {
        if changes.count == 1 { return setting(changes[0].path, to: changes[0].value) }
        var order: [TOMLStep] = []
        var groups: [TOMLStep: [(path: ArraySlice<TOMLStep>, value: TOMLValue)]] = [:]
        for change in changes {
            guard let step = change.path.first else { return nil }
            if groups[step] == nil { order.append(step) }
            groups[step, default: []].append((change.path.dropFirst(), change.value))
        }
        switch value {
        case .table(var table):
            var places = Dictionary(table.entries.indices.map { (table.entries[$0].key, $0) }) { first, _ in first }
            for step in order {
                guard case .key(let key) = step else { return nil }
                let old = places[key].map { table.entries[$0].node } ?? TOMLNode(.table(TOMLTable()))
                guard let new = old.setting(groups[step] ?? []) else { return nil }
                if let at = places[key] {
                    table.entries[at].node = new
                } else {
                    places[key] = table.entries.count
                    table.entries.append((key, new))
                }
            }
            return TOMLNode(.table(table))
        case .array(var nodes):
            for step in order {
                guard case .index(let index) = step, nodes.indices.contains(index),
                    let new = nodes[index].setting(groups[step] ?? [])
                else { return nil }
                nodes[index] = new
            }
            return TOMLNode(.array(nodes))
        default: return nil
        }
    }

    fileprivate func at(_ path: ArraySlice<TOMLStep>) -> TOMLNode? {
        switch (path.first, value) {
        case (nil, _): self
        case (.key(let key), .table(let table)): table[key]?.at(path.dropFirst())
        case (.index(let index), .array(let nodes)) where nodes.indices.contains(index):
            nodes[index].at(path.dropFirst())
        default: nil
        }
    }

    /// The node with a new value, or without one, at `path`. An index one past the end appends.
    fileprivate func setting(_ path: ArraySlice<TOMLStep>, to value: TOMLValue?) -> TOMLNode? {
        guard let step = path.first else { return value.map(TOMLNode.init) }
        let rest = path.dropFirst()
        switch (step, self.value) {
        case (.key(let key), .table(var table)):
            let at = table.entries.firstIndex { $0.key == key }
            if rest.isEmpty, value == nil {
                if let at { table.entries.remove(at: at) }
                return TOMLNode(.table(table))
            }
            let old = at.map { table.entries[$0].node } ?? TOMLNode(.table(TOMLTable()))
            guard let new = old.setting(rest, to: value) else { return nil }
            if let at { table.entries[at].node = new } else { table.entries.append((key, new)) }
            return TOMLNode(.table(table))
        case (.index(let index), .array(var nodes)) where index >= 0 && index <= nodes.count:
            if rest.isEmpty, value == nil {
                guard index < nodes.count else { return self }
                nodes.remove(at: index)
                return TOMLNode(.array(nodes))
            }
            let old = index < nodes.count ? nodes[index] : TOMLNode(.table(TOMLTable()))
            guard let new = old.setting(rest, to: value) else { return nil }
            if index < nodes.count { nodes[index] = new } else { nodes.append(new) }
            return TOMLNode(.array(nodes))
        default: return nil
        }
    }
}
