import FoundationEssentials
import Testing

/// Doors hold no rules of their own: they call operations, and know neither stores nor the engine nor harnesses.
struct DoorImports {
    /// Files that still look past the operations. The list only becomes shorter.
    private static let known: Set<String> = [
        "Bootstrap/RedisBuild.swift", "Conductor/ConductorCLI.swift", "Conductor/ConductorContext.swift",
        "Conductor/GoalRun.swift",
        "Dispatch/CommandParts+System.swift", "Doctor/CLICheck.swift",
        "Doctor/Doctor.swift", "Doctor/SecretsCheck.swift", "Doctor/SecurityCheck.swift", "Hosts/ForegroundRun.swift",
        "Bootstrap/BootstrapCommand.swift", "Conductor/ConductorCommand.swift", "Town/ConfigCommand.swift",
    ]

    private static let forbidden: Set<String> = [
        "SQLiteStore", "RedisStore", "MemoryStore", "StoreVerbs", "Engine", "Hosting", "Harnesses",
    ]

    @Test func `no door imports a store, the engine or the harnesses`() throws {
        let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/Sources/Doors/Commands"
        var found: Set<String> = []
        for folder in try FileManager.default.contentsOfDirectory(atPath: root) {
            for file in try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)") {
                let text = try String(contentsOfFile: "\(root)/\(folder)/\(file)", encoding: .utf8)
                let imports = text.split(separator: "\n").filter { $0.contains("import ") }
                    .compactMap { $0.split(separator: " ").last.map(String.init) }
                if !Self.forbidden.isDisjoint(with: imports) { found.insert("\(folder)/\(file)") }
            }
        }
        #expect(found == Self.known, "only these may, and those that do not any more are taken off the list")
    }
}
