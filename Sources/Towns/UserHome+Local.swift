public import Configuration
import Files
public import Model
public import Operations

extension UserHome {
    /// That of this process's user.
    /// - Parameters:
    ///   - folder: where relative commands of CLIs begin.
    ///   - explain: how the door that is used words an error.
    public static func local(
        environment: [String: String], folder: String, admission: TownAdmission, janitor: any ProcessJanitor,
        time: any TimeSource,
        openStore: @escaping @Sendable (TownConfiguration, TownFiles, StoreAccess) async throws -> any Store,
        explain: @escaping @Sendable (any Error) -> String
    ) -> UserHome {
        let home = GlobalConfiguration.home(environment)
        let survey = TownSurvey(
            environment: environment, admission: admission, janitor: janitor, openStore: openStore, explain: explain)
        return UserHome(path: home) { entry in
            await survey.look(at: entry)
        } make: { folder, name in
            let made = try await TownMaker(home: home, openStore: openStore).make(
                folder, name: name, usesSocket: ["1", "true"].contains(environment["TT_USE_SOCKET"]?.lowercased()))
            var warnings: [String] = []
            if let aside = made.registryPutAside {
                warnings.append("the list of towns could not be read; it was put aside as \(aside)")
            }
            if let problem = made.registryProblem {
                warnings.append("the town is not in the list of towns: \(explain(problem))")
            }
            let choice = try GlobalConfiguration.load(home: home).cli(
                asked: nil, town: try TownConfiguration.load(root: made.root).0, path: environment["PATH"])
            return InitTown.Output(
                name: made.name, root: made.root, file: TownFiles(root: made.root).configuration,
                registered: made.registryProblem == nil, defaultCLI: choice.cli, cliReason: choice.reason,
                warnings: warnings)
        } problemWithCLI: { cli in
            let global = try GlobalConfiguration.load(home: home)
            let known = CLICommands(clis: global.agentCLIs, folder: folder, environment: environment, time: time)
            do throws(OperationError) {
                _ = try known.command(cli)
                return nil
            } catch { return error.message }
        }
    }
}

/// Looks at towns of the user's list. None of them is started or changed.
struct TownSurvey: Sendable {
    let environment: [String: String]
    let admission: TownAdmission
    let janitor: any ProcessJanitor
    let openStore: @Sendable (TownConfiguration, TownFiles, StoreAccess) async throws -> any Store
    let explain: @Sendable (any Error) -> String

    func look(at entry: TownRegistry.Entry) async -> TownEntryView {
        var view = TownEntryView(name: entry.name, path: entry.path, state: .ok)
        guard Files.isFolder(entry.path) else {
            view.state = .missing
            return view
        }
        guard Files.exists(TownFiles(root: entry.path).configuration) else {
            view.state = .noConfiguration
            return view
        }
        do {
            let (agents, hosts) = try await contents(of: entry.path)
            view.agents = agents.count
            view.live = agents.count { !$0.state.isTerminal }
            view.isServed = hosts.contains { janitor.isAlive($0) == true }
            if view.live == 0, !view.isServed, agents.count > 0 { view.state = .stopped }
        } catch let error as OperationError where error.code.kind == .notFound {
            // It came with a repository and was never used here.
            (view.agents, view.live) = (0, 0)
        } catch {
            view.state = .unavailable
            view.message = explain(error)
        }
        return view
    }

    private func contents(of root: String) async throws -> ([Agent], [Host]) {
        try TownLocator.checkOwners(of: root, environment: environment)
        let (configuration, _) = try TownConfiguration.load(root: root)
        switch try admission.answer(root: root, configuration: configuration, runs: false) {
        case .yes, .looking(.asConfigured, _): break
        case .looking(.nothingYet, _): throw OperationError(.notFound, "it has no state yet")
        case .ask:
            throw OperationError(
                .needsPerson, "it is not trusted", hint: "review it with: tt --town '\(root)' trust")
        }
        let store = try await openStore(configuration, TownFiles(root: root), .existing)
        do {
            let found = (try await store.agents(), try await store.hosts())
            await store.close()
            return found
        } catch {
            await store.close()
            throw error
        }
    }
}
