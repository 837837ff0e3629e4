#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The control groups of one child, on Linux and only if this user may make some below its own: they hold the number
/// of its processes, and end all of them at once. A keeper does without them.
struct ControlGroups: Sendable {
    /// The folders that were made.
    private(set) var folders: [String] = []
    /// Whether one of them holds the keeper's limit, or there is no limit to hold.
    private(set) var holdLimit: Bool

    /// The files by which a process joins.
    var joining: [String] { folders.map { $0 + "/cgroup.procs" } }

    /// Makes what this user may make; nothing else is an error.
    static func make(for keeper: Keeper) -> ControlGroups {
        var groups = ControlGroups(holdLimit: keeper.processLimit == nil)
        guard keeper.usesControlGroup else { return groups }
        for parent in parents {
            // The older kind counts processes, and is of no other use.
            if !parent.isUnified && groups.holdLimit { continue }
            let folder = parent.folder + "/" + keeper.groupName
            guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { continue }
            groups.folders.append(folder)
            if let limit = keeper.processLimit, write("\(max(limit, 1))", to: folder + "/pids.max") {
                groups.holdLimit = true
            }
        }
        return groups
    }

    /// Asks the kernel to end everything in the groups of `keeper`, if it can.
    static func kill(_ keeper: Keeper) {
        for folder in folders(of: keeper) { _ = write("1", to: folder + "/cgroup.kill") }
    }

    /// The process ids in the groups of `keeper`.
    static func members(of keeper: Keeper) -> Set<Int32> {
        var members: Set<Int32> = []
        for folder in folders(of: keeper) {
            let text = String(decoding: contents(of: folder + "/cgroup.procs") ?? [], as: UTF8.self)
            members.formUnion(text.split(separator: "\n").compactMap { Int32($0) })
        }
        return members
    }

    /// Removes the groups of `keeper` that are empty.
    static func remove(of keeper: Keeper) {
        for folder in folders(of: keeper) {
            // An agent may have made groups of its own in it.
            for name in names(in: folder) { rmdir(folder + "/" + name) }
            rmdir(folder)
        }
    }

    private static func folders(of keeper: Keeper) -> [String] {
        guard keeper.usesControlGroup else { return [] }
        return parents.map { $0.folder + "/" + keeper.groupName }.filter { access($0, F_OK) == 0 }
    }

    /// A folder in which this process could make groups.
    private struct Parent: Sendable {
        var folder: String
        var isUnified: Bool
    }

    /// This process stays where it is, so they are looked up once.
    private static let parents: [Parent] = findParents()

    private static func findParents() -> [Parent] {
        #if os(Linux)
            let memberships = lines(of: "/proc/self/cgroup")
            var found: [Parent] = []
            for mount in lines(of: "/proc/self/mountinfo") {
                // id parent device root point options … - type source options
                let fields = mount.split(separator: " ").map(String.init)
                guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3 else { continue }
                let (root, point, kind) = (fields[3], fields[4], fields[dash + 1])
                let isUnified = kind == "cgroup2"
                let counts = fields[dash + 3].split(separator: ",").contains("pids")
                guard isUnified || (kind == "cgroup" && counts) else { continue }
                let member = memberships.lazy.compactMap { line -> String? in
                    let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
                    guard parts.count == 3 else { return nil }
                    let isThis = isUnified ? parts[0] == "0" : parts[1].split(separator: ",").contains("pids")
                    return isThis ? String(parts[2]) : nil
                }.first
                guard let member, member.hasPrefix(root == "/" ? "" : root), !member.contains("/..") else { continue }
                let below = root == "/" ? member : String(member.dropFirst(root.count))
                let folder = point + (below == "/" ? "" : below)
                if access(folder, W_OK) == 0 { found.append(Parent(folder: folder, isUnified: isUnified)) }
            }
            // The unified kind first: where it can count, the older one is not needed.
            return found.filter(\.isUnified) + found.filter { !$0.isUnified }
        #else
            return []
        #endif
    }

    private static func lines(of path: String) -> [String] {
        String(decoding: contents(of: path) ?? [], as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private static func write(_ text: String, to path: String) -> Bool {
        let descriptor = openFile(path, O_WRONLY)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return writeAll(Array(text.utf8), to: descriptor)
    }
}
