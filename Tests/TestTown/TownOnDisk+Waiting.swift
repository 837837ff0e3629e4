import Files
import FoundationEssentials
import Processes

extension TownOnDisk {
    /// How long anything here is waited for.
    private static let patience = Duration.seconds(90)

    /// Waits until something is at a path in the town's folder: agents make files to say how far they are.
    public func appears(_ path: String) async throws {
        let parts = (root + "/" + path).split(separator: "/")
        let folder = parts.dropLast().reduce("") { "\($0)/\($1)" }
        #if os(Linux)
            let bell = try FileBell(folder: folder, file: String(parts.last ?? ""))
            try await inTime("\(path) does not appear") { [root] in
                var rings = bell.rings.makeAsyncIterator()
                while !FileManager.default.fileExists(atPath: root + "/" + path) {
                    guard await rings.next() != nil else { throw CancellationError() }
                }
            }
        #else
            // Only what is there can be watched.
            try await eventually("\(path) appears") { FileManager.default.fileExists(atPath: root + "/" + path) }
        #endif
    }

    /// Waits until no process of the town is left.
    public func allEnd() async throws {
        try await inTime("processes are left") {
            while let process = await self.processes.first { try await process.waitForExit() }
        }
    }

    /// Looks until something is the case that nothing tells of, each time with a command or two.
    public func eventually(_ what: String, _ truth: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + Self.patience
        while try await !truth() {
            guard .now < end else { throw Failure("it never came that \(what)") }
            await Task.yield()
        }
    }

    /// Carries out what waits, for as long as there is patience.
    private func inTime(_ failure: String, _ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: Self.patience)
                throw Failure(failure)
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
