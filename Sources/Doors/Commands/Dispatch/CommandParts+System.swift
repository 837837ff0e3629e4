import Model
import Terminal
public import Operations
import Towns

extension CommandParts {
    /// The parts of a real process.
    /// - Parameters:
    ///   - folder: the working directory.
    ///   - ensureHost: starts a host for a town where it needs one.
    public static func system(
        environment: [String: String], folder: String,
        ensureHost: @escaping @Sendable (OpenTown) async throws -> Void
    ) -> CommandParts {
        var parts = CommandParts(
            console: SystemConsole(environment: environment), environment: environment, folder: folder,
            time: ThisMachine.time, random: ThisMachine.random, janitor: ThisMachine.janitor,
            openStore: { try await TownStore.open($0, $1, $2, environment: environment) }, ensureHost: ensureHost)
        parts.admission = TownAdmission(environment: environment)
        parts.zone = .system
        parts.isBeneathTurn = TurnAncestry.isBeneathTurn
        return parts
    }
}
