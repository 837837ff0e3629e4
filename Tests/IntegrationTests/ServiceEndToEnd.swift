import FoundationEssentials
import Processes
import TestOrder
import TestSupport
import TestTown
import Testing

/// What brings a town back when the machine starts.
@Suite(.serialized, .timeLimit(.minutes(2)), .queued) struct ServiceEndToEnd {
    /// A stand-in for systemd's programs, which writes down what it is told.
    private static let systemctl = """
        #!/bin/sh
        folder=$(dirname "$0")
        echo "$(basename "$0") $*" >> "$folder/calls"
        case "$*" in
            *--property=Version*) [ -e "$folder/absent" ] && { echo "Failed to connect to bus" >&2; exit 1; }; echo 252 ;;
            *is-enabled*) grep -q " enable " "$folder/calls" ;;
            *is-active*) exit 3 ;;
            *Linger*) echo no ;;
        esac
        """

    private func town() async throws -> (TownOnDisk, ScratchFolder) {
        let folder = try ScratchFolder(prefix: "tt-service")
        for name in ["systemctl", "loginctl"] { _ = try folder.write(Self.systemctl + "\n", to: name, mode: 0o700) }
        let town = try await TownOnDisk(environment: [
            "PATH": "\(folder.path):/usr/bin:/bin", "XDG_CONFIG_HOME": folder.path("config"),
            "XDG_RUNTIME_DIR": folder.path,
        ])
        return (town, folder)
    }

    @Test func `a unit is shown, written once, enabled and taken away`() async throws {
        let (town, folder) = try await town()
        let path = try #require(try await town.json(["service", "status"], "path"))
        #expect(path.hasPrefix(folder.path("config/systemd/user/tinytown-scratch-")))
        let shown = try await town.tt("service", "install", "--dry-run")
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(
            shown.contains("ExecStart=\"\(TownOnDisk.program)\" --town \"\(town.root)\" host --unguarded"), "\(shown)")
        #expect(shown.contains("Environment=\"PATH=\(folder.path):/usr/bin:/bin\""))
        #expect(try await town.json(["service", "install"], "action") == "written")
        #expect(try await town.json(["service", "install"], "action") == "unchanged")
        #expect(try String(contentsOfFile: path, encoding: .utf8).contains("Restart=on-failure"))
        let name = try #require(path.split(separator: "/").last)
        let calls = try String(contentsOfFile: folder.path("calls"), encoding: .utf8)
        #expect(calls.contains("systemctl --user enable \(name)\n"))
        #expect(try await town.json(["service", "status"], "enabled") == "true")
        #expect(try await town.tt("service", "status").contains("loginctl enable-linger"))
        #expect(try await town.json(["service", "remove"], "action") == "removed")
        #expect(try await town.json(["service", "remove"], "action") == "none")
        #expect(!FileManager.default.fileExists(atPath: path))
        try await town.close()
    }

    @Test func `without a user manager the unit is written all the same, and the next step is said`() async throws {
        let (town, folder) = try await town()
        _ = try folder.write("", to: "absent")
        let answer = try await town.answer(["service", "install"])
        #expect(answer.status == .exited(5))
        #expect(answer.errors.contains("the unit is written to") && answer.errors.contains("Failed to connect to bus"))
        #expect(answer.errors.contains("systemctl --user enable tinytown-scratch-"))
        #expect(try await town.json(["service", "status"], "installed") == "true")
        #expect(try await town.json(["service", "status"], "enabled") == "false")
        try await town.close()
    }

    @Test func `what the unit starts is a host of the town`() async throws {
        let (town, _) = try await town()
        // No agent is live, so it ends at once, as it does when a machine starts with nothing to do.
        let answer = try await town.answer(["--town", town.root, "host", "--unguarded"])
        #expect(answer.status == .exited(0), "\(answer)")
        #expect(answer.output.contains("host ends: no live agent is left") && town.guardian == nil)
        try await town.close()
    }
}
