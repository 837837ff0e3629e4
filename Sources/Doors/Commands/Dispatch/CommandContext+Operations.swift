import Concurrency
public import Operations
import Terminal

extension CommandContext {
    /// Carries out an operation. If no host could be started for what it brought, standard error says so.
    /// - Parameter startsHost: false if the caller itself sees to what has to follow.
    func call<Called: Operation>(
        _ operation: Called.Type, _ input: Called.Input, in town: OpenTown, startsHost: Bool = true
    ) async throws -> Called.Output {
        let answer = try await (startsHost ? service(town) : TownService(town)).call(Called.self, input)
        warn(answer.warning)
        return answer.output
    }

    /// What operations are called on.
    func service(_ town: OpenTown) -> TownService { TownService(town, starter: self) }

    /// Makes sure that a host runs if the town needs one; otherwise warns.
    func ensureHost(_ town: OpenTown) async throws { warn(try await service(town).ensureHost()) }

    private func warn(_ problem: NoHost?) {
        guard let problem else { return }
        let text = TerminalText.line(CommandFailure(problem.error).text)
        console.writeError("warning: work waits, but no host could be started: \(text)\n")
    }
}

extension CommandContext: HostStarter {
    public func ensureHost(for town: OpenTown) async throws {
        askedHost.set()
        try await parts.ensureHost(town)
    }
}
