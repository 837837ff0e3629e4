import Hosting
import Model
import SQLiteStore

/// What a turn adds to the time that its program takes by itself.
enum Turns {
    private static let samples = 100

    /// - Parameter town: a town's folder with a host and an agent named `runner` whose turns run `script`.
    static func measure(town: String, script: String) async throws {
        let store: any Store = try await SQLiteStore.open(folder: "\(town)/.tt")
        guard let runner = try await store.agents().first(where: { $0.name == "runner" }) else {
            throw BenchError("the town has no agent named runner")
        }
        let changes = try await store.changes()
        var bells = changes.makeAsyncIterator()
        var alone = Samples()
        for round in 0..<(samples + 5) {
            let (seconds, _) = try Programs.run([script])
            if round >= 5 { alone.add(seconds * 1000) }
            let message = Message(
                id: MessageID(random: SystemRandomness()), from: .supervisor, to: runner.id,
                body: .task(description: Subject.text), createdAt: SystemTime().now())
            _ = try await store.send([message], limits: SendLimits())
            while try await store.delivery(message.id)?.state != .done {
                guard await bells.next() != nil else { throw BenchError("the store was closed") }
            }
        }
        let filter = EventFilter(agent: runner.id, types: [.turnStarted, .turnFinished])
        let events = try await store.latestEvents(limit: samples * 2, filter: filter)
        await store.close()
        var added = Samples()
        for finished in events where finished.type == .turnFinished {
            guard let started = events.first(where: { $0.type == .turnStarted && $0.turn == finished.turn }) else {
                continue
            }
            let (from, to) = (started.timestamp.microseconds, finished.timestamp.microseconds)
            added.add(Double(to - from) / 1000 - alone.p50)
        }
        Figure(
            name: "turn_adds", unit: "ms", value: added.p50, baseline: alone.p50, bar: .valueBelow(10), samples: added
        ).show()
    }
}
