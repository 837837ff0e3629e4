import Model

/// What a process's end means where no event told the outcome.
enum ExitVerdict {
    /// The failure of a CLI that ended without saying how its turn went. Never a success, whatever the exit status.
    static func failure(program: String, exit: ChildExit, errors: String, now: Timestamp) -> Failure {
        switch exit {
        case .signal(let number): return Failure(.crash, "\(program) was ended by signal \(number).")
        // What `env` and shells answer where a script's own interpreter is missing.
        case .code(126), .code(127):
            return Failure(
                .configuration, "\(program) could not start: \(lastLine(of: errors) ?? "a program is missing").")
        case .code(let code):
            if let known = FailureText.classify(errors, now: now) { return known }
            let words = lastLine(of: errors).map { ": \($0)" } ?? "."
            return Failure(.crash, "\(program) ended with status \(code) and without a result\(words)")
        }
    }

    /// The same, but status 0 is a success: for programs that print text.
    static func failureUnlessZero(program: String, exit: ChildExit, errors: String, now: Timestamp) -> Failure? {
        exit == .code(0) ? nil : failure(program: program, exit: exit, errors: errors, now: now)
    }

    private static func lastLine(of text: String) -> String? {
        text.split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) }.map {
            FailureText.sentence(String($0))
        }
    }
}
