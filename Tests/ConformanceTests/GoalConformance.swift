import Engine
import Model
import StoreSupport
import TestOrder
import TestSupport
import Testing

/// Hosts that look at the same goal at once, on every store.
@Suite(.serialized, .queued) struct GoalConformance {
    @Test(arguments: Subject.all) func `four hosts wake the conductor once, over losses, and end the goal once`(
        _ subject: Subject
    ) async throws {
        try await subject.run { town in
            let store = town.store
            var conductor = Agent(id: Conductor.id, name: Conductor.name, cli: "x", createdAt: town.start)
            conductor.state = .idle
            try await store.register(conductor, maxAgents: 10)
            let task = AgentTask(
                id: town.id(), description: "the goal", createdBy: .supervisor, createdAt: town.start,
                tags: [Conductor.goalTag])
            try await store.create(task, assignee: nil)
            try await Kept<Goal>(in: store).update(Goal.place) { $0.value = Goal(task: task.id) }

            for round in 1...3 as ClosedRange<UInt64> {
                try await look(at: store, round)
                let told = try await town.texts(Conductor.id)
                #expect(told.count == 1, "round \(round)")
                // The conductor takes its turn, and leaves everything as it is.
                try await town.turn(Conductor.id)
            }
            // Three times it was woken; now the person is told, once.
            try await look(at: store, 4)
            #expect(try await town.texts(Conductor.id).isEmpty)
            let notes = try await town.texts(.supervisor).filter { $0.contains("does not go on") }
            #expect(notes.count == 1)
            #expect(try await Kept<Goal>(in: store).value(at: Goal.place)?.need?.kind == .standstill)

            try await town.move(task.id, .complete("done"))
            try await look(at: store, 5)
            #expect(try await store.document(Goal.place) == nil)
            let ended = try await town.agent(Conductor.id)
            #expect(ended.state.isTerminal || ended.stopRequest == .whenEmpty)
        }
    }

    /// Four hosts, each of which looks until nothing was lost.
    private func look(at store: any Store, _ round: UInt64) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for seed in 1...4 as ClosedRange<UInt64> {
                group.addTask {
                    let random = SeededRandomness(seed: round &* 100 + seed)
                    let lossy = InterceptedStore(store, FollowerConformance.Losses(random: random, chance: 0.1))
                    let service = GoalService(store: lossy, time: StillTime(), random: random, limits: SendLimits())
                    while true {
                        do throws(StoreError) {
                            try await service.advance()
                            return
                        } catch {
                            guard [.unavailable, .unknownOutcome].contains(error.code) else { throw error }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
