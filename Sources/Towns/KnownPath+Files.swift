import Files
import Configuration
import Files
import Harnesses
import Model
import Operations

extension KnownPath {
    /// What shells have found agent CLIs in.
    static func read(_ files: TownFiles) -> String? {
        let text = (try? files.knownPath.text(limit: 32_768)) ?? nil
        return text?.split(separator: "\n").first.map(String.init)
    }

    /// Keeps this process's `PATH` for the town's host if it leads to an agent CLI that the kept one does not.
    static func keep(_ town: OpenTown, environment: [String: String]) async {
        let files = TownFiles(root: town.root)
        guard let path = environment["PATH"], path.utf8.count < 32_000, !path.contains("\n"),
            let global = try? GlobalConfiguration.load(home: GlobalConfiguration.home(environment)),
            let agents = try? await town.store.agents()
        else { return }
        let here = HarnessRegistry(town: town, global: global, environment: environment)
        var before = environment
        before["PATH"] = read(files) ?? ""
        let known = here.with(before)
        let clis = Set(agents.filter { !$0.state.isTerminal }.map(\.cli))
        guard clis.contains(where: { here.isAvailable($0) && !known.isAvailable($0) }) else { return }
        try? files.knownPath.write(path + "\n")
    }
}
