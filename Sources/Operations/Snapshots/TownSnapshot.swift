import Cryptography
import Files
import FoundationEssentials
public import Model
import Secrets

/// A whole town in one text file that belongs under version control: `tt save` writes it, `tt restore` reads it, on
/// whatever machine and store. The format is in docs/snapshots.md.
public struct TownSnapshot: Sendable, Equatable, Codable {
    /// The absolute path of the file.
    public var file: String
    /// The town that was saved.
    public var town: String
    public var savedAt: Timestamp
    public var counts: SnapshotCounts
    /// `sha256:` and 64 hexadecimal digits.
    public var digest: String
    /// The length of the file.
    public var bytes: Int
    /// What its agents are run by, each once, in their order.
    public var clis: [String] = []
    /// Records in which a secret was masked: they are not restored as they were. Nil where the file was only read.
    public var masked: Int?

    enum CodingKeys: String, CodingKey {
        case file, town, counts, digest, bytes, clis, masked
        case savedAt = "saved_at"
    }

    /// The file's name in a town's folder where none is given. Not in `.tt`, which is not part of a repository.
    public static let fileName = "tinytown.snapshot.jsonl"

    /// Called with what has been read or written so far.
    public typealias Progress = @Sendable (SnapshotCounts) -> Void

    /// Writes the town as it is now; agents may work meanwhile. The file appears whole or not at all.
    /// - Parameter overwrites: whether to replace a file that is not a snapshot.
    /// - Throws: `OperationError` (`conflict`) for such a file; `FileError`; `StoreError`.
    public static func save(
        _ town: OpenTown, to file: String, overwrites: Bool, program: String, progress: Progress = { _ in }
    ) async throws -> TownSnapshot {
        if !overwrites, Files.exists(file), try header(of: file) == nil {
            throw OperationError(
                .conflict, "\(file) is not a snapshot and was not touched",
                .field("force", why: "choose another file, or add"))
        }
        let now = town.time.now()
        // Names that nobody can prepare, so that two who save at once do not meet either.
        let name = "\(Files.parent(of: file))/.\(Files.name(of: file)).\((town.newID() as TurnID).description)"
        let (body, whole) = (name + ".body", name + ".new")
        defer {
            Files.remove(body)
            Files.remove(whole)
        }
        let reading = try await town.store.export()
        let written: Written
        do {
            written = try await write(reading, to: body, town.redactor, progress)
            await reading.close()
        } catch {
            await reading.close()
            throw error
        }
        let header = SnapshotLine.Header(
            format: SnapshotLine.format, version: SnapshotLine.version, program: program, town: town.name,
            savedAt: now, counts: written.counts, digest: written.digest)
        let bytes = try assemble(header, written.lines, into: whole)
        try Files.move(whole, to: file)
        return TownSnapshot(
            file: file, town: town.name, savedAt: now, counts: written.counts, digest: written.digest, bytes: bytes,
            clis: written.clis, masked: written.masked)
    }

    /// What stands in the file's first line, and the lines that follow it.
    private struct Written {
        var counts: SnapshotCounts
        var digest: String
        var clis: [String]
        /// Texts in which secrets were masked.
        var masked: Int
        var lines: LineFile
    }

    // The digest and the counts stand before what they speak of, so the rest is written first.
    private static func write(
        _ reading: any TownReading, to path: String, _ redactor: Redactor, _ progress: Progress
    ) async throws -> Written {
        let file = try FileWriter(path)
        var counts = SnapshotCounts()
        var digest = SHA256()
        var clis: [String] = []
        var masked = 0
        while let records = try await reading.next() {
            try Task.checkCancellation()
            for original in records {
                let record = original.redacted(by: redactor)
                if record != original { masked += 1 }
                let line = try SnapshotLine.bytes(record) + [UInt8(ascii: "\n")]
                digest.update(line)
                try file.append(line)
                counts.add(record)
                if case .agent(let agent) = record, !clis.contains(agent.cli) { clis.append(agent.cli) }
            }
            progress(counts)
        }
        return Written(
            counts: counts, digest: "sha256:" + digest.hexDigest(), clis: clis, masked: masked, lines: try file.lines())
    }

    private static func assemble(_ header: SnapshotLine.Header, _ lines: LineFile, into path: String) throws -> Int {
        let file = try FileWriter(path)
        try file.append(SnapshotLine.bytes(encoding: header) + [UInt8(ascii: "\n")])
        while let line = try lines.next() { try file.append(line + [UInt8(ascii: "\n")]) }
        try file.finish()
        return file.count
    }

    /// The first line of a snapshot, or nil where the file is something else.
    static func header(of file: String) throws -> SnapshotLine.Header? {
        struct Format: Decodable { var format: String }
        guard let line = try LineFile(file).next(limit: 1 << 20),
            (try? JSONDecoder().decode(Format.self, from: Data(line)))?.format == SnapshotLine.format
        else { return nil }
        return try? JSONDecoder().decode(SnapshotLine.Header.self, from: Data(line))
    }
}
