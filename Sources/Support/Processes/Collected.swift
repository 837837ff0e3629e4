/// What a child that ran to its end left.
public struct Collected: Sendable {
    public var exit: ExitStatus
    /// The whole standard output and error output, up to the limit that was asked for.
    public var output: [UInt8]
    public var errors: [UInt8]

    public init(exit: ExitStatus, output: [UInt8] = [], errors: [UInt8] = []) {
        self.exit = exit
        self.output = output
        self.errors = errors
    }

    /// The output as text; bytes that are not UTF-8 become U+FFFD.
    public var outputText: String { String(decoding: output, as: UTF8.self) }
    /// The error output as text; bytes that are not UTF-8 become U+FFFD.
    public var errorText: String { String(decoding: errors, as: UTF8.self) }
}

extension ChildProcess {
    /// Runs a short command to its end and collects what it writes; its launch's outputs should be `.stream`.
    ///
    /// When the task is cancelled, the child's whole tree is killed first.
    /// - Parameter limit: bytes that are kept of each output.
    /// - Throws: `ProcessError` when it does not start, `CancellationError`.
    public static func run(_ launch: Launch, limit: Int = 16 << 20) async throws -> Collected {
        try Task.checkCancellation()
        let child = try await spawn(launch)
        async let output = child.output?.collect(limit: limit)
        async let errors = child.errors?.collect(limit: limit)
        do {
            let exit = try await child.waitForExit()
            return await Collected(exit: exit, output: output ?? [], errors: errors ?? [])
        } catch {
            _ = await ProcessTree.terminate(child.identity, grace: .zero)
            _ = await child.exit
            throw error
        }
    }
}
