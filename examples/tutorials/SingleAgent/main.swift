// One agent does one task. Usage: single-agent [FOLDER [CLI]]
import Tinytown

let arguments = Array(CommandLine.arguments.dropFirst())
let folder = arguments.first ?? "."

// This process runs the agent's turns until the town is closed.
func openTown() async throws -> Town {
    do {
        return try await Town.connect(to: folder, hosting: .inProcess())
    } catch {
        guard error.code == .notInitialized else { throw error }
        return try await Town.initialize(at: folder, name: "demo", hosting: .inProcess())
    }
}
let town = try await openTown()

let coder = try await town.spawn("coder", cli: arguments.dropFirst().first)
print("🤖 Spawned agent: \(coder.name)")

let id = try await coder.assign("Write a function that calculates Fibonacci numbers, with tests")
print("✅ Assigned task \(id) to coder")

// Nothing is asked again and again: the town wakes us.
let task = try await town.wait(for: id, timeout: .seconds(3600))
print("📊 The task is \(task.state.rawValue): \(task.result ?? "no result")")

try await coder.close()
try await coder.waitUntilEnded(timeout: .seconds(60))
await town.close()
