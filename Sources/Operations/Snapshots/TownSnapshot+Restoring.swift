import Cryptography
import Files
import FoundationEssentials
public import Model

extension TownSnapshot {
    /// Reads a whole snapshot without doing anything with it: its version, its digest, its counts and every line.
    /// - Throws: `OperationError` (`notFound`, `invalid`) with the line where there is one; `FileError`.
    public static func check(_ file: String, progress: Progress = { _ in }) async throws -> TownSnapshot {
        guard Files.exists(file) else {
            throw OperationError(
                .fileNotFound, "there is no snapshot \(file)", .operation("town.save", why: "create one with"))
        }
        let header = try readableHeader(of: file)
        let lines = try LineFile(file)
        var bytes = (try lines.next()?.count ?? 0) + 1
        var counts = SnapshotCounts()
        var digest = SHA256()
        var town = TownCheck()
        var number = 1
        while let line = try lines.next()?.withoutReturn {
            number += 1
            bytes += line.count + 1
            digest.update(line)
            digest.update(CollectionOfOne(UInt8(ascii: "\n")))
            let found = try record(line, number, file)
            try valid(number, file) { () throws(InvalidRecord) in try town.take(found) }
            counts.add(found)
            if number % 1000 == 0 {
                try Task.checkCancellation()
                progress(counts)
                await Task.yield()
            }
        }
        guard "sha256:" + digest.hexDigest() == header.digest, counts == header.counts else {
            throw OperationError(
                .invalid, "\(file) is damaged or was edited: its digest does not fit",
                hint: "take it from version control again; nothing was changed")
        }
        try valid(number, file) { () throws(InvalidRecord) in try town.finish() }
        return TownSnapshot(
            file: file, town: header.town, savedAt: header.savedAt, counts: counts, digest: header.digest,
            bytes: bytes, clis: town.clis)
    }

    private static func valid(_ number: Int, _ file: String, _ body: () throws(InvalidRecord) -> Void) throws {
        do throws(InvalidRecord) { try body() } catch {
            throw OperationError(
                .invalid, "\(file):\(number): \(error)",
                hint: "no program of this kind writes such a line; take the file from where you trust it")
        }
    }

    /// What is wrong with the lines after the first, as `check` says it; nil if they are a town. For tests that try what
    /// nobody saves.
    package static func fault(inLines lines: [[UInt8]]) -> String? {
        var town = TownCheck()
        do {
            for (index, line) in lines.enumerated() {
                let found = try record(line, index + 2, "")
                try valid(index + 2, "") { () throws(InvalidRecord) in try town.take(found) }
                _ = try SnapshotLine.bytes(found)
            }
            try valid(lines.count + 1, "") { () throws(InvalidRecord) in try town.finish() }
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Puts a snapshot in place of what the town keeps: wholly or not at all. It is checked first. The log goes on with
    /// an event that says so.
    /// - Throws: what `check` and `Store.replaceAll` throw.
    public static func restore(
        _ town: OpenTown, from file: String, _ terms: ReplaceTerms, progress: @escaping Progress = { _ in }
    ) async throws -> TownSnapshot {
        let snapshot = try await check(file, progress: progress)
        try await snapshot.opened(progress).restore(town, terms)
        return snapshot
    }

    /// Opens a file that was checked, to restore it. It may get another content under its name from now on.
    func opened(_ progress: @escaping Progress) throws -> Source { try Source(file, expecting: self, progress) }

    private static func readableHeader(of file: String) throws -> SnapshotLine.Header {
        struct Start: Decodable {
            var format: String
            var version: Int
        }
        guard let line = try LineFile(file).next(limit: 1 << 20),
            let start = try? JSONDecoder().decode(Start.self, from: Data(line)), start.format == SnapshotLine.format
        else {
            throw OperationError(
                .invalid, "\(file) is not a snapshot of a town", .operation("town.save", why: "create one with"))
        }
        guard start.version <= SnapshotLine.version else {
            throw OperationError(
                .invalid,
                "\(file) is of version \(start.version), and this program reads versions up to \(SnapshotLine.version)",
                hint: "use the program that wrote it, or a newer one")
        }
        do { return try JSONDecoder().decode(SnapshotLine.Header.self, from: Data(line)) } catch {
            throw OperationError(.invalid, "\(file):1: the first line cannot be read")
        }
    }

    fileprivate static func record(_ line: [UInt8], _ number: Int, _ file: String) throws -> TownRecord {
        do {
            if let record = try SnapshotLine.record(line) { return record }
        } catch {
            throw OperationError(
                .invalid, "\(file):\(number): the line cannot be read (\(reason(error)))",
                hint: "take the file from version control again; nothing was changed")
        }
        throw OperationError(
            .invalid, "\(file):\(number): the line is neither agent, task, message, kept entry nor event")
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "not JSON" }
        switch error {
        case .keyNotFound(let key, _): return "\(key.stringValue) is missing"
        case .dataCorrupted(let context), .typeMismatch(_, let context), .valueNotFound(_, let context):
            return context.codingPath.last.map { "\($0.stringValue): \(context.debugDescription)" }
                ?? context.debugDescription
        @unknown default: return "not JSON"
        }
    }

    /// Reads the lines again, now for the store. A file that changed in between is noticed at its end.
    actor Source {
        private let lines: LineFile
        private let snapshot: TownSnapshot
        private let progress: Progress
        private var number = 1
        private var counts = SnapshotCounts()
        private var digest = SHA256()
        private var lastEvent: Int64 = 0
        private var isDone = false

        init(_ file: String, expecting snapshot: TownSnapshot, _ progress: @escaping Progress) throws {
            lines = try LineFile(file)
            self.snapshot = snapshot
            self.progress = progress
            _ = try lines.next()
        }

        /// Puts it in place of what the town keeps. If the file has changed since it was checked, nothing is restored.
        func restore(_ town: OpenTown, _ terms: ReplaceTerms) async throws {
            let now = town.time.now()
            try await town.store.replaceAll(terms) { try await self.next(restoredAt: now) }
        }

        private func next(restoredAt now: Timestamp) throws -> [TownRecord]? {
            try Task.checkCancellation()
            if isDone { return nil }
            var records: [TownRecord] = []
            while records.count < 200 {
                guard let line = try lines.next()?.withoutReturn else {
                    try finish()
                    var event = Event(.townRestored, [.time: "\(snapshot.savedAt)"], at: now)
                    event.sequence = Figure.sequence(lastEvent) + 1
                    return records + [.event(event)]
                }
                number += 1
                digest.update(line)
                digest.update(CollectionOfOne(UInt8(ascii: "\n")))
                let record = try TownSnapshot.record(line, number, snapshot.file)
                if case .event(let event) = record { lastEvent = event.sequence }
                counts.add(record)
                records.append(record)
            }
            progress(counts)
            return records
        }

        private func finish() throws {
            isDone = true
            guard "sha256:" + digest.hexDigest() == snapshot.digest else {
                throw OperationError(.conflict, "\(snapshot.file) was changed while it was read", hint: "try again")
            }
        }
    }
}

extension [UInt8] {
    // Version control may have given the file the line ends of another system.
    fileprivate var withoutReturn: [UInt8] { last == UInt8(ascii: "\r") ? Array(dropLast()) : self }
}
