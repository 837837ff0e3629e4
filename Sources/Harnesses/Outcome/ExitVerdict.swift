import Model

/// What a process's end means where no event told the outcome.
enum ExitVerdict {
    /// The failure of a CLI that ended without saying how its turn went. Never a success, whatever the exit status.
    ///
    /// - Parameters:
    ///   - errors: what it wrote to standard error.
    ///   - output: what it printed that was no event; of its answer, the last lines.
    static func failure(
        program: String, exit: ChildExit, errors: String, output: String = "", now: Timestamp
    ) -> Failure {
        switch exit {
        case .signal(let number): return Failure(.crash, "\(program) was ended by signal \(number).")
        case .code(let code):
            if code == 127, let missing = missingInterpreter(errors) {
                return Failure(.missingProgram, "\(program) could not start: \(FailureText.sentence(missing))")
            }
            // What it says on standard error counts for more than its answer's last words.
            if let known = FailureText.find(in: errors, now: now) ?? FailureText.find(in: output, now: now, lines: 6) {
                return known
            }
            let said = lastLine(of: errors) ?? lastLine(of: output)
            let words = said.map { ": \($0)" } ?? "."
            return Failure(.crash, "\(program) ended with status \(code) and without a result\(words)")
        }
    }

    /// What `env` says where the interpreter that a script names in its first line is missing. Any other program may end
    /// with the same status, because a command within it was not found.
    private static func missingInterpreter(_ errors: String) -> String? {
        let lines = errors.split(whereSeparator: \.isNewline)
        guard lines.count == 1, let line = lines.first else { return nil }
        let matcher = PhraseMatcher(line)
        let isEnv = line.hasPrefix("env: ") || line.hasPrefix("/usr/bin/env: ") || line.hasPrefix("/bin/env: ")
        return isEnv && matcher.contains(.phrase("no such file or directory")) ? String(line) : nil
    }

    private static func lastLine(of text: String) -> String? {
        FailureText.evidence(in: text).last.map { FailureText.sentence(String($0)) }
    }
}
