import Files
import TOML

/// The towns of a user: `towns.toml` in `$TT_HOME`, keyed by path.
public struct TownRegistry: Sendable {
    /// A known town.
    public struct Entry: Sendable, Equatable, Codable {
        public var path: String
        public var name: String

        public init(path: String, name: String) {
            self.path = path
            self.name = name
        }
    }

    private let home: String

    public init(home: String) { self.home = home }

    private var path: String { home + "/towns.toml" }

    /// All known towns, oldest first. A file that cannot be read is an error, never an empty list.
    public func entries() throws -> [Entry] {
        guard let text = try Files.text(path, limit: Files.Limit.configuration, links: .followed) else { return [] }
        let table: TOMLTable
        do { table = try TOML.parse(text, file: path) } catch {
            throw ConfigurationError(.invalid, "\(error); fix the file or move it away")
        }
        guard let towns = table["towns"] else { return [] }
        guard case .array(let nodes) = towns.value else { throw malformed(towns) }
        return try nodes.map { node throws(ConfigurationError) in
            guard case .table(let fields) = node.value, case .string(let path)? = fields["path"]?.value,
                case .string(let name)? = fields["name"]?.value
            else { throw malformed(node) }
            return Entry(path: path, name: name)
        }
    }

    // To pass over what is not understood would be to lose it at the next registration.
    private func malformed(_ node: TOMLNode) -> ConfigurationError {
        ConfigurationError(
            .invalid,
            "\(path):\(node.start.line): towns must be tables with a path and a name; fix the file or move it away")
    }

    /// Adds a town, or gives the one at its path its new name. Two at once lose nothing. A registry that cannot be
    /// read is put aside under another name first, and never overwritten (W54).
    /// - Returns: where a damaged registry was put aside to, if that was necessary.
    @discardableResult
    public func register(_ entry: Entry) throws -> String? {
        try Files.makeFolder(home)
        return try Files.locked(home + "/towns.lock") {
            var aside: String?
            var all: [Entry]
            do { all = try entries() } catch let error as ConfigurationError where error.code == .invalid {
                var number = 1
                while Files.exists("\(path).damaged-\(number)") { number += 1 }
                aside = "\(path).damaged-\(number)"
                try Files.move(path, to: aside!)
                all = []
            }
            if let index = all.firstIndex(where: { $0.path == entry.path }) {
                all[index].name = entry.name
            } else {
                all.append(entry)
            }
            try write(all)
            return aside
        }
    }

    /// Takes towns out of the list. Their folders stay as they are.
    /// - Returns: those that were in it.
    /// - Throws: `ConfigurationError` (`invalid`) where the list cannot be read; it is then left alone.
    public func forget(_ isMeant: (Entry) -> Bool) throws -> [Entry] {
        try Files.makeFolder(home)
        return try Files.locked(home + "/towns.lock") {
            let all = try entries()
            let forgotten = all.filter(isMeant)
            if !forgotten.isEmpty { try write(all.filter { !isMeant($0) }) }
            return forgotten
        }
    }

    private func write(_ entries: [Entry]) throws {
        let text = entries.map { entry in
            "[[towns]]\npath = \(TOMLWriter.quoted(entry.path))\nname = \(TOMLWriter.quoted(entry.name))\n"
        }
        try Files.write(text.joined(separator: "\n"), to: path, links: .followed)
    }
}
