// A pipeline whose stages begin when the one before is completed. Usage: task-pipeline [FOLDER [CLI]]
import Tinytown

let arguments = Array(CommandLine.arguments.dropFirst())
let town = try await Town.connect(to: arguments.first, hosting: .inProcess())
let cli = arguments.dropFirst().first

let stages = [
    ("architect", "Design the schema of the profile API"), ("developer", "Implement the profile endpoints"),
    ("tester", "Write tests for the profile API"), ("reviewer", "Review the implementation"),
]
var last: TaskID?
var pipeline: [TaskID] = []
for (name, description) in stages {
    let agent = try await town.spawn(name, cli: cli, role: name)
    let id = try await agent.assign(description, tags: [name], dependsOn: last.map { [$0] } ?? [])
    pipeline.append(id)
    last = id
}

for (stage, id) in zip(stages, pipeline) {
    let task = try await town.wait(for: id, timeout: .seconds(3600))
    print("\(stage.0): \(task.state.rawValue) — \(task.result ?? "")")
    // What failed holds the rest back; decide, rather than wait for ever.
    guard task.state == .completed else {
        for waiting in try await town.tasks(in: [.pending]) {
            try await town.cancel(waiting.id, reason: "\(stage.0) did not succeed")
        }
        break
    }
}

for agent in try await town.agents() { try await town.agent(agent.name).close() }
await town.close()
