public import Arguments
import Operations
import Secrets
import Terminal

/// The face `tt`: reads arguments, finds the command, runs it, and turns what went wrong into an exit code.
public struct CommandLineFace: Sendable {
    public static let program = "tt"

    private let commands: [Command]
    private let version: String

    /// - Parameters:
    ///   - commands: in the order in which help lists them.
    ///   - version: without a leading `v`.
    public init(commands: [Command], version: String) {
        self.commands = commands
        self.version = version
    }

    /// Options that stand before or after any command.
    public static let globals: [Option] = [
        .value(
            "town", "t", "PATH", "the town's folder (default: $TINYTOWN_TOWN, this folder or one above it)",
            completion: .folder),
        .flag("json", nil, "print one JSON value; errors are JSON on standard error"),
        .flag("verbose", "v", "show which town and store are used"),
        .flag("help", "h", "show help"),
        .flag("version", "V", "show the version"),
    ]

    /// Everything that can be said to `tt`.
    public var root: CommandSpec {
        var root = CommandSpec(
            Self.program, "Run a team of AI agents that keeps working while you sleep",
            examples: [
                Example("tt init", "create a town in this folder"),
                Example("tt spawn worker", "add an agent that waits for work"),
                Example("tt assign worker \"Build the login page\"", "give it a task"),
                Example("tt status", "see who does what"),
            ],
            subcommands: commands.map { $0.spec.noted([$0.spec.name]) })
        root.elsewhere = Elsewhere.words
        return root
    }

    /// Runs one command line.
    /// - Parameter arguments: without the program's name.
    public func run(_ arguments: [String], parts: CommandParts) async -> ExitCode {
        // Known before parsing, because a command line that does not parse must still answer in JSON.
        let json = arguments.prefix { $0 != "--" }.contains("--json")
        // The last door out: whatever is written, secrets of this process and of known forms are masked.
        let console = MaskingConsole(parts.console, secrets: Secret.among(parts.environment))
        var masking = parts
        masking.console = console
        do {
            if arguments.isEmpty {
                parts.console.write(help(for: root, path: [], parts))
                return .usage
            }
            let parsed = try ArgumentsParser(root: root, globals: Self.globals).parse(arguments)
            if parsed.flag("version") {
                parts.console.write(try versionText(json: json))
                return .done
            }
            if parsed.flag("help") {
                try showHelp(of: parsed.command, path: parsed.path, json: json, parts)
                return .done
            }
            if parsed.path == ["help"] { return try help(parsed.positionalList("COMMAND"), json: json, parts) }
            if parsed.path == ["version"] {
                parts.console.write(try versionText(json: json))
                return .done
            }
            guard
                let command = commands.first(where: { $0.spec.name == parsed.path.first })?
                    .command(at: parsed.path.dropFirst())
            else { preconditionFailure("the parser found a command that is not there: \(parsed.path)") }
            let context = CommandContext(parts: masking, arguments: parsed)
            if TurnRules.needsPerson(parsed.path), context.caller.isInTurn {
                throw OperationError(
                    .needsPerson, "agents can't run `tt \(parsed.path.joined(separator: " "))`",
                    hint: "ask a person: tt send supervisor --query \"…\"")
            }
            try await command.run(context)
            return .done
        } catch let error as ArgumentsError where error.code == .missingCommand && !json {
            // A group without a command asks what there is.
            let group = error.path.reduce(into: root) { group, word in
                group = group.subcommands.first { $0.isCalled(word) } ?? group
            }
            parts.console.write(help(for: group, path: error.path, parts))
            return .usage
        } catch {
            let failure = CommandFailure(error, program: Self.program)
            console.writeError(failure.report(json: json))
            return failure.exit
        }
    }

    private func help(_ words: [String], json: Bool, _ parts: CommandParts) throws -> ExitCode {
        var command = root
        var path: [String] = []
        for word in words {
            guard let next = command.subcommands.first(where: { $0.isCalled(word) }) else {
                throw CommandFailure.usage(command.unknown(word), hint: "see: tt --help")
            }
            command = next
            path.append(next.name)
        }
        try showHelp(of: command, path: path, json: json, parts)
        return .done
    }

    private func showHelp(of command: CommandSpec, path: [String], json: Bool, _ parts: CommandParts) throws {
        guard json else { return _ = parts.console.write(help(for: command, path: path, parts)) }
        let renderer = HelpRenderer(program: Self.program, globals: Self.globals)
        parts.console.write(try JSONText.line(HelpView(command, path: path, renderer: renderer)) + "\n")
    }

    private func help(for command: CommandSpec, path: [String], _ parts: CommandParts) -> String {
        let capabilities = parts.console.capabilities
        return HelpRenderer(
            program: Self.program, globals: Self.globals, width: min(capabilities.width ?? 80, 100),
            isStyled: capabilities.hasColour
        ).help(for: command, path: path)
    }

    private func versionText(json: Bool) throws -> String {
        struct Version: Encodable {
            var name: String
            var version: String
        }
        return json ? try JSONText.line(Version(name: Self.program, version: version)) + "\n" : "tt \(version)\n"
    }
}
