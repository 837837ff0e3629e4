import Arguments

/// The headings of `tt --help`.
enum Group {
    static let town = "The town"
    static let agents = "Agents"
    static let work = "Work"
    static let watching = "Watching"
    static let help = "Help"
}

/// Every verb that this binary knows, in the order in which help lists them.
public enum Verbs {
    public static let all: [Verb] = declared.map { $0.called(Elsewhere.aliases[$0.spec.name] ?? []) }

    private static let declared: [Verb] = [
        InitCommand.verb, TrustCommand.verb, TownsCommand.verb, SaveCommand.verb, RestoreCommand.verb,
        StoreCommand.verb, ServiceCommand.verb,
        MigrateCommand.verb, ConfigCommand.verb, AuthCommand.verb, BootstrapCommand.verb,
        SpawnCommand.verb, ConductorCommand.verb, HostCommand.verb,
        ListCommand.verb, InterruptCommand.verb, ResumeCommand.verb, CloseCommand.verb, KillCommand.verb,
        RestartCommand.verb, WaitCommand.verb, PruneCommand.verb, RecoverCommand.verb, ReclaimCommand.verb,
        StartCommand.verb, StopCommand.verb, ResetCommand.verb,
        AssignCommand.verb, SendCommand.verb, InboxCommand.verb, TaskCommand.verb, BacklogCommand.verb,
        PlanCommand.verb, SyncCommand.verb,
        DeadCommand.verb,
        StatusCommand.verb, CostsCommand.verb, AttachCommand.verb, LogsCommand.verb, EventsCommand.verb,
        HistoryCommand.verb,
        DoctorCommand.verb, helpVerb, versionVerb, CompletionsCommand.verb, UpdateCommand.verb,
        CompleteCommand.verb, DocsCommand.verb, DocsCommand.manualVerb, OpenAPICommand.verb,
        InboxCommand.deprecatedVerb, AuthCommand.otherVerb, StatusCommand.watchVerb,
    ]

    // The face answers both itself; they are here so that they parse, complete and are listed.
    private static let helpVerb = Verb(
        CommandSpec(
            "help", "Show help for a command", group: Group.help,
            positionals: [
                Positional("COMMAND", .any, "the command, with its subcommand", completion: .dynamic("commands"))
            ],
            examples: [Example("tt help task complete", "show what it takes")])
    ) { _ in }

    private static let versionVerb = Verb(CommandSpec("version", "Show the version", group: Group.help)) { _ in }
}
