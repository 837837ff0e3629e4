import Configuration
import Files
import Model
import Operations
import Towns

/// Looks at everything there is to look at.
struct Doctor {
    let context: CommandContext
    let progress: ProgressLine

    struct Report: Encodable {
        /// Its name, where there is a town and its configuration can be read.
        @OrNull var town: String?
        /// What is as it should be, for people.
        var facts: [String] = []
        var findings: [Finding] = []
        /// False for warnings and errors.
        var ok: Bool { findings.allSatisfy { $0.problem.severity == .info } }

        private enum CodingKeys: String, CodingKey { case town, facts, findings, ok }

        init() { _town = OrNull(wrappedValue: nil) }

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(_town, forKey: .town)
            try values.encode(facts, forKey: .facts)
            try values.encode(findings, forKey: .findings)
            try values.encode(ok, forKey: .ok)
        }
    }

    func report() async throws -> Report {
        var report = Report()
        let root = findTown(&report)
        var machine = MachineFacts.read(folder: root ?? context.parts.folder, now: context.parts.time.now())
        let global = checkGlobal(&report)
        var used: [String: [String]] = [:]
        var configuration: TownConfiguration?
        if let root {
            configuration = checkConfiguration(root, &report)
            if let configuration {
                report.town = configuration.name
                used = await checkStore(configuration, root, &machine, &report)
            }
        }
        report.findings = machine.findings + report.findings
        let cores = "\(machine.system) \(machine.release)"
        let free = machine.freeSpace.map { ", \(Int($0).shownBytes) free" } ?? ""
        report.facts.insert("machine: \(cores)\(free)", at: 0)
        await checkCLIs(used, configuration, global, root, &report)
        report.findings = Self.worstFirst(report.findings)
        return report
    }

    func findTown(_ report: inout Report) -> String? {
        do { return try context.townRoot() } catch {
            if error.code == .unsafe {
                report.findings.append(
                    Finding(.unsafeOwner, error.message, mend: "give the folder to yourself alone: chown, chmod go-w"))
            }
            return nil
        }
    }

    /// The worst comes first; within a severity the order of looking stays.
    static func worstFirst(_ findings: [Finding]) -> [Finding] {
        Problem.Severity.allCases.reversed().flatMap { severity in findings.filter { $0.problem.severity == severity } }
    }

    /// What runs the agents' CLIs, as the town (if it is trusted) and the user's own configuration say.
    func commands(_ town: TownConfiguration?, _ global: GlobalConfiguration, _ root: String?) -> CLICommands {
        // Asking a CLI for its version runs it.
        var clis = isTrusted(root, town) ? town?.agentCLIs ?? AgentCLI.presets : AgentCLI.presets
        for (name, cli) in global.agentCLIs where clis[name] == nil || clis[name] == AgentCLI.presets[name] {
            clis[name] = cli
        }
        return CLICommands(
            clis: clis, folder: root ?? context.parts.folder, environment: context.environment,
            time: context.parts.time)
    }

    func checkGlobal(_ report: inout Report) -> GlobalConfiguration {
        do { _ = try TownRegistry(home: context.home).entries() } catch {
            let file = context.home + "/towns.toml"
            report.findings.append(
                Finding(.registryDamaged, "\(error)", mend: "mv '\(file)' '\(file).old'"))
        }
        do { return try GlobalConfiguration.load(home: context.home) } catch {
            report.findings.append(Finding(.configurationInvalid, error.message, mend: "correct that line"))
            return GlobalConfiguration()
        }
    }

    func checkConfiguration(_ root: String, _ report: inout Report) -> TownConfiguration? {
        report.findings += FilesCheck(files: TownFiles(root: root), home: context.home).findings
        do {
            let (configuration, warnings) = try TownConfiguration.load(root: root)
            for warning in warnings {
                report.findings.append(Finding(.unknownKey, warning, mend: "remove the key, or correct it"))
            }
            let text =
                (try? Files.text(
                    TownFiles(root: root).configuration, limit: Files.Limit.configuration, links: .followed)) ?? nil
            report.findings += SettingsCheck(configuration: configuration, text: text ?? "").findings
            report.facts.append("configuration: \(TownFiles(root: root).configuration)")
            return configuration
        } catch {
            report.findings.append(Finding(.configurationInvalid, error.message, mend: "correct that line"))
            return nil
        }
    }

    /// Whether the store may be looked at; what stands against it is a finding.
    func isAdmitted(_ root: String, _ configuration: TownConfiguration, _ report: inout Report) -> Bool {
        do {
            switch try context.parts.admission.answer(root: root, configuration: configuration, runs: false) {
            case .yes: return true
            case .looking(let terms, let reason):
                report.findings.append(Finding(.untrusted, TrustText.sentence(reason, root), mend: "tt trust"))
                return terms != .nothingYet
            case .ask(let reason):
                report.findings.append(Finding(.untrusted, TrustText.sentence(reason, root), mend: "tt trust"))
                return false
            }
        } catch {
            let state = TownFiles(root: root).state
            report.findings.append(
                Finding(.foreignState, CommandFailure(error).message, mend: "mv '\(state)' '\(state).old'"))
            return false
        }
    }

    /// - Returns: the CLIs of agents that have not ended.
    private func checkStore(
        _ configuration: TownConfiguration, _ root: String, _ machine: inout MachineFacts, _ report: inout Report
    ) async -> [String: [String]] {
        let files = TownFiles(root: root)
        guard isAdmitted(root, configuration, &report) else { return [:] }
        let store: any Store
        do { store = try await context.parts.openStore(configuration, files, .existing) } catch {
            report.findings += Self.findings(opening: error)
            return [:]
        }
        let town = OpenTown(
            root: root, configuration: configuration, store: store, time: store.clock ?? context.parts.time,
            random: context.parts.random, janitor: context.parts.janitor)
        var used: [String: [String]] = [:]
        do {
            progress.show("   the store is checked")
            if let problems = try await TownStore.problems(of: store) {
                if let first = problems.first {
                    report.findings.append(
                        Finding(
                            .storeDamaged, "\(files.database): \(first)", mend: "tt stop, then tt restore --force FILE")
                    )
                } else {
                    let size = Int(clamping: files.database.size ?? 0).shownBytes
                    report.facts.append("store: \(files.database) is whole (\(size))")
                }
                if let log = files.file("town.db-wal").size, log > 256_000_000 {
                    report.findings.append(
                        Finding(.storeLog, "the store's log has \(Int(log).shownBytes)", mend: "tt stop"))
                }
            }
            report.findings += try await WorkCheck(town: town).findings()
            machine.newestEvent = try await store.latestEvents(limit: 1, filter: EventFilter()).last?.timestamp
            used = Dictionary(grouping: try await store.agents().filter { !$0.state.isTerminal }, by: \.cli)
                .mapValues { $0.map(\.name) }
        } catch {
            report.findings += Self.findings(opening: error)
        }
        await store.close()
        return used
    }

    private static func findings(opening error: any Error) -> [Finding] {
        // A town that nobody has used yet has no store, and that is no problem.
        if let error = error as? OperationError, error.code.kind == .notFound { return [] }
        let failure = CommandFailure(error)
        let isDamaged = (error as? StoreError)?.code == .corrupt
        return [
            Finding(
                isDamaged ? .storeDamaged : .storeUnusable, failure.message,
                mend: isDamaged ? "put back a copy: tt restore --force FILE" : failure.hint ?? "see the message")
        ]
    }

    func isTrusted(_ root: String?, _ configuration: TownConfiguration?) -> Bool {
        guard let root, let configuration else { return false }
        return context.isTrusted(root, configuration)
    }

    private func checkCLIs(
        _ used: [String: [String]], _ town: TownConfiguration?, _ global: GlobalConfiguration, _ root: String?,
        _ report: inout Report
    ) async {
        let folder = root ?? context.parts.folder
        let known = commands(town, global, root)
        let trusted = isTrusted(root, town) ? town : nil
        let standard = global.cli(
            asked: nil, town: trusted ?? TownConfiguration(name: "none"), path: context.environment["PATH"]
        ).cli
        progress.show("   CLIs are asked for their versions")
        let result = await CLICheck(
            known: known, environment: context.environment, folder: folder, time: context.parts.time,
            isTownsDefault: trusted?.defaultCLI != nil
        ).run(used: used, standard: standard)
        report.facts += result.facts
        report.findings += result.findings
    }
}
