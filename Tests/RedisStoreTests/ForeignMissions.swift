import Model
import Redis
import RedisServers
import StoreSupport
import TestOrder
import Testing

/// Missions that Tinytown keeps in a town. This program has no part in them but to carry them along, byte for byte.
@Suite(.timeLimit(.minutes(2)), .serialized, .queued) struct ForeignMissions {
    private static let mission = "77777777-2222-4333-8444-555555555555"
    private static let work = "66666666-2222-4333-8444-555555555555"
    private static let run =
        #"{"id":"\#(mission)","objective_refs":[{"type":"issue","owner":"o","repo":"r","number":23}],"state":"running","#
        + #""policy":{"max_parallel_items":2,"reviewer_required":true,"auto_merge":false,"watch_interval_secs":180},"#
        + #""created_at":"2026-03-09T20:03:14.667655123Z","updated_at":"2026-03-09T20:03:14Z","next_wake_at":null,"#
        + #""blocked_reason":"a / \"b\" \u00e4 ä","dispatcher_last_tick_at":null,"dispatcher_last_progress_at":null,"#
        + #""dispatcher_last_help_request_at":null,"dispatcher_last_help_request_reason":null,"#
        + #""dispatcher_help_request_attempts":0}"#
    private static let item =
        #"{"id":"\#(work)","mission_id":"\#(mission)","title":"Add API","kind":"mergegate","depends_on":[],"#
        + #""owner_role":"backend","status":"ready","assigned_to":null,"artifact_refs":[],"reviewer_approved":false,"#
        + #""source_ref":"o/r#23/#23","created_at":"2026-03-09T20:03:14Z","updated_at":"2026-03-09T20:03:14Z"}"#
    private static let watch =
        #"{"id":"w","mission_id":"\#(mission)","work_item_id":"\#(work)","kind":"pr_checks","target_ref":"o/r#99","#
        + #""interval_secs":180,"next_due_at":"2026-03-09T20:03:14Z","status":"active","on_trigger":"create_fix_task","#
        + #""last_check_at":null,"consecutive_failures":0}"#
    private static let note =
        #"{"id":"n","mission_id":"\#(mission)","sender":"conductor","body":"pause","#
        + #""created_at":"2026-03-09T20:03:14Z","processed_at":null}"#

    private static let keys =
        ["", ":work", ":watch", ":control", ":events"].map { "mission:\(mission)\($0)" }
        + ["mission:active", "mission:odd"]

    private static func put(_ client: RedisClient, _ prefix: String) async throws {
        let mission = prefix + "mission:" + mission
        try await client.send(["SET", mission, run])
        try await client.send(["HSET", mission + ":work", work, item, "second", item])
        try await client.send(["HSET", mission + ":watch", "w", watch])
        for number in 0..<700 { try await client.send(["HSET", mission + ":control", "n\(number)", note]) }
        for number in 0..<100 {
            try await client.send(["LPUSH", mission + ":events", "[2026-03-09 20:03:14] event \(number)"])
        }
        try await client.send(["SADD", prefix + "mission:active", Self.mission, "another"])
        try await client.send(["SET", mission + ":dispatch_lock", "token", "EX", "90"])
        // Nothing of ours says that it has to be text.
        let bytes: [UInt8] = [0, 255, 0xC3, 0x28, 10, 13]
        try await client.send(RedisCommand("HSET", arguments: [prefix + "mission:odd", bytes, bytes]))
    }

    /// What is under the mission's keys, as the server tells it, in an order of its own.
    private static func content(_ client: RedisClient, _ prefix: String) async throws -> [String: [RedisValue]] {
        var all: [String: [RedisValue]] = [:]
        for name in keys {
            let key = prefix + name
            switch try await client.send(["TYPE", key]).text {
            case "string": all[name] = [try await client.send(["GET", key])]
            case "hash":
                let fields = try await client.send(["HGETALL", key]).array ?? []
                let pairs = stride(from: 0, to: fields.count, by: 2).map { (fields[$0], fields[$0 + 1]) }
                all[name] = pairs.sorted { isBefore($0.0, $1.0) }.map { .array([$0, $1]) }
            case "set": all[name] = (try await client.send(["SMEMBERS", key]).array ?? []).sorted(by: isBefore)
            case "list": all[name] = try await client.send(["LRANGE", key, "0", "-1"]).array
            default: break
            }
        }
        return all
    }

    private static func isBefore(_ left: RedisValue, _ right: RedisValue) -> Bool {
        (left.bytes ?? []).lexicographicallyPrecedes(right.bytes ?? [])
    }

    @Test(arguments: Subject.all)
    func `missions go with their town into any store and back, byte for byte`(_ subject: Subject) async throws {
        try await ForeignTown.run(.any, prepare: Self.put) { place in
            let before = try await Self.content(place.client, place.prefix)
            #expect(before.count == Self.keys.count)
            try await WholeTown.full(place.town)
            try await place.town.store.tidy(Retention(), now: place.town.start)
            #expect(try await Self.content(place.client, place.prefix) == before, "our verbs leave them alone")
            let records = try await WholeTown.read(place.town.store)
            let kept = records.count { if case .kept = $0 { true } else { false } }
            #expect(kept == 1 + 2 + 1 + 700 + 100 + 2 + 1, "without the dispatcher's lock")
            try await subject.run { elsewhere in
                try await WholeTown.fill(elsewhere.store, records)
                let there = try await WholeTown.read(elsewhere.store)
                #expect(there == records)
                // Twice is a contradiction, whatever it is.
                let again = records + records.filter { if case .kept = $0 { true } else { false } }.suffix(1)
                let force = ReplaceTerms(overwrites: true)
                #expect(await code { try await WholeTown.fill(elsewhere.store, again, force) } == .corrupt)
                #expect(try await WholeTown.read(elsewhere.store) == records)
                try await ForeignTown.run(.any) { back in
                    try await WholeTown.fill(back.town.store, there)
                    #expect(try await Self.content(back.client, back.prefix) == before)
                }
                try await elsewhere.store.reset(now: elsewhere.start)
                let left = try await WholeTown.read(elsewhere.store)
                #expect(!left.contains { if case .kept = $0 { true } else { false } }, "a reset forgets them")
            }
        }
    }

    @Test(arguments: ServerProgram.all)
    func `missions are replaced with their town, and only by whoever means it`(_ program: ServerProgram) async throws {
        try await ForeignTown.run(program, prepare: Self.put) { place in
            let before = try await Self.content(place.client, place.prefix)
            let other = Document(key: "mission:other", kind: .text, value: Array("{}".utf8))
            #expect(await code { try await WholeTown.fill(place.town.store, [.kept(other)]) } == .notEmpty)
            #expect(try await Self.content(place.client, place.prefix) == before)
            let force = ReplaceTerms(overwrites: true)
            #expect(
                await code {
                    try await WholeTown.fill(place.town.store, [.kept(other), .kept(other)], force)
                } == .corrupt)
            #expect(try await Self.content(place.client, place.prefix) == before)
            try await WholeTown.fill(place.town.store, [.kept(other)], force)
            #expect(try await Self.content(place.client, place.prefix).isEmpty)
            #expect(try await place.redis("GET", "@mission:other").text == "{}")
            // What belongs to a dispatcher that may run is not ours to remove.
            #expect(try await place.redis("GET", "@mission:\(Self.mission):dispatch_lock").text == "token")
        }
    }
}
