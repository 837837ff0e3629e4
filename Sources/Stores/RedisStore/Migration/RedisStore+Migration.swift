public import Model
import Redis

extension RedisStore: OldRecordKeeper {
    public func oldRecords(_ form: OldForm) async throws(StoreError) -> OldRecords {
        switch form {
        case .sharedKeys: try await sharedKeys()
        case .jsonRecords: try await jsonRecords()
        }
    }

    public func bring(_ record: OldRecord, now: Timestamp) async throws(StoreError) -> OldRecordFate {
        switch record.kind {
        case .agent, .task: try await bringRecord(record)
        case .urgent, .inbox, .activity: try await bringList(record, now)
        case .backlog: try await bringBacklog(record)
        case .stop:
            try await call("bringStop") { arguments in
                arguments.add(Self.id(of: record))
                arguments.add(record.from)
            }.text == "moved" ? .moved(entries: 1) : .gone
        }
    }

    // MARK: Finding

    private struct Found {
        var record: OldRecord
        var made: String
    }

    // The whole server is looked at, in pieces, because old keys say nothing of whose they are.
    private func sharedKeys() async throws(StoreError) -> OldRecords {
        var (result, found, seen, towns) = (OldRecords(), [Found](), Set<String>(), Set<String>())
        let own = String(prefix.dropFirst(3).dropLast())
        try await scan("tt:*") { keys throws(StoreError) in
            var records: [OldRecord] = []
            for key in keys {
                switch OldKey(key) {
                case .record(let kind, let id):
                    guard seen.insert(key).inserted else { continue }
                    let rest = id.isEmpty ? kind.rawValue : "\(kind.rawValue):\(id)"
                    records.append(OldRecord(kind: kind, from: key, to: self.prefix + rest))
                case .town(let name) where name != own && towns.count < 500: towns.insert(name)
                case .town, .other: break
                }
            }
            let looked = try await self.look(at: records)
            found += looked.found
            result.odd += looked.odd
        }
        result.records = Self.inOrder(found)
        result.odd.sort { $0.key < $1.key }
        result.otherTowns = towns.sorted()
        return result
    }

    private func jsonRecords() async throws(StoreError) -> OldRecords {
        var (result, found, seen) = (OldRecords(), [Found](), Set<String>())
        for kind in [OldRecord.Kind.agent, .task] {
            let start = "\(prefix)\(kind.rawValue):"
            try await scan(start + "*") { keys throws(StoreError) in
                let records = keys.filter { seen.insert($0).inserted }
                    .map { OldRecord(kind: kind, from: $0, to: $0) }
                let types = try await self.types(of: records)
                for (record, type) in zip(records, types) where type != "hash" && type != "none" {
                    guard AgentID(String(record.from.dropFirst(start.count))) != nil else {
                        result.odd.append(LeftRecord(key: record.from, reason: "its name holds no id"))
                        continue
                    }
                    if type == "string" {
                        found.append(Found(record: record, made: ""))
                    } else {
                        result.odd.append(LeftRecord(key: record.from, reason: "it is a \(type), and no record"))
                    }
                }
            }
        }
        result.records = Self.inOrder(found)
        return result
    }

    private func types(of records: [OldRecord]) async throws(StoreError) -> [String] {
        let commands = records.map { RedisCommand("TYPE", $0.from) }
        return try await redis { client throws(RedisError) in try await client.pipeline(commands) }
            .map { $0.text ?? "none" }
    }

    // Types are checked before anything is touched, and agents and tasks are kept in the order in which they were made.
    private func look(at records: [OldRecord]) async throws(StoreError) -> (found: [Found], odd: [LeftRecord]) {
        var (found, hashes, odd) = ([Found](), [OldRecord](), [LeftRecord]())
        for (record, type) in zip(records, try await types(of: records)) where type != "none" {
            let allowed = OldKey.types(of: record.kind)
            guard allowed.contains(type) else {
                odd.append(
                    LeftRecord(
                        key: record.from,
                        reason: "it is a \(type) and not a \(allowed.joined(separator: " or a "))"))
                continue
            }
            if type == "hash" { hashes.append(record) } else { found.append(Found(record: record, made: "")) }
        }
        let times = try await creationTimes(of: hashes.map(\.from))
        found += zip(hashes, times).map { Found(record: $0, made: $1) }
        return (found, odd)
    }

