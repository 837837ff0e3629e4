/// Which backlog tasks suit an agent: by its role and the tasks' tags, as whole words, never by a part of its name (W43).
public enum BacklogMatch {
    // What each role takes besides tasks that carry its own name.
    private static let families: [[String]] = [
        ["frontend", "ui", "web", "client", "ux"],
        ["backend", "api", "server", "database", "data"],
        ["tester", "test", "testing", "qa", "validation", "regression"],
        ["reviewer", "review", "audit"],
        ["docs", "doc", "documentation", "writer", "spec", "readme"],
        ["devops", "ops", "infra", "deploy", "ci", "reliability"],
        ["security", "sec", "vulnerability", "hardening"],
        ["researcher", "research"],
    ]
    private static let generalists: Set<String> = ["default", "worker", "general", "generalist"]

    /// True where an agent with `role` should be offered a task with `tags`.
    ///
    /// Without a role, or with a general one, everything suits. A task without tags suits generalists only.
    public static func suits(role: String?, tags: [String]) -> Bool {
        guard let role = role?.lowercased(), !generalists.contains(role) else { return true }
        let words = Set(role.split { !$0.isLetter && !$0.isNumber }.map(String.init))
        var wanted = words.union([role])
        for family in families where !words.isDisjoint(with: family) { wanted.formUnion(family) }
        return tags.contains { wanted.contains($0.lowercased()) }
    }
}
