import Commands
import Dispatch
import Files
import FoundationEssentials
import Operations
import Processes
import Towns

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One binary has several faces; its own name says which one is meant.
@main
enum Program {
    static func main() {
        // Before anything else has begun: a guardian has to stay small.
        Guardian.takeOver()
        checkDescriptors()
        Task { exit(await run()) }
        dispatchMain()
    }

    /// What is opened must not take the place of a standard stream that somebody closed; and every command needs some open
    /// files, or says so before it has begun.
    private static func checkDescriptors() {
        for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 { _ = open("/dev/null", O_RDWR) }
        let spare = (0..<16).map { _ in open("/dev/null", O_RDONLY | O_CLOEXEC) }
        for descriptor in spare where descriptor >= 0 { close(descriptor) }
        guard spare.contains(where: { $0 < 0 }) else { return }
        SystemConsole(environment: [:]).writeError(
            "error: tt needs at least 24 open files, and fewer are left; raise the limit: ulimit -n 1024\n")
        exit(ExitCode.unavailable.rawValue)
    }

    private static func run() async -> Int32 {
        let arguments = CommandLine.arguments
        let face = arguments.first.map(Files.name(of:)) ?? CommandLineFace.program
        let environment = ProcessInfo.processInfo.environment
        switch face {
        case "townhall", "tinyagi", "tinyclaw":
            SystemConsole(environment: environment).writeError(
                "error: \(face) comes with a later version. What there is now: tt --help\n")
            return ExitCode.unavailable.rawValue
        default:
            let folder: String
            do { folder = try Files.currentFolder() } catch {
                // A folder that was removed is none; one that cannot be named must not become another one.
                guard error.refusal == nil else {
                    SystemConsole(environment: environment).writeError("error: \(error)\n")
                    return ExitCode.failed.rawValue
                }
                folder = "/"
            }
            let parts = CommandParts.system(
                environment: environment, folder: folder, ensureHost: HostLauncher.current(environment).ensureHost(for:)
            )
            let code = await CommandLineFace(commands: CommandTable.all, version: Version.current)
                .run(Array(arguments.dropFirst()), parts: parts)
            if code == .done, let reason = SystemConsole.outputFailure {
                SystemConsole(environment: environment).writeError(
                    "error: the output could not be written: \(reason)\n")
                return ExitCode.failed.rawValue
            }
            return code.rawValue
        }
    }
}
