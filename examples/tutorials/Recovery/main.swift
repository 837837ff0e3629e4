// An agent that fails its task and one that is played by this program. Usage: recovery [FOLDER [CLI]]
import Tinytown

let arguments = Array(CommandLine.arguments.dropFirst())
let town = try await Town.connect(to: arguments.first, hosting: .inProcess())

// Errors are of one type; their codes say what happened.
func lookForNobody() async throws {
    do {
        _ = try await town.agent("nobody")
    } catch {
        guard error.code == .agentNotFound else { throw error }
        print("❌ \(error)")
    }
}
try await lookForNobody()

// A task that fails is tried again by somebody else.
let first = try await town.spawn("first", cli: arguments.dropFirst().first)
let failed = try await town.wait(for: try await first.assign("Do the impossible"), timeout: .seconds(3600))
print("💥 first: \(failed.state.rawValue) — \(failed.result ?? "")")

// This program plays the second agent itself. What it has received stays in the inbox until it is acknowledged: were
// the program killed here, it would receive the same message when it runs again.
let second = try await town.join("second", role: "fixer")
let retried = try await second.assign(failed.description)
let received = try await second.inbox.receive(timeout: .seconds(60))
if case .taskAssigned(let id) = received.message.content {
    try await town.complete(id, result: "done by hand", by: second)
}
try await received.acknowledge()
let task = try await town.task(retried)
print("🛠 second: \(task.state.rawValue) — \(task.result ?? "")")

try await second.stop()
try await first.close()
await town.close()
