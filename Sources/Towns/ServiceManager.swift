import Files
import Operations
import Processes

/// The program that starts services for this user: systemd's user manager, or launchd.
public struct ServiceManager: Sendable {
    private let kind: ServiceUnit.Kind
    private let environment: [String: String]

    /// What it says of a unit.
    public struct State: Sendable, Equatable {
        public var isEnabled: Bool
        public var isActive: Bool
    }

    public init(_ kind: ServiceUnit.Kind = .ofThisSystem, environment: [String: String]) {
        self.kind = kind
        var environment = environment
        // Missing where nobody logged in by the usual way, although the manager may run.
        let folder = "/run/user/\(Files.user)"
        if kind == .systemd, environment["XDG_RUNTIME_DIR"] == nil, Files.isFolder(folder) {
            environment["XDG_RUNTIME_DIR"] = folder
        }
        self.environment = environment
    }

    /// Why it cannot be asked; nil where it answers.
    public func absence() async -> String? {
        switch kind {
        case .systemd:
            guard Executable.find("systemctl", path: environment["PATH"]) != nil else {
                return "systemd is not installed here"
            }
            let answer = await run("systemctl", ["--user", "show", "--property=Version", "--value"])
            return answer.isSuccess ? nil : "no systemd user manager answers (\(answer.text))"
        case .launchd:
            return Executable.find("launchctl", path: environment["PATH"]) == nil ? "there is no launchctl" : nil
        }
    }

    /// Has it start the unit from now on, when the user's session or the machine starts.
    /// - Throws: `OperationError` with what it said.
    public func enable(_ unit: ServiceUnit) async throws {
        switch kind {
        case .systemd:
            try await must("systemctl", ["--user", "daemon-reload"])
            try await must("systemctl", ["--user", "enable", unit.name])
        case .launchd:
            _ = await run("launchctl", ["bootout", "gui/\(Files.user)/\(unit.name)"])
            try await must("launchctl", ["bootstrap", "gui/\(Files.user)", unit.path])
        }
    }

    /// Undoes `enable`. A host that runs goes on.
    public func disable(_ unit: ServiceUnit) async throws {
        switch kind {
        case .systemd: try await must("systemctl", ["--user", "disable", unit.name])
        case .launchd: _ = await run("launchctl", ["bootout", "gui/\(Files.user)/\(unit.name)"])
        }
    }

    /// After the unit's file has gone.
    public func forget() async {
        if kind == .systemd { _ = await run("systemctl", ["--user", "daemon-reload"]) }
    }

    public func state(of unit: ServiceUnit) async -> State {
        switch kind {
        case .systemd:
            State(
                isEnabled: await run("systemctl", ["--user", "is-enabled", unit.name]).isSuccess,
                isActive: await run("systemctl", ["--user", "is-active", unit.name]).isSuccess)
        case .launchd:
            State(
                isEnabled: Files.exists(unit.path),
                isActive: await run("launchctl", ["print", "gui/\(Files.user)/\(unit.name)"]).isSuccess)
        }
    }

    /// Whether the user's services start with the machine, and not only with a login; nil where nobody can say.
    public func lingers() async -> Bool? {
        guard kind == .systemd else { return nil }
        let answer = await run("loginctl", ["show-user", "\(Files.user)", "--property=Linger", "--value"])
        return answer.isSuccess ? answer.text == "yes" : nil
    }

    /// Has them start with the machine.
    public func linger() async throws { try await must("loginctl", ["enable-linger"]) }

    private struct Answer {
        var isSuccess: Bool
        /// What it said, on one line.
        var text: String
    }

    private func must(_ program: String, _ words: [String]) async throws {
        let answer = await run(program, words)
        guard answer.isSuccess else {
            throw OperationError(.failed, "\(program) \(words.joined(separator: " ")) failed: \(answer.text)")
        }
    }

    private func run(_ program: String, _ words: [String]) async -> Answer {
        let launch = Launch(program, words, environment: environment, input: .none)
        do {
            let ran = try await withThrowingTaskGroup(of: Collected?.self) { group in
                group.addTask { try await ChildProcess.run(launch, limit: 64 * 1024) }
                group.addTask {
                    try await ContinuousClock().sleep(for: .seconds(20))
                    return nil
                }
                let first = try await group.next() ?? nil
                group.cancelAll()
                return first
            }
            guard let ran else { return Answer(isSuccess: false, text: "no answer within 20 s") }
            let text = ran.errorText.isEmpty || ran.exit.isSuccess ? ran.outputText : ran.errorText
            let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "\(ran.exit)"
            return Answer(isSuccess: ran.exit.isSuccess, text: line)
        } catch {
            return Answer(isSuccess: false, text: "\(error)")
        }
    }
}
