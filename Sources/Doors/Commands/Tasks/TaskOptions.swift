import Arguments

/// What every command that makes a task can say of others.
enum TaskOptions {
    static let links: [Option] = [
        .value(
            "depends-on", nil, "A,B", "tasks that must be completed first", completion: .dynamic("tasks"),
            isRepeatable: true),
        .value(
            "parent", nil, "TASK", "the task that it is part of and starts after", completion: .dynamic("tasks")),
    ]
}
