import Configuration
import Model
import Operations
import Processes
import Towns

extension Doctor {
    /// What `tt doctor --security` looks at besides: problems of these kinds that the usual checks find.
    private static let kept: Set<Problem> = [
        .configurationInvalid, .fileOpen, .fileForeign, .secretInFile, .openTownhall, .isRoot, .untrusted,
        .foreignState, .unsafeOwner,
    ]

    /// The report of `tt doctor --security`.
    func securityReport() async throws -> Report {
        var report = Report()
        let root = findTown(&report)
        let machine = MachineFacts.read(folder: root ?? context.parts.folder, now: context.parts.time.now())
        let global = checkGlobal(&report)
        var configuration: TownConfiguration?
        var (clis, hosts): ([String], [ProcessIdentity]) = ([], [])
        if let root {
            configuration = checkConfiguration(root, &report)
            report.town = configuration?.name
            if let configuration, isAdmitted(root, configuration, &report) {
                (clis, hosts) = await workers(configuration, root)
            }
        }
        report.findings = (report.findings + machine.findings).filter { Self.kept.contains($0.problem) }
        let isTrusted = isTrusted(root, configuration)
        let known = isTrusted ? configuration : nil
        clis.append(
            global.cli(
                asked: nil, town: known ?? TownConfiguration(name: "none"), path: context.environment["PATH"]
            ).cli)
        let folder = root ?? context.parts.folder
        let check = SecurityCheck(
            files: TownFiles(root: folder), home: context.home, configuration: configuration,
            environment: context.environment, clis: Set(clis).sorted(),
            known: commands(configuration, global, root), hosts: hosts)
        let result = check.run(hasTown: root != nil)
        if isTrusted { report.facts.append("trust: you trust this folder as it is") }
        report.facts += result.facts
        report.findings += result.findings
        if root != nil {
            let lines = clis + (configuration?.agentCLIs.values.map(\.command) ?? [])
            report.findings +=
                SecretsCheck(
                    files: TownFiles(root: folder), environment: context.environment, commandLines: Set(lines).sorted()
                ).findings
        }
        report.findings = Self.worstFirst(report.findings)
        return report
    }

    /// The CLIs of agents that have not ended, and the hosts of this machine. A store that cannot be opened has none.
    private func workers(
        _ configuration: TownConfiguration, _ root: String
    ) async -> (clis: [String], hosts: [ProcessIdentity]) {
        guard let store = try? await context.parts.openStore(configuration, TownFiles(root: root), .existing) else {
            return ([], [])
        }
        let agents = (try? await store.agents()) ?? []
        let hosts = (try? await store.hosts()) ?? []
        await store.close()
        let here = hosts.filter { context.parts.janitor.isAlive($0) == true }.compactMap { ProcessIdentity($0.process) }
        return (agents.filter { !$0.state.isTerminal }.map(\.cli), here)
    }
}
