import Arguments
import Configuration
import Files
import Operations
import Processes
import Terminal
import Towns

enum ServiceCommand {
    static let command = Command(
        group: CommandSpec(
            "service", "Bring the town back when the machine starts", group: Group.town,
            examples: [
                Example("tt service install --dry-run", "see what would be written, and where"),
                Example("tt service status", "whether the town comes back by itself"),
            ],
            discussion:
                "Writes a systemd user unit, or a launchd agent on macOS, that starts the town's host. The host ends "
                + "when no agent is left. Without it, the next tt command in the town starts one if work waits."),
        [install, remove, status])

    private static let install = Command(
        CommandSpec(
            "install", "Write the unit, and have it start with the machine",
            options: [
                .flag("dry-run", nil, "only show what would be written"),
                .flag("linger", nil, "also start it without a login: loginctl enable-linger"),
            ],
            examples: [
                Example("tt service install --dry-run", "see what would be written, and where")
            ],
            discussion: "Safe to repeat. The unit keeps the PATH of this shell, so that agents find their CLIs.")
    ) { context in
        let (unit, manager) = try await subject(context, isForRunning: true)
        var output = Output(unit)
        if context.arguments.flag("dry-run") {
            output.text = unit.text
            output.action = .none
            return try context.show(output) { _ in
                ["# \(TerminalText.line(unit.path))"]
                    + unit.text.split(separator: "\n", omittingEmptySubsequences: false)
                    .dropLast().map { TerminalText.line(String($0)) }
            }
        }
        output.action = try Self.write(unit) ? .written : .unchanged
        if let absence = await manager.absence() {
            throw OperationError(
                .unavailable, "the unit is written to \(unit.path), but \(absence), so nothing starts it yet",
                hint:
                    "in a session of yours with systemd: systemctl --user enable \(unit.name); elsewhere, run tt start "
                    + "--detach when the machine starts")
        }
        try await manager.enable(unit)
        if context.arguments.flag("linger") { try await manager.linger() }
        await fill(&output, unit, manager)
        try context.show(output) { output in
            var lines = [
                output.action == .written
                    ? "✅ Wrote \(TerminalText.line(unit.path))" : "✅ \(TerminalText.line(unit.path)) is as it should be"
            ]
            lines.append("   The town's host starts with your session.")
            if output.lingers == false {
                lines.append("   So that it starts with the machine, without a login: loginctl enable-linger")
            }
            return lines
        }
    }

    private static let remove = Command(
        CommandSpec(
            "remove", "Take the unit away; the town itself stays as it is",
            examples: [Example("tt service remove", "the town no longer comes back by itself")])
    ) { context in
        let (unit, manager) = try await subject(context, isForRunning: false)
        var output = Output(unit)
        let isThere = Files.exists(unit.path)
        if isThere {
            let isManaged = await manager.absence() == nil
            if isManaged { try await manager.disable(unit) }
            Files.remove(unit.path)
            if isManaged { await manager.forget() }
        }
        output.action = isThere ? .removed : .none
        try context.show(output) { _ in
            [isThere ? "✅ Removed \(TerminalText.line(unit.path))" : "There is no unit for this town."]
        }
    }

    private static let status = Command(
        CommandSpec(
            "status", "Show whether the town comes back by itself",
            examples: [Example("tt service status --json | jq .enabled", "for scripts")])
    ) { context in
        let (unit, manager) = try await subject(context, isForRunning: false)
        var output = Output(unit)
        output.action = .none
        await fill(&output, unit, manager)
        try context.show(output) { output in
            guard output.isInstalled else {
                return ["No unit is installed for this town.", "   Write one with: tt service install"]
            }
            var lines = ["📄 \(TerminalText.line(unit.path))"]
            if !output.isCurrent { lines.append("   It differs from what would be written now: tt service install") }
            if let absence = output.absence { return lines + ["   Nothing starts it: \(TerminalText.line(absence))"] }
            lines.append(
                output.isEnabled ? "   It starts with your session." : "   It is not enabled: tt service install")
            if output.lingers == false { lines.append("   It needs a login: loginctl enable-linger changes that") }
            if output.isActive { lines.append("   It serves the town now.") }
            return lines
        }
    }

    private struct Output: Encodable {
        enum Action: String, Encodable { case written, unchanged, removed, none }

        var kind: ServiceUnit.Kind
        var unit: String
        var path: String
        var action = Action.none
        var isInstalled: Bool
        /// The file is what would be written now.
        var isCurrent: Bool
        var isEnabled = false
        var isActive = false
        /// Whether it starts without a login; null where nobody can say.
        @OrNull var lingers: Bool?
        /// Why no service manager can be asked.
        @OrNull var absence: String?
        /// With --dry-run: what would be written.
        var text: String?

        enum CodingKeys: String, CodingKey {
            case kind, unit, path, action, text, lingers
            case isInstalled = "installed"
            case isCurrent = "current"
            case isEnabled = "enabled"
            case isActive = "active"
            case absence = "unavailable"
        }

        init(_ unit: ServiceUnit) {
            (kind, self.unit, path) = (unit.kind, unit.name, unit.path)
            let text = try? Files.text(unit.path)
            isInstalled = Files.exists(unit.path)
            isCurrent = text == unit.text
        }
    }

    private static func fill(_ output: inout Output, _ unit: ServiceUnit, _ manager: ServiceManager) async {
        (output.isInstalled, output.isCurrent) = (Files.exists(unit.path), (try? Files.text(unit.path)) == unit.text)
        output.absence = await manager.absence()
        guard output.absence == nil else { return }
        let state = await manager.state(of: unit)
        (output.isEnabled, output.isActive) = (state.isEnabled, state.isActive)
        output.lingers = await manager.lingers()
    }

    /// - Returns: false where the file is what it should be.
    private static func write(_ unit: ServiceUnit) throws -> Bool {
        if (try? Files.text(unit.path)) == unit.text { return false }
        try Files.makeFolder(Files.parent(of: unit.path), mode: 0o755)
        try SafePath(path: unit.path).write(unit.text, mode: 0o644)
        return true
    }

    private static func subject(
        _ context: CommandContext, isForRunning: Bool
    ) async throws -> (ServiceUnit, ServiceManager) {
        let root = try context.townRoot()
        let (configuration, _) = try TownConfiguration.load(root: root)
        // What starts by itself has to be what a person has trusted.
        if isForRunning { _ = try await context.admit(root, configuration, runs: true) }
        guard let program = Executable.currentPath else {
            throw OperationError(.failed, "this program's own path is not known")
        }
        let unit = try ServiceUnit(
            root: root, configuration: configuration, program: program, environment: context.environment)
        return (unit, ServiceManager(environment: context.environment))
    }
}
