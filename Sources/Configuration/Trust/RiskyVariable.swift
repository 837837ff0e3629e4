/// Environment variables with which a file can take a program over, or send its traffic elsewhere.
public enum RiskyVariable {
    private static let loaders: Set<String> = [
        "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "LD_DEBUG_OUTPUT", "DYLD_INSERT_LIBRARIES", "DYLD_LIBRARY_PATH",
        "DYLD_FRAMEWORK_PATH", "GCONV_PATH",
    ]
    private static let startUp: Set<String> = [
        "NODE_OPTIONS", "NODE_PATH", "BASH_ENV", "ENV", "ZDOTDIR", "PROMPT_COMMAND", "PYTHONSTARTUP", "PYTHONPATH",
        "PYTHONHOME", "PYTHONINSPECT", "PERL5OPT", "PERL5LIB", "PERL5DB", "RUBYOPT", "RUBYLIB", "JAVA_TOOL_OPTIONS",
        "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "DOTNET_STARTUP_HOOKS", "ELECTRON_RUN_AS_NODE", "BUN_OPTIONS", "DENO_DIR",
        "LUA_INIT", "PHPRC", "PHP_INI_SCAN_DIR", "R_PROFILE", "R_PROFILE_USER", "IFS", "SHELLOPTS", "BASHOPTS",
    ]
    private static let programs: Set<String> = [
        "PATH", "SHELL", "EDITOR", "VISUAL", "PAGER", "BROWSER", "LESSOPEN", "LESSCLOSE", "MANPAGER", "SUDO_ASKPASS",
        "SSH_ASKPASS", "RUSTC_WRAPPER", "CARGO_HOME", "MAKEFLAGS",
    ]
    private static let homes: Set<String> = [
        "HOME", "TT_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME", "GNUPGHOME",
    ]
    private static let authorities: Set<String> = [
        "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE",
        "NODE_TLS_REJECT_UNAUTHORIZED", "SSLKEYLOGFILE", "PYTHONHTTPSVERIFY",
    ]

    /// What the variable can do to a program, as a clause after its name; nil if nothing is known.
    public static func risk(of name: String) -> String? {
        let upper = name.uppercased()
        if loaders.contains(upper) || upper.hasPrefix("LD_") || upper.hasPrefix("DYLD_") {
            return "loads code into every program that the agent starts"
        }
        if startUp.contains(upper) || upper.hasPrefix("BASH_FUNC_") { return "runs code when an interpreter starts" }
        if upper.hasPrefix("GIT_") { return "changes which repository, settings or programs git uses" }
        if programs.contains(upper) { return "decides which programs run" }
        if homes.contains(upper) { return "decides which settings and credentials programs use" }
        if authorities.contains(upper) { return "changes which servers are believed" }
        if upper.hasSuffix("_PROXY") { return "sends traffic through another machine" }
        if upper.hasSuffix("_BASE_URL") || upper.hasSuffix("_API_BASE") || upper.hasSuffix("_ENDPOINT")
            || upper.hasSuffix("_HOST") || upper.hasSuffix("_URL")
        {
            return "sends requests, with their keys, to another address"
        }
        return nil
    }
}