    // Agents and tasks come before what points to them.
    private static func inOrder(_ found: [Found]) -> [OldRecord] {
        let kinds = OldRecord.Kind.allCases
        func place(_ one: Found) -> (Int, String, String) {
            (kinds.firstIndex(of: one.record.kind) ?? 0, one.made, one.record.from)
        }
        return found.sorted { place($0) < place($1) }.map(\.record)
    }

    // MARK: Moving

    private static func id(of record: OldRecord) -> String { String(record.from.split(separator: ":").last ?? "") }

    private func bringRecord(_ record: OldRecord) async throws(StoreError) -> OldRecordFate {
        // Where it changes between being read and being moved it is read again.
        for _ in 0..<5 {
            var read: (text: String, fields: Fields)?
            if try await command(["TYPE", record.from]).text == "string" {
                let text = try await command(["GET", record.from]).text ?? ""
                do throws(OldRecordText.Unreadable) {
                    let name = record.kind == .agent ? "name" : "description"
                    read = (text, try OldRecordText(text, id: Self.id(of: record), needs: name).fields)
                } catch {
                    return .left([LeftRecord(key: record.from, reason: error.reason)], moved: 0)
                }
                if let reason = read.flatMap({ Self.fault(in: $0.fields, record.kind) }) {
                    return .left([LeftRecord(key: record.from, reason: reason)], moved: 0)
                }
            }
            let json = read
            let reply = try await call("bring") { arguments in
                arguments.add(record.kind.rawValue)
                arguments.add(Self.id(of: record))
                arguments.add(record.from)
                arguments.add(optional: json?.text)
                if let json { arguments.add(json.fields) }
            }
            switch reply.text {
            case "moved": return .moved(entries: 1)
            case "gone": return .gone
            case "taken":
                return .left([LeftRecord(key: record.from, reason: "\(record.to) is already there")], moved: 0)
            default: continue
            }
        }
        return .left([LeftRecord(key: record.from, reason: "another program keeps changing it")], moved: 0)
    }

    // What is wrong with a record that somebody else wrote, as a clause.
    private static func fault(in fields: Fields, _ kind: OldRecord.Kind) -> String? {
        do throws(InvalidRecord) {
            if kind == .agent { _ = try Agent(fields: fields)?.validated() }
            if kind == .task { _ = try AgentTask(fields: fields)?.validated() }
            return nil
        } catch {
            return error.reason
        }
    }

    private func bringList(_ record: OldRecord, _ now: Timestamp) async throws(StoreError) -> OldRecordFate {
        var moved = 0
        while true {
            let reply = try await call("bringList") { arguments in
                arguments.add(record.kind.rawValue)
                arguments.add(Self.id(of: record))
                arguments.add(record.from)
                arguments.add(now)
            }
            moved += reply[0].number  // fits: each is limited, and they are few
            if reply[1].number == 0 { return moved == 0 ? .gone : .moved(entries: moved) }
        }
    }

    private func bringBacklog(_ record: OldRecord) async throws(StoreError) -> OldRecordFate {
        var (moved, unknown) = (0, [String]())
        while true {
            let staying = unknown.count
            let reply = try await call("bringBacklog") { arguments in
                arguments.add(record.from)
                arguments.add(staying)
            }
            moved += reply[0].number  // fits: each is limited, and they are few
            unknown += reply[1].texts
            if reply[2].number <= 0 { break }
        }
        if !unknown.isEmpty {
            return .left(
                unknown.map { LeftRecord(key: record.from, reason: "it lists \($0), and there is no such task") },
                moved: moved)
        }
        return moved == 0 ? .gone : .moved(entries: moved)
    }
}
