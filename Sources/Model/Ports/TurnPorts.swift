/// Ends what a turn left behind. The engine knows turns; its implementation knows processes.
public protocol ProcessJanitor: Sendable {
    /// True while the process behind `host` runs on this machine. Nil where only its expiry can tell: another machine.
    func isAlive(_ host: Host) -> Bool?

    /// Returns when the process behind `host` has ended, at once where it already has; never for a host of another
    /// machine. Throws when cancelled.
    func waitForEnd(of host: Host) async throws

    /// Ends every process that carries one of `turns` in its environment, and returns when none is left.
    func endSurvivors(of turns: [TurnID]) async
}

/// Makes the secret by which a turn's own commands are known to the store.
public protocol TurnSecrets: Sendable {
    /// A new secret that nobody can guess.
    func make() -> TurnSecret
}

/// What a turn's processes show, and what the store keeps of it.
public struct TurnSecret: Sendable, Equatable {
    /// Goes into a file that only this user reads; never into an environment, a command line, a prompt or a log.
    public var text: String
    /// Its SHA-256, in hexadecimal digits.
    public var digest: String

    public init(text: String, digest: String) {
        self.text = text
        self.digest = digest
    }
}

/// Keeps what people read about turns: one log an agent, one raw log a turn.
public protocol TurnJournal: Sendable {
    /// Opens the records of a turn. Never throws: a log that cannot be written must not stop work.
    func begin(_ turn: TurnID, agent: Agent, number: Int, at now: Timestamp) -> any TurnRecord
}

/// The open records of one turn.
public protocol TurnRecord: Sendable {
    func record(_ event: HarnessEvent)
    /// Closes them with one line on how the turn ended.
    func end(_ summary: String)
}

/// Writes files that a prompt names.
public protocol PromptFiles: Sendable {
    /// Writes `files` into a fresh folder for `turn` and returns its path. Mode 0700 and 0600.
    func write(_ files: [PromptFile], turn: TurnID) throws -> String
    /// Removes the folder of `turn`.
    func remove(turn: TurnID)
}

/// A file beside a prompt.
public struct PromptFile: Sendable, Equatable {
    public var name: String
    public var content: String

    public init(name: String, content: String) {
        self.name = name
        self.content = content
    }
}
