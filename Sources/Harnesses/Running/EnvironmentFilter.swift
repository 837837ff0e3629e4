/// Which of this process's variables a child inherits: what every program needs, and what it names. Nothing else: no
/// secret that is meant for other programs, and nothing that makes a program load or run another one.
public struct EnvironmentFilter: Sendable, Equatable {
    /// Names; one that ends in `*` stands for all that begin so.
    private var names: [String]

    /// What every program needs, and `names`.
    static func only(_ names: [String]) -> EnvironmentFilter { EnvironmentFilter(names: names) }

    /// What every program needs.
    static let common = EnvironmentFilter(names: [])

    /// The same, and `more`.
    func passing(_ more: [String]) -> EnvironmentFilter { EnvironmentFilter(names: names + more) }

    /// The variables of `environment` that pass.
    func apply(to environment: [String: String]) -> [String: String] {
        environment.filter { name, _ in passes(name) }
    }

    /// Whether a variable passes.
    func passes(_ name: String) -> Bool {
        if Self.never.contains(where: { Self.matches(name, $0) }) || Self.isOfOneRepository(name) { return false }
        if Self.forEveryProgram.contains(where: { Self.matches(name, $0) }) || names.contains(name) { return true }
        return names.contains { Self.matches(name, $0) } && !Self.onlyByName.contains { Self.matches(name, $0) }
    }

    /// Whether a variable says which repository git works on, as in a hook: `git rev-parse --local-env-vars`, and the
    /// settings that come with it. Another program would work on that repository whatever its folder.
    public static func isOfOneRepository(_ name: String) -> Bool { repository.contains { matches(name, $0) } }

    /// What a program needs to find its files, speak its language and reach the network.
    ///
    /// Of git's variables those that say who commits, which configuration is the user's, and whom to trust on the network.
    /// Not those that name programs to run: an editor or a password dialog would wait for a person, and what answers a
    /// dialog may hand out more than this agent is meant to have.
    private static let forEveryProgram = [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "COLORTERM", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE",
        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
        "XDG_*", "DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK", "EDITOR", "NVM_*", "PYENV_*", "JAVA_HOME",
        "CARGO_HOME", "RUSTUP_HOME", "GOPATH", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME",
        "GIT_COMMITTER_EMAIL", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_SSL_CAINFO",
        "GIT_SSL_CAPATH", "GIT_TERMINAL_PROMPT", "GIT_CEILING_DIRECTORIES",
    ]

    private static let repository = [
        "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE", "GIT_IMPLICIT_WORK_TREE",
        "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_INTERNAL_SUPER_PREFIX", "GIT_QUARANTINE_PATH",
        "GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_*", "GIT_CONFIG_VALUE_*",
    ]

    // The town's own: a turn gets what it needs of them by itself.
    private static let never = ["TINYTOWN_*"]

    // Marks by which a CLI believes to be inside another one, the town's store, and what loads code into every program:
    // no beginning of a name stands for them.
    private static let onlyByName = [
        "CLAUDECODE", "CLAUDE_CODE_*", "CLAUDE_PROJECT_DIR", "CODEX_*", "CURSOR_AGENT", "GEMINI_CLI", "OPENCODE",
        "REDIS_URL", "LD_*", "DYLD_*", "BASH_ENV", "BASH_FUNC_*", "ENV", "NODE_OPTIONS", "PYTHONSTARTUP", "PERL5OPT",
        "RUBYOPT",
    ]

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
        } else if let path = result["PATH"], let known = inherited["PATH"] {
            // Folders that became known after the host had started.
            result["PATH"] = KnownPath.joined(path, known)
        }
        // Without it some CLIs look the person up and write into the real home.
        if (result["HOME"] ?? "").isEmpty { result["HOME"] = home }
        if (result["PATH"] ?? "").isEmpty { result["PATH"] = "/usr/local/bin:/usr/bin:/bin" }
        return result
    }
}
