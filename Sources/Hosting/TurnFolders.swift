public import Engine
import Files
public import Model

/// The files that prompts name, in a folder a turn, readable by their owner alone.
public struct TurnFolders: PromptFiles {
    private let root: String

    /// - Parameter root: the folder in which each turn gets its own.
    public init(root: String) { self.root = root }

    public func write(_ files: [PromptFile], turn: TurnID) throws -> String {
        let folder = root + "/" + turn.description
        try Files.makeFolder(folder)
        for file in files { try Files.write(file.content, to: folder + "/" + file.name) }
        return folder
    }

    public func remove(turn: TurnID) { Files.remove(root + "/" + turn.description) }
}
