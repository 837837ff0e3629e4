import CShims

/// A program that takes the place of this process: it has the process id, the terminal and the standard streams, so that
/// job control, signals and the exit status are its own.
public struct Replacement: Sendable, Equatable {
    /// A path, or a name to look for on the environment's `PATH`.
    public var executable: String
    /// Without the program's name.
    public var arguments: [String]
    public var environment: [String: String]
    public var directory: String

    public init(_ executable: String, _ arguments: [String], environment: [String: String], directory: String) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
    }

    /// Puts it in the place of this process. Nothing of this process goes on, so close what has to be closed before.
    /// - Throws: where the program cannot be run; the working directory may have changed by then.
    public func take() throws(ProcessError) -> Never {
        let path = try Executable.resolve(executable, path: environment["PATH"], directory: directory)
        let error = withCStrings([executable] + arguments) { arguments in
            withCStrings(environment.map { "\($0)=\($1)" }) { environment in
                path.withCString { path in directory.withCString { shim_exec(path, arguments, environment, $0) } }
            }
        }
        throw ProcessError(.notExecutable, "\(path) cannot be run", system: error)
    }
}
