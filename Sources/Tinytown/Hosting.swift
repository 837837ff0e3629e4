import Configuration
import Files
import Operations
import Processes
import Towns

/// Who runs the turns of a town's agents.
public enum Hosting: Sendable, Hashable {
    /// A background process of the installed `tt`, started when the town needs it, as `tt spawn` does. It goes on after
    /// the program has ended, and ends by itself when no live agent is left.
    ///
    /// The path of `tt`; nil looks for it on the `PATH`.
    case background(tt: String? = nil)
    /// This process, from the first agent on until the town is closed. Where a background host serves the town already,
    /// that one goes on.
    ///
    /// Agents report through `tt`: its path, or nil to look for it on the `PATH`.
    case inProcess(tt: String? = nil)
    /// Nobody: the program only puts work in and looks, or plays its agents itself (`Town.join`).
    case none
}

/// Makes sure that somebody serves a town.
actor HostKeeper: HostStarter {
    private let hosting: Hosting
    private let environment: [String: String]
    private let log: @Sendable (String) -> Void
    private let ending = HostEnding()
    private var running: Task<Void, any Error>?

    init(_ hosting: Hosting, environment: [String: String], log: @escaping @Sendable (String) -> Void) {
        self.hosting = hosting
        self.environment = environment
        self.log = log
    }

    /// Returns when a host serves the town or is on its way; nothing happens where no live agent needs one.
    func ensureHost(for town: OpenTown) async throws {
        switch hosting {
        case .none: return
        case .background(let path):
            try await HostLauncher(program: try program(path), environment: environment).ensureHost(for: town)
        case .inProcess(let path):
            guard running == nil, ending.reason == nil else { return }
            let run = HostProcess(
                town, global: try GlobalConfiguration.load(home: GlobalConfiguration.home(environment)),
                environment: environment, program: try program(path), adoptsOrphans: false, log: log)
            running = Task {
                defer { self.ended() }
                do { try await run.background(ending) } catch {
                    log("the host has ended: \(error)")
                    throw error
                }
            }
        }
    }

    /// Ends the host of this process, if there is one: running turns get the town's grace period, then are put back.
    func close(_ town: OpenTown) async {
        guard let running else { return }
        let files = TownFiles(root: town.root)
        // From now on, programs that need a host know that this one takes nothing more, and leave word.
        try? files.hostDraining.write("\(ProcessIdentity.current)\n")
        ending.ask("the town is closed")
        _ = try? await running.value
        guard files.hostWanted.exists, case .inProcess(let path) = hosting, let tt = try? program(path) else {
            return
        }
        try? await HostLauncher(program: tt, environment: environment).ensureHost(for: town)
    }

    private func ended() { running = nil }

    private func program(_ path: String?) throws -> String {
        if let path { return path }
        if let found = Executable.find("tt", path: environment["PATH"]) { return found }
        throw TownError(
            .unavailable, "tt is not on the PATH, and agents need it",
            hint: "install it, or give its path as in hosting: .background(tt: \"/usr/local/bin/tt\")")
    }
}
