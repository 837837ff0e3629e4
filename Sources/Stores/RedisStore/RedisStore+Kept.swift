import Model
import Redis

/// Documents of a whole town, and what Tinytown keeps of its missions: `mission:{id}` and what is below it, and
/// `mission:active`, byte for byte. A dispatcher's lock is left out: it belongs to a process.
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
    /// - Parameter keys: as documents have them.
    func kept(_ keys: [String], reached: () async throws(StoreError) -> Bool) async throws(StoreError)
        -> [[TownRecord]]?
    {
        var pages: [[TownRecord]] = []
        var times: [String: [[UInt8]: Timestamp]] = [:]
        for (index, key) in keys.enumerated() {
            // Others wait for as long as this takes, and not longer than they may.
            if index % 50 == 49, try await !reached() { return nil }
            let feature = Place.text(key).feature
            if times[feature] == nil { times[feature] = try await dueTimes(of: feature) }
            var documents = try await documents(under: key)
            for at in documents.indices {
                let place = documents[at].place
                let member = Array(place.key.utf8) + [0] + Array(place.kind.rawValue.utf8) + [0] + place.name
                documents[at].dueAt = times[feature]?[member]
            }
            documents.sort { Place.isBefore($0.place, $1.place) }
            for start in stride(from: 0, to: documents.count, by: 200) {
                pages.append(documents[start..<min(start + 200, documents.count)].map { .kept($0) })
            }
        }
        return pages
    }

    private func dueTimes(of feature: String) async throws(StoreError) -> [[UInt8]: Timestamp] {
        try await scanned("ZSCAN", prefix + "due:" + feature, width: 2).compactMapValues { score in
            Double(String(decoding: score, as: UTF8.self)).flatMap { Int64(exactly: $0.rounded()) }
                .map(Timestamp.init(outside:))
        }
    }

    private func documents(under key: String) async throws(StoreError) -> [Document] {
        let full = prefix + (key.hasPrefix("mission:") ? "" : "doc:") + key
        var documents: [Document] = []
        switch try await command(["TYPE", full]).text {
        case "string":
            if let value = try await command(["GET", full]).bytes { documents = [Document(.text(key), value)] }
        case "hash":
            for (field, value) in try await scanned("HSCAN", full, width: 2) {
                documents.append(Document(key: key, kind: .field, name: field, value: value))
            }
        case "set":
            for (member, _) in try await scanned("SSCAN", full, width: 1) {
                documents.append(Document(key: key, kind: .member, name: member, value: []))
            }
        case "list":
            while true {
                let start = documents.count
                let items = try await command(["LRANGE", full, String(start), String(start + 499)]).elements
                for item in items { documents.append(.item(key, at: documents.count, item.bytes ?? [])) }
                if items.count < 500 { break }
            }
        default: break
        }
        return documents
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

extension Document {
    /// As it is staged beside a town: bytes that are not UTF-8 in hexadecimal digits.
    var fields: Fields {
        var fields: Fields = ["key": place.key, "kind": place.kind.rawValue]
        fields["due"] = dueAt.map { String($0.microseconds) }
        for (field, bytes) in [("name", place.name), ("value", content)] {
            if let text = String(validating: bytes, as: UTF8.self) {
                fields[field] = text
            } else {
                fields[field + "_hex"] = bytes.map { byte in
                    (byte < 16 ? "0" : "") + String(byte, radix: 16)
                }.joined()
            }
        }
        // What tells it from all others.
        fields["id"] = "\(place.key) \(fields["name"] ?? fields["name_hex"] ?? "")"
        return fields
    }
}
