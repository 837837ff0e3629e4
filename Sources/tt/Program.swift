import Commands
import Dispatch
import Files
import FoundationEssentials
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
        Task { exit(await run()) }
        dispatchMain()
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
            let parts = CommandParts.system(
                environment: environment, folder: (try? Files.currentFolder()) ?? "/",
                ensureHost: HostLauncher.current(environment).ensureHost)
            return await CommandLineFace(verbs: Verbs.all, version: Version.current)
                .run(Array(arguments.dropFirst()), parts: parts).rawValue
        }
    }
}
