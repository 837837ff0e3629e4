// Three agents work at once, and a reviewer looks at everything. Usage: multi-agent [FOLDER [CLI]]
import Tinytown

let arguments = Array(CommandLine.arguments.dropFirst())
let town = try await Town.connect(to: arguments.first, hosting: .inProcess())
let cli = arguments.dropFirst().first

// The team.
let builders = [
    ("frontend", "Build the login page"), ("backend", "Build the auth API"), ("docs", "Write the API's documentation"),
]
var work: [TaskID] = []
for (name, description) in builders {
    work.append(try await town.spawn(name, cli: cli, role: name).assign(description))
}

// Fan in: the review begins by itself when all of it is completed.
let reviewer = try await town.spawn("reviewer", cli: cli, role: "reviewer")
let review = try await reviewer.assign(
    "Review the page, the API and the documentation for consistency", tags: ["review"], dependsOn: work)

// Everybody hears of it, once.
let told = try await town.broadcast(.informational("The team is complete; reviews are done by reviewer."))
print("📣 Told \(told.count) agents")

let verdict = try await town.wait(for: review, timeout: .seconds(3600))
for id in work {
    let task = try await town.task(id)
    print("✅ \(task.description): \(task.result ?? "")")
}
print("🔎 \(verdict.state.rawValue): \(verdict.result ?? "")")

for agent in try await town.agents() { try await town.agent(agent.name).close() }
await town.close()
