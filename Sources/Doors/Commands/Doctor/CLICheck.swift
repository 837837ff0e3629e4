import Model
import Operations
import Presets
import Processes
import Terminal
import Towns

/// The CLIs that agents use: whether they are there, and which versions they are.
struct CLICheck {
    let known: CLICommands
    let environment: [String: String]
    /// Where relative programs are looked for.
    let folder: String
    let time: any TimeSource
    /// Whether tinytown.toml names the CLI of new agents.
    var isTownsDefault = false
    /// How long a CLI may take to tell its version.
    static let patience = Duration.seconds(5)

    /// What became of one.
    struct Result {
        var facts: [String] = []
        var findings: [Finding] = []
    }

    /// - Parameters:
    ///   - used: CLIs of agents that have not ended, with their names.
    ///   - standard: the CLI of new agents.
    func run(used: [String: [String]], standard: String) async -> Result {
        var result = Result()
        await withTaskGroup(of: (String, Result).self) { group in
            for cli in Set(used.keys).union([standard]) {
                group.addTask { (cli, await check(cli, agents: used[cli] ?? [])) }
            }
            var all: [(String, Result)] = []
            for await one in group { all.append(one) }
            for (_, one) in all.sorted(by: { $0.0 < $1.0 }) {
                result.facts += one.facts
                result.findings += one.findings
            }
        }
        return result
    }

    /// The command that gives the agents another CLI. Each keeps the one it was given: another default would change
    /// nothing for them.
    private func other(for agents: [String]) -> String {
        let installed = CLICommands.installed(path: environment["PATH"] ?? "").first ?? "NAME"
        guard let first = agents.first.map(TerminalText.line) else {
            // The town's own default comes before the user's.
            return isTownsDefault
                ? "set default_cli = \"\(installed)\" in tinytown.toml" : "tt config default_cli \(installed)"
        }
        let rest = agents.dropFirst().map(TerminalText.line)
        return "tt restart \(first) --cli \(installed)"
            + (rest.isEmpty ? "" : ", and the same for \(rest.joined(separator: ", "))")
    }

    /// - Parameter agents: those that use it, whose turns need it.
    private func check(_ cli: String, agents: [String]) async -> Result {
        let command: CLICommand
        do { command = try known.command(cli) } catch {
            let problem = !agents.isEmpty ? Problem.cliUnknown : .cliMissing
            return Result(findings: [
                Finding(problem, TerminalText.line(error.message), mend: "tt config agent_clis.\(cli) COMMAND")
            ])
        }
        let name = TerminalText.line(command.name)
        guard let program = Executable.find(command.words[0], path: environment["PATH"], directory: folder) else {
            return Result(findings: [
                Finding(
                    .cliMissing,
                    "'\(TerminalText.line(command.words[0]))', the program of the CLI '\(name)', is not on the PATH",
                    mend: "install it, or choose another: \(other(for: agents))")
            ])
        }
        var result = Result()
        if let remark = SettingsCheck.remark(on: command.text, named: name) { result.findings.append(remark) }
        // Only programs that are known to have the option are run.
        guard
            CLIPreset.all.contains(where: { command.words[0].split(separator: "/").last.map(String.init) == $0.program }
            )
        else {
            result.facts.append("\(name): \(TerminalText.line(program))")
            return result
        }
        if let version = await Program.version(program, environment: environment, time: time, limit: Self.patience) {
            result.facts.append("\(name): \(TerminalText.line(version)) (\(TerminalText.line(program)))")
        } else {
            result.findings.append(
                Finding(
                    .cliSilent, "\(TerminalText.line(program)) --version gives no answer in 5 s",
                    mend: "\(TerminalText.line(program)) --version"))
        }
        return result
    }
}

/// Programs that say of themselves what they are.
enum Program {
    /// The first line that `PROGRAM --version` prints; nil where it fails or takes longer than `limit`.
    static func version(
        _ program: String, environment: [String: String], time: any TimeSource, limit: Duration
    ) async -> String? {
        await withTaskGroup(of: String?.self) { group in
            group.addTask {
                let launch = Launch(program, ["--version"], environment: environment, input: .none)
                guard let ran = try? await ChildProcess.run(launch, limit: 64 * 1024), ran.exit.isSuccess else {
                    return nil
                }
                let text = ran.outputText.isEmpty ? ran.errorText : ran.outputText
                return text.split(whereSeparator: \.isNewline).first.map(String.init)
            }
            group.addTask {
                // Real time: the program does not run on the town's clock.
                try? await ContinuousClock().sleep(for: limit)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }
}
