public import Model
public import Secrets

/// Everything that turns need from outside.
public struct TurnTools: Sendable {
    public var store: any Store
    public var harnesses: any HarnessSource
    public var workspaces: any Workspaces
    public var time: any TimeSource
    public var random: any Randomness
    public var journal: any TurnJournal
    public var files: any PromptFiles
    public var town: TurnContext
    public var settings: HostSettings
    /// Masks secrets in what a turn leaves behind.
    public var redactor: Redactor
    /// Nil: turns have no secrets, and their commands cannot write.
    public var secrets: (any TurnSecrets)?

    /// - Parameter workspaces: nil lets all turns work in the town's folder.
    public init(
        store: any Store, harnesses: any HarnessSource, time: any TimeSource, random: any Randomness,
        journal: any TurnJournal, files: any PromptFiles, town: TurnContext, settings: HostSettings,
        workspaces: (any Workspaces)? = nil, redactor: Redactor = .forms, secrets: (any TurnSecrets)? = nil
    ) {
        self.store = store
        self.harnesses = harnesses
        self.workspaces = workspaces ?? SharedFolder(town.root)
        self.time = time
        self.random = random
        self.journal = journal
        self.files = files
        self.town = town
        self.settings = settings
        self.redactor = redactor
        self.secrets = secrets
    }
}
