import Cryptography
public import Model

/// A town that was copied from one store into another, and read back.
public struct TownCopy: Codable, Sendable, Equatable {
    public var counts: SnapshotCounts
    /// Of every record in the form of a snapshot: `sha256:` and 64 hexadecimal digits; the same in both stores.
    public var digest: String

    /// Puts everything that `source` keeps in place of what `target` keeps, wholly or not at all, and then compares what
    /// is in both. Nobody may work on either meanwhile: leases become waiting messages, hosts and pins stay behind.
    /// - Throws: what `Store.export` and `Store.replaceAll` throw; `OperationError` (`failed`) where the stores differ
    ///   afterwards.
    public static func make(
        from source: any TownArchive, to target: any TownArchive, _ terms: ReplaceTerms,
        progress: @escaping TownSnapshot.Progress = { _ in }
    ) async throws -> TownCopy {
        let reading = Reading(try await source.export(), progress)
        do {
            try await target.replaceAll(terms) { try await reading.next() }
            await reading.close()
        } catch {
            await reading.close()
            throw error
        }
        let written = Reading(try await target.export(), { _ in })
        do {
            while try await written.next() != nil {}
            await written.close()
        } catch {
            await written.close()
            throw error
        }
        let (expected, found) = (await reading.copy, await written.copy)
        guard expected == found else {
            throw OperationError(
                .failed, "the copy differs from the town: \(found.counts) in place of \(expected.counts)",
                hint: "the town goes on with its old store; nothing was changed there")
        }
        return found
    }

    /// Reads a store to its end and notes what it held.
    private actor Reading {
        private let records: any TownReading
        private let progress: TownSnapshot.Progress
        private var counts = SnapshotCounts()
        private var digest = SHA256()
        private var town = TownCheck()

        init(_ records: any TownReading, _ progress: @escaping TownSnapshot.Progress) {
            self.records = records
            self.progress = progress
        }

        func next() async throws -> [TownRecord]? {
            try Task.checkCancellation()
            guard let found = try await records.next() else {
                try check { () throws(InvalidRecord) in try town.finish() }
                return nil
            }
            for record in found {
                try check { () throws(InvalidRecord) in try town.take(record) }
                digest.update(try SnapshotLine.bytes(record))
                counts.add(record)
            }
            progress(counts)
            return found
        }

        private func check(_ body: () throws(InvalidRecord) -> Void) throws {
            do throws(InvalidRecord) { try body() } catch {
                throw OperationError(
                    .invalid, "a record of the town cannot be copied: \(error)",
                    hint: "nothing was changed; the town goes on with its old store")
            }
        }

        func close() async { await records.close() }

        var copy: TownCopy { TownCopy(counts: counts, digest: "sha256:" + digest.hexDigest()) }
    }
}
