import SQLite
import Dispatch
import FoundationEssentials
import TestSupport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension ScratchFolder {
    /// The names in the folder, sorted.
    func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

    func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: path(name))) }

    func put(_ bytes: Data, in name: String) throws { try bytes.write(to: URL(filePath: path(name))) }

    /// The permission bits of a file, or -1 where there is none.
    func permissions(_ name: String) -> Int {
        var status = stat()
        return stat(path(name), &status) == 0 ? Int(status.st_mode & 0o777) : -1
    }
}

/// Runs blocking work on a thread of its own.
func onQueue<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue(label: "sqlite-tests").async { continuation.resume(with: Swift.Result { try work() }) }
    }
}

extension Connection {
    /// Runs `body` in a transaction of its own, which is undone if `body` or the commit throws.
    func transaction(_ body: () throws -> Void) throws {
        try begin()
        do {
            try body()
            try commit()
        } catch {
            try rollback()
            throw error
        }
    }

    var pageCount: Int { get throws { try value("pragma page_count") ?? 0 } }
}
