import Arguments

/// The headings of `tt --help`.
enum Group {
    static let town = "The town"
    static let agents = "Agents"
    static let work = "Work"
    static let watching = "Watching"
    static let help = "Help"
}

/// Every command that this binary knows, in the order in which help lists them.
public enum CommandTable {
    public static let all: [Command] = declared.map { $0.called(Elsewhere.aliases[$0.spec.name] ?? []) }

    private static let declared: [Command] = [
        InitCommand.command, TrustCommand.command, TownsCommand.command, SaveCommand.command, RestoreCommand.command,
        StoreCommand.command, ServiceCommand.command,
        MigrateCommand.command, ConfigCommand.command, AuthCommand.command, BootstrapCommand.command,
        SpawnCommand.command, ConductorCommand.command, HostCommand.command,
        ListCommand.command, InterruptCommand.command, ResumeCommand.command, CloseCommand.command, KillCommand.command,
        RestartCommand.command, WaitCommand.command, PruneCommand.command, RecoverCommand.command,
        ReclaimCommand.command,
        StartCommand.command, StopCommand.command, ResetCommand.command,
        AssignCommand.command, SendCommand.command, InboxCommand.command, TaskCommand.command, BacklogCommand.command,
        PlanCommand.command, SyncCommand.command,
        DeadCommand.command,
        StatusCommand.command, CostsCommand.command, AttachCommand.command, LogsCommand.command, EventsCommand.command,
        HistoryCommand.command,
        DoctorCommand.command, helpCommand, versionCommand, CompletionsCommand.command, UpdateCommand.command,
        CompleteCommand.command, DocsCommand.command, DocsCommand.manualCommand, OpenAPICommand.command,
        InboxCommand.deprecatedCommand, AuthCommand.otherCommand, StatusCommand.watchCommand,
    ]

    // The face answers both itself; they are here so that they parse, complete and are listed.
    private static let helpCommand = Command(
        CommandSpec(
            "help", "Show help for a command", group: Group.help,
            positionals: [
                Positional("COMMAND", .any, "the command, with its subcommand", completion: .dynamic("commands"))
            ],
            examples: [Example("tt help task complete", "show what it takes")])
    ) { _ in }

    private static let versionCommand = Command(CommandSpec("version", "Show the version", group: Group.help)) { _ in }
}
