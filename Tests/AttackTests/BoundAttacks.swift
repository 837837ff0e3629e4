import FoundationEssentials
import Processes
import TestOrder
import TestTown
import Testing

/// Floods: messages without end, and texts without end.
@Suite(.timeLimit(.minutes(3)), .serialized, .queued) struct BoundAttacks {
    private func town(_ script: String, limits: String) async throws -> TownOnDisk {
        let town = try await TownOnDisk(
            agents: ["flood": "cat >prompt\n\(script)", "idle": "cat >/dev/null"], settings: "[limits]\n\(limits)")
        try await town.tt("spawn", "victim", "--cli", "idle")
        try await town.tt("interrupt", "victim")
        try await town.tt("spawn", "flood", "--cli", "flood")
        try await town.tt("assign", "flood", "Begin")
        try await town.event("flood finished turn 1")
        return town
    }

    private func text(_ town: TownOnDisk, _ name: String) throws -> String {
        try String(contentsOfFile: town.root + "/" + name, encoding: .utf8)
    }

    private func count(_ town: TownOnDisk) async throws -> Int {
        try await town.json(["list"], "agents", "0", "pending", "total").flatMap { Int($0) } ?? 0
    }

    @Test func `three hundred messages of one turn end at its limit`() async throws {
        let town = try await town(
            """
            i=0
            while [ $i -lt 300 ]; do
                tt send victim "m$i" >/dev/null 2>error || { echo "$? after $i" >code; break; }
                i=$((i + 1))
            done
            tt backlog add more >/dev/null 2>>error; echo "$?" >>code
            tt task complete "$TINYTOWN_TASK_ID"; echo "$?" >>code
            """, limits: "sends_per_turn = 8")
        #expect(try text(town, "code") == "5 after 8\n5\n0\n")
        #expect(try text(town, "error").contains("limits.sends_per_turn"))
        #expect(try await count(town) == 8)
        try await town.close()
    }

    @Test func `an agent sends no more in a minute than it may, over all its turns`() async throws {
        let town = try await town(
            """
            for i in 1 2 3; do tt send victim "m$i" >/dev/null 2>error; echo "$?" >>code; done
            """, limits: "sends_per_minute = 5\nsends_per_turn = 4")
        try await town.tt("send", "flood", "again")
        try await town.event("flood finished turn 2")
        let codes = try text(town, "code").split(separator: "\n")
        #expect(codes.prefix(5).allSatisfy { $0 == "0" } && codes.dropFirst(5).allSatisfy { $0 == "5" }, "\(codes)")
        #expect(codes.count > 5)
        #expect(try text(town, "error").contains("limits.sends_per_minute"))
        #expect(try await count(town) == 5)
        try await town.close()
    }

    @Test func `an inbox that is full takes no more, from agents or people`() async throws {
        let town = try await town(
            """
            for i in 1 2 3 4 5; do tt send victim "m$i" >/dev/null 2>>error; echo "$?" >>code; done
            for i in 1 2 3 4; do tt send supervisor "m$i" >/dev/null 2>>error; echo "$?" >>code; done
            tt task complete "$TINYTOWN_TASK_ID"
            """, limits: "max_inbox = 3")
        #expect(try text(town, "code") == "0\n0\n0\n5\n5\n0\n0\n0\n5\n")
        #expect(try text(town, "error").contains("the inbox of victim is full: 3 messages wait"))
        let person = try await town.answer(["send", "victim", "one more"])
        #expect(person.status == .exited(5) && person.errors.contains("limits.max_inbox"))
        #expect(try await count(town) == 3)
        try await town.close()
    }

    @Test func `a text without end is not read to its end, whether message, task or result`() async throws {
        let town = try await town(
            """
            yes | tt send victim - 2>>error; echo "$?" >>code
            yes | tt backlog add - 2>>error; echo "$?" >>code
            yes | tt task complete "$TINYTOWN_TASK_ID" --result - 2>>error; echo "$?" >>code
            head -c 60000000 /dev/zero | tr '\\0' x | tt send victim - 2>>error; echo "$?" >>code
            tt task complete "$TINYTOWN_TASK_ID"
            """, limits: "max_message_kb = 64\nmax_result_kb = 32")
        #expect(try text(town, "code") == "4\n4\n4\n4\n")
        let errors = try text(town, "error")
        #expect(errors.contains("limits.max_message_kb") && errors.contains("limits.max_result_kb"), "\(errors)")
        #expect(try await count(town) == 0)
        try await town.close()
    }
}
