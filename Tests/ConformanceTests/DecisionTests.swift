import Model
import StoreVerbs
import TestOrder
import Testing

private let now = Timestamp(microseconds: 0)
private let ada = AgentID(high: 1, low: 1)

private func delivery(attempts: Int, deliveries: Int = 1) -> Delivery {
    let message = Message(id: MessageID(high: 0, low: 2), from: .supervisor, to: ada, body: .ping, createdAt: now)
    var delivery = Delivery(message: message, sequence: 1, state: .leased, changedAt: now)
    (delivery.attempts, delivery.deliveries) = (attempts, deliveries)
    return delivery
}

@Suite(.serialized, .queued) struct DecisionTests {
    @Test(arguments: [([], 0), ([0], 1), ([0, 1, 0], 3), ([0, 2, 0], 1), ([2, 0], 1), ([3], 1), ([1, 1, 4], 2)])
    func `a turn takes the leading messages that have not failed twice, or one that has`(_ attempts: [Int], _ run: Int)
    {
        #expect(Decisions.run(of: attempts.map { delivery(attempts: $0) }) == run)
    }

    @Test(arguments: [(3, true, Delivery.State.queued), (4, true, .dead), (4, false, .queued)])
    func `the last attempt that counts makes a dead letter`(_ attempts: Int, _ counts: Bool, _ state: Delivery.State) {
        let after = Decisions.failed(
            delivery(attempts: attempts), because: "why", counts: counts, maxAttempts: 5, now: now)
        #expect((after.state, after.lastError) == (state, "why"))
    }

    @Test(arguments: [nil, StopRequest.whenEmpty, .afterTurn, .now], [false, true])
    func `an agent stops after its turn where it was asked to`(_ request: StopRequest?, _ hasWork: Bool) {
        let expected = request != nil && (request != .whenEmpty || !hasWork)
        #expect(Decisions.stops(request, hasWork: hasWork) == expected)
    }

    @Test(arguments: [(0, Decisions.Unfinished.remind), (1, .remind), (2, .fail), (3, .fail)])
    func `an open task is asked for twice`(_ reminders: Int, _ expected: Decisions.Unfinished) {
        var task = AgentTask(id: TaskID(high: 0, low: 3), description: "d", createdBy: .supervisor, createdAt: now)
        (task.state, task.assignedTo, task.reminders) = (.running, ada, reminders)
        #expect(Decisions.unfinished(task, agent: ada, isAskedAgain: false) == expected)
        #expect(Decisions.unfinished(task, agent: ada, isAskedAgain: true) == .nothing)
        #expect(Decisions.unfinished(task, agent: ada, isAskedAgain: false, hasProgress: true) == .askAgain)
        #expect(Decisions.unfinished(task, agent: .supervisor, isAskedAgain: false) == .nothing)
    }

    @Test func `derived ids repeat, and differ by parent and purpose`() {
        let (a, b): ((high: UInt64, low: UInt64), (high: UInt64, low: UInt64)) = ((1, 2), (3, 4))
        let ids = [
            MessageID(from: [a], purpose: 1), MessageID(from: [a], purpose: 2), MessageID(from: [b], purpose: 1),
            MessageID(from: [a, b], purpose: 1), MessageID(from: [b, a], purpose: 1),
        ]
        #expect(Set(ids).count == ids.count)
        #expect(MessageID(from: [a, b], purpose: 1) == ids[3])
    }
}
