import Engine
import Model

/// Counts what killed processes have left.
struct Account {
    let store: any Store
    private(set) var passed = 0
    private(set) var failed = 0

    init(store: any Store) { self.store = store }

    mutating func check(_ truth: Bool, _ text: String) {
        if truth { passed += 1 } else { failed += 1 }
        say((truth ? "  ok    " : "  FAIL  ") + text + "\n")
    }

    /// Each event had each of its effects once, in the order of the events.
    mutating func countEffects(of echo: AgentID) async throws {
        let follower = try await Part.follower(in: store)
        while try await follower.advance() {}
        let events = try await store.events(after: 0, limit: 1_000_000, filter: EventFilter(types: [Part.written]))
            .map(\.sequence)
        check(events.count >= 50, "\(events.count) events were written")
        let noted = try await names(of: Part.effects).compactMap { $0.first.flatMap { Int64($0) } }
        check(noted.sorted() == events, "each was noted once\(difference(noted, events))")
        let told = try await store.inbox(echo, page: Page(limit: 1_000_000)).compactMap { delivery -> Int64? in
            guard case .custom("echo", let payload) = delivery.message.body else { return nil }
            return Int64(payload)
        }
        check(told.sorted() == events, "each was told once\(difference(told, events))")
        check(told == told.sorted(), "and in their order")
    }

    /// Nobody did anything under a lease that somebody else held, or held it before it had run out.
    mutating func countTerms(journal: String) async throws {
        let numbers = try await names(of: Part.terms).compactMap { $0.first.flatMap { Int($0) } }.sorted()
        check(numbers.count >= 20, "\(numbers.count) things were done under the lease")
        check(numbers == Array(0..<numbers.count), "none by two at once")
        let held = Self.terms(lines(of: journal))
        let changes = zip(held, held.dropFirst()).filter { $0.owner != $1.owner && !$0.isReleased }
        let early = changes.filter { $1.from < $0.until }
        check(changes.count >= 3, "the lease passed on \(changes.count) times from one that did not give it up")
        let example = early.first.map { " (at \($1.from), and it held until \($0.until))" } ?? ""
        check(early.isEmpty, "never before it had run out\(example)")
    }

    private struct Term {
        var owner: Substring
        var from: Int64
        var until: Int64
        var isReleased = false
    }

    /// The leases of a journal, by the time from which they hold.
    private static func terms(_ lines: [Substring]) -> [Term] {
        var terms: [Term] = []
        for words in lines.map({ $0.split(separator: " ") }) {
            if words.last == "released", let last = terms.lastIndex(where: { $0.owner == words[0] }) {
                terms[last].isReleased = true
            } else if words.count == 3, let from = Int64(words[1]), let until = Int64(words[2]) {
                terms.append(Term(owner: words[0], from: from, until: until))
            }
        }
        return terms.sorted { $0.from < $1.from }
    }

    /// The names of the documents under a key, as words.
    private func names(of key: String) async throws -> [[Substring]] {
        var found: [[Substring]] = []
        var name: [UInt8]?
        while true {
            let page = try await store.documents(key, after: name, limit: 100)
            found += page.map { String(decoding: $0.place.name, as: UTF8.self).split(separator: " ") }
            guard let end = page.last else { return found }
            name = end.place.name
        }
    }

    private func difference(_ found: [Int64], _ events: [Int64]) -> String {
        if found.sorted() == events { return "" }
        let times = found.reduce(into: [Int64: Int]()) { $0[$1, default: 0] += 1 }
        let wrong = Set(events).union(found).filter { times[$0] != 1 }.sorted()
        return
            " (of \(events.count), event \(wrong.first ?? 0) \(wrong.first.flatMap { times[$0] } ?? 0) times, and \(wrong.count - 1) more)"
    }
}
