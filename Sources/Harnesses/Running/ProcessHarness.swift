import Files
import FoundationEssentials
import Model
import Processes

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Runs an agent CLI as a child process, one process a turn.
struct ProcessHarness: Harness {
    let name: String
    let command: HarnessCommand
    let dialect: any Dialect
    /// The town's folder.
    let town: String
    /// This process's variables.
    let inherited: [String: String]
    let clock: any Clock<Duration>
    let now: @Sendable () -> Timestamp

    func run(_ request: TurnRequest) async -> HarnessResult {
        var request = request
        // A session of another harness means nothing here.
        if request.session?.harness != name { request.session = nil }
        let first = await runOnce(request)
        guard let again = dialect.secondTry(after: first.result, errors: first.errors, of: request), !Task.isCancelled
        else { return first.result }
        return await runOnce(again).result
    }

    private func runOnce(_ request: TurnRequest) async -> (result: HarnessResult, errors: String) {
        func failed(_ failure: Failure) -> (HarnessResult, String) {
            (HarnessResult(session: request.session, failure: failure), "")
        }
        let launch: Launch
        do {
            launch = try prepare(request)
        } catch {
            return failed(error)
        }
        guard !Task.isCancelled else { return failed(Failure(.crash, "The turn was interrupted before it began.")) }
        let child: ChildProcess
        do {
            child = try await ChildProcess.spawn(launch)
        } catch {
            return failed(Self.failure(of: error, program: launch.executable))
        }
        request.emit(.started(process: child.identity.description))
        let run = WatchedRun(
            child: child, keeper: launch.keeper, request: request, isStructured: dialect.isStructured,
            transcript: dialect.makeTranscript(for: request, now: now))
        let outcome = await run.outcome(clock: clock)
        var other = outcome.transcript.failure(exit: outcome.exit, errors: outcome.errors)
        let words = outcome.transcript.record.reply.suffix(4096) + "\n" + outcome.errors
        if let hint = missingVariable(in: words) { other?.message += " " + hint }
        var result = outcome.transcript.record.result(harness: name, reason: outcome.reason, other: other, now: now())
        result.model = result.model ?? Self.model(in: launch.arguments)
        return (result, outcome.errors)
    }

    /// The model that the command line asks for: `--model NAME` or `--model=NAME`.
    static func model(in words: [String]) -> String? {
        for (index, word) in words.enumerated() {
            if word.hasPrefix("--model=") { return String(word.dropFirst(8)) }
            if word == "--model", index + 1 < words.count { return words[index + 1] }
        }
        return nil
    }

    /// What to do if the program's last words name a variable that is set here and was not passed on.
    private func missingVariable(in words: String) -> String? {
        guard dialect is PlainCommand else { return nil }
        let filter = dialect.inherited.passing(command.pass)
        let named = Set(words.split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_")) }.map(String.init))
        let missing = inherited.keys.filter { name in
            name.utf8.count > 2 && !filter.passes(name) && command.environment[name] == nil
                && !EnvironmentFilter.isOfOneRepository(name) && !name.hasPrefix("TINYTOWN_") && named.contains(name)
        }
        guard let name = missing.min() else { return nil }
        return "\(name) is set for you, but not passed on; if the command needs it, add pass = [\"\(name)\"] to its "
            + "table in [agent_clis]."
    }

    /// What to start, with the prompt's file written.
    private func prepare(_ request: TurnRequest) throws(Failure) -> Launch {
        var invocation = try dialect.invocation(for: request, command: command)
        let environment = ChildEnvironment.make(
            inherited: inherited, filter: dialect.inherited.passing(command.pass), dialect: invocation.environment,
            person: command.environment, turn: request.environment, home: homeDirectory)
        let home = environment["HOME"] ?? "/"
        invocation.arguments = invocation.arguments.map { HarnessCommand.expanded($0, home: home) }
        let folder = try directory(for: request, home: home)
        guard
            let program = Executable.find(
                invocation.arguments[0], path: environment["PATH"], directory: folder)
        else {
            throw Failure(
                .missingProgram,
                "The program '\(invocation.arguments[0])' is not installed, or not on the PATH of this host "
                    + "(\(FailureText.sentence(environment["PATH"] ?? "", limit: 200))). Install it, or change the command of "
                    + "'\(name)'; then, from a shell that finds it, let the agent go on: tt resume NAME.")
        }
        if let file = invocation.promptFile { try write(file) }
        return Launch(
            program, Array(invocation.arguments.dropFirst()), environment: environment, directory: folder,
            input: .bytes(invocation.input),
            keeper: Keeper(
                request.turn.description,
                processLimit: request.limits.processes > 0 ? request.limits.processes : nil,
                usesControlGroup: request.limits.usesControlGroup))
    }

    private func directory(for request: TurnRequest, home: String) throws(Failure) -> String {
        var folder = request.workingDirectory
        if let workdir = command.workdir, !workdir.isEmpty {
            let workdir = HarnessCommand.expanded(workdir, home: home)
            folder = workdir.hasPrefix("/") ? workdir : town + "/" + workdir
        }
        var status = stat()
        guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw Failure(.configuration, "The working directory '\(folder)' of '\(name)' does not exist.")
        }
        return folder
    }

    private var homeDirectory: String {
        if let home = inherited["HOME"], !home.isEmpty { return home }
        return FileManager.default.homeDirectoryForCurrentUser.path
    }

    /// Replaces the file, readable by this user alone. Nothing in the town leads it elsewhere.
    private func write(_ file: Invocation.PromptFile) throws(Failure) {
        do throws(FileError) {
            let place = SafePath(path: file.path, beneath: town)
            try place.write(file.text)
        } catch {
            throw Failure(
                error.isUnsafe ? .configuration : error.isExhausted ? .machine : .crash,
                "The prompt's file cannot be written: \(error).")
        }
    }

    static func failure(of error: ProcessError, program: String) -> Failure {
        switch error.code {
        case .executableNotFound: Failure(.missingProgram, "'\(program)' cannot be started: \(error.message).")
        case .notExecutable, .directoryMissing, .invalidArgument, .argumentsTooLong:
            Failure(.configuration, "'\(program)' cannot be started: \(error.message).")
        case .exhausted:
            Failure(
                .machine,
                "'\(program)' could not be started, because this machine has nothing left for it: \(error.message).")
        default: Failure(.crash, "'\(program)' could not be started: \(error.message).")
        }
    }
}
