public import Files
public import Model

/// The files that prompts name, in a folder a turn, readable by their owner alone.
public struct TurnFolders: PromptFiles {
    private let root: SafePath

    /// - Parameter root: the folder in which each turn gets its own.
    public init(root: SafePath) { self.root = root }

    public func write(_ files: [PromptFile], turn: TurnID) throws -> String {
        let folder = root.appending(turn.description)
        try folder.makeFolder()
        for file in files { try folder.appending(file.name).write(file.content) }
        return folder.path
    }

    public func remove(turn: TurnID) { root.appending(turn.description).remove() }
}
