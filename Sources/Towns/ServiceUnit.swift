public import Configuration
import Cryptography
import Model

/// What starts a town's host when the machine has started, or the user has logged in: a systemd user unit or a launchd
/// agent. Only the text and its place; see `ServiceManager` for the program that reads it.
public struct ServiceUnit: Sendable, Equatable {
    public enum Kind: String, Sendable, Codable {
        case systemd, launchd

        /// The one of this system.
        public static var ofThisSystem: Kind {
            #if canImport(Darwin)
                .launchd
            #else
                .systemd
            #endif
        }
    }

    public var kind: Kind
    /// The name by which the service manager knows it.
    public var name: String
    /// The file, absolute.
    public var path: String
    public var text: String

    /// - Parameters:
    ///   - program: the absolute path of `tt`.
    ///   - environment: of the person who installs it: agents need the same `PATH` as in that shell.
    /// - Throws: `ConfigurationError` where a path cannot be written into a unit.
    public init(
        _ kind: Kind = .ofThisSystem, root: String, configuration: TownConfiguration, program: String,
        environment: [String: String]
    ) throws(ConfigurationError) {
        var digest = SHA256()
        digest.update(root.utf8)
        // Two towns may have one name.
        let mark = digest.hexDigest().prefix(8)
        let word = configuration.name.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        var kept: [(String, String)] = [("PATH", environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin")]
        if let home = environment["TT_HOME"] { kept.append(("TT_HOME", home)) }
        for text in [root, program, configuration.name] + kept.map(\.1) where text.contains(where: \.isNewline) {
            throw ConfigurationError(.invalid, "a unit cannot hold a line break, and there is one in: \(text)")
        }
        let home = environment["HOME"] ?? "/"
        self.kind = kind
        switch kind {
        case .systemd:
            name = "tinytown-\(String(word))-\(mark).service"
            path = "\(environment["XDG_CONFIG_HOME"] ?? home + "/.config")/systemd/user/\(name)"
            text = Self.systemd(root, configuration, program, kept)
        case .launchd:
            name = "dev.tinytown.\(String(word))-\(mark)"
            path = "\(home)/Library/LaunchAgents/\(name).plist"
            text = Self.launchd(name, root, program, kept)
        }
    }

    private static func systemd(
        _ root: String, _ configuration: TownConfiguration, _ program: String, _ environment: [(String, String)]
    ) -> String {
        func quoted(_ text: String, _ isCommand: Bool = false) -> String {
            var text = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("%", with: "%%")
            if isCommand { text = text.replacing("$", with: "$$") }
            return "\"\(text)\""
        }
        let grace = Figure.int(configuration.drainGrace.inSeconds, in: Figure.counts)
        return """
            # Made by: tt service install. It goes with: tt service remove
            [Unit]
            Description=Tinytown: the host of the town \(configuration.name.replacing("%", with: "%%"))
            ConditionPathExists=\(root.replacing("%", with: "%%"))/\(TownConfiguration.fileName)
            StartLimitIntervalSec=600
            StartLimitBurst=15

            [Service]
            Type=exec
            WorkingDirectory=\(root.replacing("%", with: "%%"))
            \(environment.map { "Environment=" + quoted("\($0.0)=\($0.1)") }.joined(separator: "\n"))
            ExecStart=\(quoted(program, true)) --town \(quoted(root, true)) host --unguarded
            # It ends by itself when no agent is left; what follows is for a host that dies.
            Restart=on-failure
            RestartSec=1
            # Wrong usage, no town, in use, a person is needed: another try would end in the same way.
            RestartPreventExitStatus=2 3 4 7
            # Turns may end first.
            KillMode=mixed
            TimeoutStopSec=\(grace + 15)

            [Install]
            WantedBy=default.target

            """
    }

    private static func launchd(
        _ name: String, _ root: String, _ program: String, _ environment: [(String, String)]
    ) -> String {
        func text(_ text: String) -> String {
            "<string>"
                + text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
                + "</string>"
        }
        let words = [program, "--town", root, "host", "--unguarded"].map { "        " + text($0) }
        let variables = environment.map { "        <key>\($0.0)</key>\(text($0.1))" }
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
            <!-- Made by: tt service install. It goes with: tt service remove -->
            <plist version="1.0">
            <dict>
                <key>Label</key>\(text(name))
                <key>ProgramArguments</key>
                <array>
            \(words.joined(separator: "\n"))
                </array>
                <key>WorkingDirectory</key>\(text(root))
                <key>EnvironmentVariables</key>
                <dict>
            \(variables.joined(separator: "\n"))
                </dict>
                <key>RunAtLoad</key><true/>
                <key>KeepAlive</key>
                <dict><key>SuccessfulExit</key><false/></dict>
            </dict>
            </plist>

            """
    }
}
