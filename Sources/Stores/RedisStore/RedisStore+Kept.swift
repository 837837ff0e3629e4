import Model
import Redis

/// What Tinytown keeps of its missions: `mission:{id}` and what is below it, and `mission:active`. This program only
/// carries it along, byte for byte. A dispatcher's lock is left out: it belongs to a process.
extension RedisStore {
    /// The keys of missions that there are, sorted.
    func keptKeys() async throws(StoreError) -> [String] {
        var found = Set<String>()
        try await scan(prefix + "mission:*", count: 10000) { keys throws(StoreError) in
            found.formUnion(keys.filter { !$0.hasSuffix(":dispatch_lock") })
        }
        return found.sorted()
    }

    /// Everything under these keys, in pages, by key and name. What is of another type is left where it is.
    func kept(_ keys: [String]) async throws(StoreError) -> [[TownRecord]] {
        var pages: [[TownRecord]] = []
        for key in keys {
            let entries = try await entries(key, String(key.dropFirst(prefix.count)))
                .sorted(by: KeptEntry.isBefore)
            for start in stride(from: 0, to: entries.count, by: 200) {
                pages.append(entries[start..<min(start + 200, entries.count)].map { .kept($0) })
            }
        }
        return pages
    }

    private func entries(_ key: String, _ name: String) async throws(StoreError) -> [KeptEntry] {
        var entries: [KeptEntry] = []
        switch try await command(["TYPE", key]).text {
        case "string":
            if let value = try await command(["GET", key]).bytes {
                entries = [KeptEntry(key: name, kind: .text, value: value)]
            }
        case "hash":
            for (field, value) in try await scanned("HSCAN", key, width: 2) {
                entries.append(KeptEntry(key: name, kind: .field, name: field, value: value))
            }
        case "set":
            for (member, _) in try await scanned("SSCAN", key, width: 1) {
                entries.append(KeptEntry(key: name, kind: .member, name: member, value: []))
            }
        case "list":
            while true {
                let start = entries.count
                let items = try await command(["LRANGE", key, String(start), String(start + 499)]).elements
                for item in items { entries.append(.item(name, at: entries.count, item.bytes ?? [])) }
                if items.count < 500 { break }
            }
        default: break
        }
        return entries
    }

    // A scan may show something twice.
    private func scanned(_ verb: String, _ key: String, width: Int) async throws(StoreError) -> [[UInt8]: [UInt8]] {
        var (cursor, found) = ("0", [[UInt8]: [UInt8]]())
        repeat {
            let reply = try await command([verb, key, cursor, "COUNT", "500"])
            cursor = reply[0].text ?? "0"
            let elements = reply[1].elements
            for at in stride(from: 0, to: elements.count - width + 1, by: width) {
                found[elements[at].bytes ?? []] = width == 2 ? elements[at + 1].bytes ?? [] : []
            }
        } while cursor != "0"
        return found
    }

    /// Puts down that these keys go when a new town takes the place of this one. The server puts it before all records
    /// that are there, because it has to be done first.
    /// - Returns: how many records there are now.
    func stageRemoval(of keys: [String], after count: Int, as id: String) async throws(StoreError) -> Int {
        for start in stride(from: 0, to: keys.count, by: 200) {
            let page = keys[start..<min(start + 200, keys.count)]
            _ = try await call("stage", rings: false) { arguments in
                arguments.add(id)
                arguments.add(count + start)
                arguments.add(page.count)
                for key in page {
                    arguments.add("gone")
                    arguments.add(["key": String(key.dropFirst(self.prefix.count))])
                }
            }
        }
        return count + keys.count
    }

    /// Removes missions for good.
    func removeKept(_ keys: [String]) async throws(StoreError) {
        for start in stride(from: 0, to: keys.count, by: 200) {
            _ = try await command(["UNLINK"] + keys[start..<min(start + 200, keys.count)])
        }
    }
}

extension KeptEntry {
    /// As it is staged beside a town: bytes that are not UTF-8 in hexadecimal digits.
    var fields: Fields {
        var fields: Fields = ["key": key, "kind": kind.rawValue]
        for (field, bytes) in [("name", name), ("value", value)] {
            if let text = String(validating: bytes, as: UTF8.self) {
                fields[field] = text
            } else {
                fields[field + "_hex"] = bytes.map { byte in
                    (byte < 16 ? "0" : "") + String(byte, radix: 16)
                }.joined()
            }
        }
        // What tells it from all others.
        fields["id"] = "\(key) \(fields["name"] ?? fields["name_hex"] ?? "")"
        return fields
    }
}
