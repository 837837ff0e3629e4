import CShims
import Files

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The descriptors around one spawn: the child's three, and our ends of the pipes.
struct SpawnDescriptors {
    /// Become 0, 1 and 2 of the child.
    var child: [Int32] = []
    /// Ours: the writing end of the input, the reading ends of the outputs.
    var input: Int32?
    var output: Int32?
    var errors: Int32?
    private var owned: [Int32] = []

    /// Opens everything that a launch needs. On an error nothing stays open.
    init(_ launch: Launch) throws(ProcessError) {
        do {
            child.append(try openInput(launch.input))
            var (writing, reading) = try openOutput(launch.output, place: 1)
            output = reading
            child.append(writing)
            (writing, reading) = try openOutput(launch.errors, place: 2)
            errors = reading
            child.append(writing)
        } catch {
            closeChildSide()
            closeOurSide()
            throw error
        }
    }

    /// Closes what only the child needs.
    mutating func closeChildSide() {
        for descriptor in owned { close(descriptor) }
        owned = []
    }

    /// Closes our ends, after a spawn that failed.
    mutating func closeOurSide() {
        for descriptor in [input, output, errors].compactMap({ $0 }) { close(descriptor) }
        (input, output, errors) = (nil, nil, nil)
    }

    private mutating func openInput(_ wanted: Launch.Input) throws(ProcessError) -> Int32 {
        switch wanted {
        case .none: return try open("/dev/null", O_RDONLY)
        case .inherit: return try standard(0)
        case .descriptor(let descriptor): return try above(descriptor, place: 0)
        case .bytes, .stream:
            let (reading, writing) = try pipe()
            owned.append(reading)
            input = writing
            return reading
        }
    }

    private mutating func openOutput(
        _ wanted: Launch.Output, place: Int32
    ) throws(ProcessError) -> (writing: Int32, reading: Int32?) {
        switch wanted {
        case .discard: return (try open("/dev/null", O_WRONLY), nil)
        case .inherit: return (try standard(place), nil)
        case .descriptor(let descriptor): return (try above(descriptor, place: place), nil)
        case .file(let file):
            let opened: Int32?
            do { opened = try file.open(.append) } catch { throw ProcessError(error) }
            guard let opened else { throw ProcessError(.file, "cannot open \(file)") }
            owned.append(opened)
            return (opened, nil)
        case .stream:
            let (reading, writing) = try pipe()
            owned.append(writing)
            return (writing, reading)
        }
    }

    /// Our own standard descriptor, or nothing at all where it is closed.
    private mutating func standard(_ place: Int32) throws(ProcessError) -> Int32 {
        shim_fcntl(place, F_GETFD, 0) >= 0 ? place : try open("/dev/null", O_RDWR)
    }

    /// A low descriptor would be overwritten while the child's are put into their places.
    private mutating func above(_ descriptor: Int32, place: Int32) throws(ProcessError) -> Int32 {
        if descriptor == place || descriptor > 2 { return descriptor }
        let copy = shim_fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw ProcessError(.file, "descriptor \(descriptor)", system: errno) }
        owned.append(copy)
        return copy
    }

    private mutating func open(_ path: String, _ flags: Int32) throws(ProcessError) -> Int32 {
        let descriptor = openFile(path, flags)
        guard descriptor >= 0 else { throw ProcessError(.file, "cannot open \(path)", system: errno) }
        owned.append(descriptor)
        return descriptor
    }

    private func pipe() throws(ProcessError) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        let error = shim_pipe(&ends)
        guard error == 0 else { throw ProcessError(.exhausted, "cannot make a pipe", system: error) }
        return (ends[0], ends[1])
    }
}

/// Starts the process of a launch; blocks until it runs its program.
func launchProcess(_ launch: Launch, descriptors: [Int32]) throws(ProcessError) -> Int32 {
    var pid: pid_t = 0
    let error = try withRequest(of: launch, descriptors: descriptors) { request in
        var request = request
        return shim_spawn(&pid, &request)
    }
    guard error == 0 else { throw spawnError(error, launch) }
    return pid
}

/// Calls `body` with everything that a launch needs in the form that C takes; returns its error number.
func withRequest(
    of launch: Launch, descriptors: [Int32], _ body: (shim_spawn) -> Int32
) throws(ProcessError) -> Int32 {
    for text in [launch.executable] + launch.arguments + [launch.directory ?? ""] where text.utf8.contains(0) {
        throw ProcessError(.invalidArgument, "an argument of \(launch.executable) holds a NUL byte")
    }
    for (name, value) in launch.environment {
        guard !name.isEmpty, !name.utf8.contains(0), !name.contains("="), !value.utf8.contains(0) else {
            throw ProcessError(.invalidArgument, "the environment variable \(name) cannot be passed on")
        }
    }
    if let directory = launch.directory {
        var status = stat()
        guard stat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, access(directory, X_OK) == 0 else {
            throw ProcessError(
                .directoryMissing, "the working directory \(directory) does not exist or cannot be entered")
        }
    }
    let path = try Executable.resolve(
        launch.executable, path: launch.environment["PATH"], directory: launch.directory)
    return withCStrings([launch.executable] + launch.arguments) { arguments in
        withCStrings(launch.environment.map { "\($0)=\($1)" }) { environment in
            path.withCString { path in
                withOptionalCString(launch.directory) { directory in
                    body(
                        shim_spawn(
                            path: path, argv: arguments, envp: environment, directory: directory,
                            stdio: (descriptors[0], descriptors[1], descriptors[2]), new_session: launch.newSession))
                }
            }
        }
    }
}

/// What an error number of a start means.
func spawnError(_ error: Int32, _ launch: Launch) -> ProcessError {
    let path =
        Executable.find(launch.executable, path: launch.environment["PATH"], directory: launch.directory)
        ?? launch.executable
    return switch error {
    case ENOENT:
        // The file was there a moment ago, so it is the interpreter that its first line names.
        ProcessError(.executableNotFound, "\(path) or its interpreter does not exist", errorNumber: error)
    case EACCES, ENOEXEC, EPERM, EISDIR, ELIBBAD:
        ProcessError(.notExecutable, "\(path) cannot be run", system: error)
    case E2BIG:
        ProcessError(.argumentsTooLong, "the arguments and environment of \(launch.executable)", system: error)
    case EAGAIN, ENOMEM, EMFILE, ENFILE:
        ProcessError(.exhausted, "cannot start \(launch.executable)", system: error)
    default:
        ProcessError(.system, "cannot start \(launch.executable)", system: error)
    }
}

/// A NULL-terminated array of C strings for the length of a call.
func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
}

private func withOptionalCString<Result>(_ string: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    guard let string else { return body(nil) }
    return string.withCString { body($0) }
}
