/// Which of this process's variables a child inherits.
enum EnvironmentFilter: Sendable, Equatable {
    /// What every program needs, and these names; one that ends in `*` stands for all that begin so.
    case only([String])
    /// Everything but what belongs to another session or to the town itself.
    case everything

    /// The variables of `environment` that pass.
    func apply(to environment: [String: String]) -> [String: String] {
        environment.filter { name, _ in passes(name) }
    }

    private func passes(_ name: String) -> Bool {
        switch self {
        case .everything:
            return !Self.foreign.contains { Self.matches(name, $0) } || Self.kept.contains(name)
        case .only(let names):
            return Self.common.contains { Self.matches(name, $0) } || names.contains { Self.matches(name, $0) }
        }
    }

    /// What a program needs to find its files, speak its language and reach the network.
    static let common = [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "COLORTERM", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE",
        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
        "XDG_*", "DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK", "GIT_*", "EDITOR", "NVM_*", "PYENV_*", "JAVA_HOME",
        "CARGO_HOME", "RUSTUP_HOME", "GOPATH",
    ]

    // Marks by which a CLI believes to be inside another one, and secrets of the town.
    private static let foreign = [
        "CLAUDECODE", "CLAUDE_CODE_*", "CLAUDE_PROJECT_DIR", "CODEX_*", "CURSOR_AGENT", "GEMINI_CLI", "OPENCODE",
        "TINYTOWN_*", "REDIS_URL",
    ]
    private static let kept: Set<String> = ["CODEX_HOME", "CODEX_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"]

    private static func matches(_ name: String, _ pattern: String) -> Bool {
        pattern.hasSuffix("*") ? name.hasPrefix(pattern.dropLast()) : name == pattern
    }
}

/// Puts a child's environment together.
enum ChildEnvironment {
    /// What the child gets, from the weakest source to the strongest: what it inherits, the dialect's settings, the
    /// person's own, and the turn's, which say who the agent is.
    ///
    /// The turn's `PATH` begins with the folder of the town's program; that folder stays first also where the person
    /// set a `PATH`.
    static func make(
        inherited: [String: String], filter: EnvironmentFilter, dialect: [String: String], person: [String: String],
        turn: [String: String], home: String
    ) -> [String: String] {
        var result = filter.apply(to: inherited)
        result.merge(dialect) { $1 }
        result.merge(person) { $1 }
        result.merge(turn) { $1 }
        if let own = person["PATH"], let path = turn["PATH"] {
            let first = path.prefix { $0 != ":" }
            result["PATH"] = first.isEmpty ? own : "\(first):\(own)"
        }
        // Without it some CLIs look the person up and write into the real home.
        if (result["HOME"] ?? "").isEmpty { result["HOME"] = home }
        if (result["PATH"] ?? "").isEmpty { result["PATH"] = "/usr/local/bin:/usr/bin:/bin" }
        return result
    }
}
