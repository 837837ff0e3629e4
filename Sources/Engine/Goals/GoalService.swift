public import Concurrency
public import Model

/// Sees to it that the conductor reaches its goal: wakes it if everything stands still, notes what only a person can do,
/// and lets it rest at the end.
///
/// Any number of hosts may do this at once, and none of them has to live: what one decides is written, together with its
/// effect, only if the goal is as it was when the host looked. So the conductor is woken once, however many look.
public struct GoalService: Service {
    private let store: any Store
    private let time: any TimeSource
    private let random: any Randomness
    private let limits: SendLimits

    public init(store: any Store, time: any TimeSource, random: any Randomness, limits: SendLimits) {
        self.store = store
        self.time = time
        self.random = random
        self.limits = limits
    }

    public var name: String { "the goal" }

    /// Looks once, so that a host knows what there is to do before it finds that there is nothing.
    public func start() async throws -> Work? {
        let changes = try await store.changes()
        _ = await isSettled()
        return { stopping in
            try await stopping.interrupting {
                try await settle()
                for await _ in changes { try await settle() }
            }
            // What has ended last may have been the last one that worked.
            if !Task.isCancelled { _ = await isSettled() }
        }
    }

    /// Looks until the store answers: nothing may ring again once it does.
    private func settle() async throws {
        var pause = Duration.milliseconds(100)
        while !(await isSettled()) {
            try await time.sleep(for: pause)
            pause = min(pause * 2, .seconds(20))
        }
    }

    private func isSettled() async -> Bool {
        do throws(StoreError) {
            try await advance()
            return true
        } catch { return false }
    }

    /// Looks at the town and does what follows, once over all who look.
    /// - Returns: the goal afterwards; nil if there is none.
    @discardableResult
    package func advance() async throws(StoreError) -> Goal? {
        while true {
            guard let document = try await store.document(Goal.place) else { return nil }
            // The document first: whatever happens after it was read changes it, or is seen.
            let goal = try Kept<Goal>.decoded(document)
            let view = try await GoalView(of: goal, in: store)
            var next = goal
            let action = next.decide(view)
            if action == .none, next == goal { return goal }
            let notice = next.need.flatMap { $0.isNews ? MessageID(random: random) : nil }
            if let notice { next.need?.message = notice }
            do throws(StoreError) {
                try await store.perform(
                    [try change(document, action == .end ? nil : next)] + steps(action, notice, next, view))
                return action == .end ? nil : next
            } catch {
                // Another host was faster, or the answer was lost and nobody knows: the next look shows what is true.
                guard error.code == .conflict else { throw error }
            }
        }
    }

    private func change(_ document: Document, _ next: Goal?) throws(StoreError) -> Step {
        .documents([
            DocumentChange(
                Goal.place, expects: .content(document.content),
                becomes: next.map { .content(Kept<Goal>.encoded($0)) } ?? .absent)
        ])
    }

    private func steps(
        _ action: Goal.Action, _ notice: MessageID?, _ goal: Goal, _ view: GoalView
    ) -> [Step] {
        let now = time.now()
        switch action {
        case .none:
            guard let notice else { return [] }
            let message = Message(
                id: notice, from: Conductor.id, to: .supervisor,
                body: .informational(summary: "The goal (task \(goal.task)) does not go on without you."),
                createdAt: now)
            return [.send([message], limits)]
        case .nudge(let text, let restarts):
            let message = Message(
                id: MessageID(random: random), from: .supervisor, to: Conductor.id, body: .task(description: text),
                createdAt: now)
            return (restarts ? [.change(Conductor.id, .restart(maxTurns: nil), now: now)] : [])
                + [.send([message], limits)]
        case .end:
            guard let conductor = view.conductor, !conductor.state.isTerminal else { return [] }
            return [.change(Conductor.id, .stop(.whenEmpty), now: now)]
        }
    }
}

extension GoalView {
    /// Reads what a goal depends on.
    package init(of goal: Goal, in store: any Store) async throws(StoreError) {
        guard let task = try await store.task(goal.task), !task.state.isTerminal else {
            let conductor = try await store.agent(Conductor.id)
            self.init(task: nil, agents: conductor.map { [$0] } ?? [], work: [], pulses: [])
            return
        }
        // While somebody works it only counts who owns what is open.
        let isAnyoneBusy = try await store.pulse().contains(where: \.isBusy)
        let filter = isAnyoneBusy ? TaskFilter(states: [.pending, .assigned, .running]) : TaskFilter()
        let agents = try await store.agents()
        var work: [AgentTask] = []
        var page = Page(limit: 500)
        while true {
            let tasks = try await store.tasks(filter, page: page)
            work += tasks.filter { $0.createdBy == Conductor.id }
            if tasks.count < page.limit { break }
            page.offset += page.limit
        }
        // After the work: what is ended meanwhile has been told to the conductor by then.
        let pulses = try await store.pulse()
        if isAnyoneBusy, !pulses.contains(where: \.isBusy) {
            self = try await GoalView(of: goal, in: store)
            return
        }
        let known = Dictionary(uniqueKeysWithValues: agents.map { ($0.id, $0) })
        let questions = try await store.inbox(.supervisor, page: Page(limit: 200)).compactMap { delivery -> Question? in
            guard delivery.state == .queued, case .query(let text) = delivery.message.body,
                let asker = known[delivery.message.from]
            else { return nil }
            return Question(
                message: delivery.message.id, text: text, asker: asker, askedAt: delivery.message.createdAt)
        }
        self.init(task: task, agents: agents, work: work, pulses: pulses, questions: questions)
    }
}

extension Goal {
    /// Whether there is a goal of which nobody knows that it waits for a person. If nothing moves then, a host has to look.
    package static func isUndecided(in store: any DocumentStore) async throws(StoreError) -> Bool {
        do throws(StoreError) {
            return try await Kept<Goal>(in: store).value(at: place).map { $0.need == nil } ?? false
        } catch {
            // What cannot be read says nothing, and a host could do nothing about it.
            guard error.code == .corrupt else { throw error }
            return false
        }
    }
}
