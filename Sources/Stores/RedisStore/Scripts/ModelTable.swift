import Model
import StoreVerbs

/// What the verbs in Lua take from the model: its numbers, its state machines and its kinds of messages. It is the table
/// `MODEL`, and stands before all files of Lua, so that no rule is written down in both languages.
enum ModelTable {
    /// The statement that makes it.
    static let lua = "local MODEL = {\n" + members.map { "  \($0) = \($1)" }.joined(separator: ",\n") + "}\n"

    /// Its members by name, as Lua. `scripts/lint-lua` reads the names here.
    private static var members: [(String, String)] {
        let limits = SendLimits()
        return [
            ("format", text(RedisStore.format)),
            ("supervisor", text(AgentID.supervisor.description)),
            ("maxDeliveries", String(maxDeliveries)),
            ("maxReminders", String(AgentTask.maxReminders)),
            ("aloneAfter", String(Decisions.aloneAfterFailures)),
            ("longestPath", String(Message.longestPath)),
            // In the order in which M.setLimits takes them.
            ("limits", list([limits.maxHops, limits.sameAgent, limits.pingPong, limits.perRoot].map { String($0) })),
            ("agentMoves", table(AgentSignal.allCases.map { ($0.rawValue, states(after: $0)) })),
            ("agentEnded", set(AgentState.allCases.filter(\.isTerminal).map(\.rawValue))),
            ("takesTurns", set(AgentState.allCases.filter(\.canTakeTurns).map(\.rawValue))),
            // The mildest first.
            ("stopRequests", table(StopRequest.allCases.sorted().enumerated().map { ($1.rawValue, String($0)) })),
            ("taskStates", list(TaskState.allCases.map { text($0.rawValue) })),
            ("openTasks", list(TaskState.allCases.filter { !$0.isTerminal }.map { text($0.rawValue) })),
            ("taskEnded", set(TaskState.allCases.filter(\.isTerminal).map(\.rawValue))),
            ("taskMoves", table(moves.map { ($0.name, states(after: $0)) } + [("revise", statesToRevise)])),
            ("messageTexts", table(bodies.map { ($0.type, list(texts(of: $0).map(text))) })),
            // Of a custom message its kind says it.
            ("wakes", set(bodies.filter { $0.wakes && $0.type != "custom" }.map(\.type))),
            ("offerKind", text(MessageBody.offerKind)),
            ("customKinds", list(MessageBody.kindWords.map(kind))),
            ("acknowledgements", set(acknowledgements.map(\.name))),
            ("sentence", SentencesInLua.sentence),
            ("notice", SentencesInLua.notice),
        ]
    }

    // MARK: State machines

    private static func states(after signal: AgentSignal) -> String {
        table(
            AgentState.allCases.compactMap { state in
                (try? state.after(signal)).map { (state.rawValue, text($0.rawValue)) }
            })
    }

    /// The states of a task that has an owner, is no group, and waits for nothing unless that is to end. What else a move
    /// asks of a task is in `T.after`, which `ModelInLua` compares with the model for every case.
    private static func states(after move: TaskMove) -> String {
        table(
            TaskState.allCases.compactMap { state in
                var task = task(in: state)
                task.isWaiting = move == .release
                return (try? task.after(move, at: task.createdAt)).map { (state.rawValue, text($0.state.rawValue)) }
            })
    }

    private static var statesToRevise: String {
        table(
            TaskState.allCases.compactMap { state in
                let task = task(in: state)
                return (try? task.revised(TaskRevision(task), at: task.createdAt))
                    .map { (state.rawValue, text($0.state.rawValue)) }
            })
    }

    private static func task(in state: TaskState) -> AgentTask {
        var task = AgentTask(
            id: TaskID(high: 0, low: 0), description: "", createdBy: .supervisor,
            createdAt: Timestamp(microseconds: 0))
        task.state = state
        task.assignedTo = .supervisor
        return task
    }

    private static let moves: [TaskMove] = [
        .assign(.supervisor), .start, .complete(""), .fail(""), .cancel(""), .requeue, .release, .retry,
    ]

    // MARK: Messages

    /// One of each type.
    private static let bodies: [MessageBody] = [
        .task(description: ""), .query(question: ""), .informational(summary: ""), .confirmation(.received),
        .taskAssign(TaskID(high: 0, low: 0)), .taskDone(TaskID(high: 0, low: 0), result: ""),
        .taskFailed(TaskID(high: 0, low: 0), error: ""), .statusRequest,
        .statusResponse(state: "", currentTask: nil), .ping, .pong, .shutdown, .custom(kind: "", payload: ""),
    ]

    private static let acknowledgements: [MessageBody.Acknowledgement] = [
        .received, .acknowledged, .thanks, .approved, .rejected(reason: ""),
    ]

    /// The members of its JSON that have to be texts: those that a ping has not.
    private static func texts(of body: MessageBody) -> [String] {
        names(of: body).subtracting(names(of: .ping)).sorted()
    }

    private static func names(of body: MessageBody) -> Set<String> {
        if case .confirmation = body { return [] }  // an object, which Lua looks at by itself
        let message = Message(
            id: MessageID(high: 0, low: 0), from: .supervisor, to: .supervisor, body: body,
            createdAt: Timestamp(microseconds: 0))
        // What may be null is left out.
        guard let fields = FlatJSON.fields(Array(message.wire.utf8), exceptFor: ["correlation_id", "current_task"])
        else {
            preconditionFailure("not flat: \(message.wire)")
        }
        return Set(fields.keys)
    }

    private static func kind(_ words: Set<String>) -> String {
        let wakes = words.contains { MessageBody.custom(kind: $0, payload: "").wakes }
        return "{words = \(set(words.sorted())), wakes = \(wakes)}"
    }

    // MARK: Lua

    private static func text(_ text: String) -> String { "'\(text)'" }
    private static func list(_ values: [String]) -> String { "{\(values.joined(separator: ", "))}" }
    private static func table(_ values: [(String, String)]) -> String { list(values.map { "\($0) = \($1)" }) }
    private static func set(_ names: [String]) -> String { table(names.map { ($0, "true") }) }
}
