import Files
import TOML

/// The towns that a user trusts: `trust.toml` in `$TT_HOME`, keyed by the town's folder.
public struct TrustList: Sendable {
    /// A decision.
    public struct Entry: Sendable, Equatable {
        /// The town's folder, absolute and without links.
        public var root: String
        /// The identity of its state folder.
        public var state: String
        /// Device and number of the state folder, as `device:number`.
        public var place: String
        /// Of the part of `tinytown.toml` that can run or connect; empty if it is not trusted any more.
        public var digest: String
    }

    private let home: String

    public init(home: String) { self.home = home }

    private var path: String { home + "/trust.toml" }

    /// Every decision. A list that others could have written, or that cannot be read, is an error and trusts nothing.
    public func entries() throws -> [Entry] {
        if let problem = TownOwnership.problem(withOwn: path) {
            throw ConfigurationError(
                .unsafe, "\(problem), so tt does not believe what it says; remove it: rm '\(path)'")
        }
        guard let text = try Files.text(path) else { return [] }
        let table: TOMLTable
        do { table = try TOML.parse(text, file: path) } catch {
            throw ConfigurationError(.invalid, "\(error); fix the file or move it away")
        }
        guard let towns = table["towns"] else { return [] }
        guard case .array(let nodes) = towns.value else { throw malformed(towns) }
        return try nodes.map { node throws(ConfigurationError) in
            guard case .table(let fields) = node.value else { throw malformed(node) }
            func text(_ key: String) throws(ConfigurationError) -> String {
                guard case .string(let text)? = fields[key]?.value else { throw malformed(node) }
                return text
            }
            return Entry(
                root: try text("root"), state: try text("state"), place: try text("place"), digest: try text("digest"))
        }
    }

    private func malformed(_ node: TOMLNode) -> ConfigurationError {
        ConfigurationError(
            .invalid,
            "\(path):\(node.start.line): a trusted town needs root, state, place and digest; "
                + "fix the file or move it away")
    }

    /// The decision about one folder.
    public func entry(root: String) throws -> Entry? { try entries().first { $0.root == root } }

    /// Keeps a decision in place of an earlier one about the same folder.
    public func record(_ entry: Entry) throws {
        try change { entries in
            if let index = entries.firstIndex(where: { $0.root == entry.root }) {
                entries[index] = entry
            } else {
                entries.append(entry)
            }
        }
    }

    /// Stops trusting a folder. That its state was made here stays known.
    /// - Returns: false if it was not trusted.
    @discardableResult
    public func revoke(root: String) throws -> Bool {
        var found = false
        try change { entries in
            for index in entries.indices where entries[index].root == root && !entries[index].digest.isEmpty {
                entries[index].digest = ""
                found = true
            }
        }
        return found
    }

    private func change(_ body: (inout [Entry]) -> Void) throws {
        try Files.makeFolder(home)
        try Files.locked(home + "/trust.lock") {
            var all = try entries()
            let before = all
            body(&all)
            guard all != before else { return }
            let heading = "# Towns that you trust; written by tt trust and tt init.\n\n"
            let text = all.map { entry in
                """
                [[towns]]
                root = \(TOMLWriter.quoted(entry.root))
                state = \(TOMLWriter.quoted(entry.state))
                place = \(TOMLWriter.quoted(entry.place))
                digest = \(TOMLWriter.quoted(entry.digest))

                """
            }
            try Files.write(heading + text.joined(separator: "\n"), to: path)
        }
    }
}
