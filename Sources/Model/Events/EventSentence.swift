/// The sentences of the log. The words of every event stand here and nowhere else. Code that logs something names a
/// sentence and gives its facts. The verbs in Lua have the same sentences as functions.
public enum EventSentence: String, Sendable, CaseIterable {
    case agentSpawned, agentInterrupted, agentResumed, agentAttention, agentPaused, agentSlept, agentRestarted
    case agentStopsWhenEmpty, agentStopsAfterTurn, agentStopsNow, agentStopped, agentCompleted, agentFailed
    case agentRemoved
    case taskCreated, taskAssigned, taskStarted, taskStartedInTurn, taskCompleted, taskFailed, taskCancelled
    case taskRequeued, taskRetried, taskRevised, taskWaiting, taskReleased, taskBlocked, taskOwnerEnded
    case taskReminded, taskOffered
    case messageSent, messageFailed, messageRefused, messageUnreadable, messageIllegible, messageOrphaned
    case messageRetried, messageDropped, messageMoved
    case turnStarted, turnFinished, turnFailed, turnReleased, turnStalled
    case hostStarted, hostStopped, hostDied
    case townReset, townRestored

    /// The kind of event that says it.
    public var type: EventType { form.type }

    /// Its words, with places for facts: see `Template`. `task` is the short id of the event's task.
    public var template: String { form.template }

    private var form: (type: EventType, template: String) {
        switch self {
        case .agentSpawned: (.agentSpawned, "{agent} joined the town[ as {role}], run by {cli}")
        case .agentInterrupted: (.agentInterrupted, "{agent} was paused[: {reason}]")
        case .agentResumed: (.agentResumed, "{agent} goes on")
        case .agentAttention: (.agentAttention, "{agent}: {reason}")
        case .agentPaused: (.agentAttention, "{agent} is paused: {reason}")
        case .agentSlept: (.agentStateChanged, "{agent} sleeps, {reason}; mail wakes it")
        case .agentRestarted: (.agentStateChanged, "{agent} was restarted")
        case .agentStopsWhenEmpty: (.agentStateChanged, "{agent} was asked to stop when its inbox is empty")
        case .agentStopsAfterTurn: (.agentStateChanged, "{agent} was asked to stop after its present turn")
        case .agentStopsNow: (.agentStateChanged, "{agent} was asked to stop at once")
        case .agentStopped: (.agentStopped, "{agent} stopped, {reason}")
        case .agentCompleted: (.agentCompleted, "{agent} stopped, {reason}")
        case .agentFailed: (.agentFailed, "{agent} stopped with an error: {reason}")
        case .agentRemoved:
            (
                .agentRemoved,
                "{agent} was removed from the town[; {tasks} of its tasks are in the backlog again]"
                    + "[{?tasks}, {letters} of its messages are dead letters]"
                    + "[{!tasks}; {letters} of its messages are dead letters]"
            )
        case .taskCreated: (.taskCreated, "task {task} created[{?backlog} in the backlog]: {title}")
        case .taskAssigned: (.taskAssigned, "task {task} assigned to {agent}: {title}")
        case .taskStarted: (.taskStarted, "task {task} started: {title}")
        case .taskStartedInTurn: (.taskStarted, "{agent} starts task {task}: {title}")
        case .taskCompleted: (.taskCompleted, "task {task} completed: {title}")
        case .taskFailed: (.taskFailed, "task {task} failed: {title}[ ({reason})]")
        case .taskCancelled: (.taskCancelled, "task {task} cancelled: {title}[ ({reason})]")
        case .taskRequeued:
            (
                .taskRequeued,
                "task {task} [{?waiting}has no owner now][{!waiting}is back in the backlog]: {title}"
            )
        case .taskRetried: (.taskRetried, "task {task} begins anew: {title}")
        case .taskRevised: (.taskRevised, "task {task} was changed: {title}")
        case .taskWaiting: (.taskWaiting, "task {task} waits for {needs}: {title}")
        case .taskReleased: (.taskReleased, "task {task} waits no longer: {title}")
        case .taskBlocked:
            (
                .taskBlocked,
                "task {task} cannot go on, because task {other} [{?failed}failed][{!failed}was cancelled]: {title}"
            )
        case .taskOwnerEnded: (.taskBlocked, "task {task} can begin, but {agent} is {state}: {title}")
        case .taskReminded:
            (
                .taskReminded,
                "{agent} left task {task} open and is asked again[ ({number} of {limit})]"
                    + "[{!number}, after another task]: {title}"
            )
        case .taskOffered: (.taskOffered, "task {task} of the backlog was offered to {agent}: {title}")
        case .messageSent: (.messageSent, "{from} to {to}: {kind}[{?urgent}, urgent][{about}]")
        case .messageFailed:
            (.messageDead, "a {kind} message to {to} is a dead letter after {number} failed attempts: {reason}")
        case .messageRefused: (.messageDead, "{from} to {to}: {kind} was refused because {reason}")
        case .messageUnreadable: (.messageDead, "a message to {to} cannot be read: {reason}")
        case .messageIllegible: (.messageDead, "a message is a dead letter because it cannot be read")
        case .messageOrphaned: (.messageDead, "a {kind} message to {to} is a dead letter: its agent was removed")
        case .messageRetried: (.messageRetried, "a dead {kind} message is [{?back}back ]in the inbox of {to}")
        case .messageDropped: (.messageDropped, "a dead {kind} message to {to} was deleted")
        case .messageMoved: (.messageMoved, "a {kind} message moved from {from} to {to}")
        case .turnStarted: (.turnStarted, "{agent} begins turn {number} with {count message}")
        case .turnFinished: (.turnFinished, "{agent} finished turn {number} in {length}[ for {cost}]")
        case .turnFailed:
            (.turnFailed, "a turn of {agent} failed after {length} ({failure}): {reason}[; next turn in {pause}]")
        case .turnReleased: (.turnReleased, "the turn of {agent} is put back: {reason}")
        case .turnStalled: (.turnStalled, "{agent} has been silent for {number} s; look with: tt attach {agent}")
        case .hostStarted:
            (
                .hostStarted,
                "a host runs [{?foreground}in a terminal][{!foreground}in the background] as process {process}"
            )
        case .hostStopped: (.hostStopped, "the host of process {process} stopped")
        case .hostDied: (.hostDied, "the host of process {process} died")
        case .townReset: (.townReset, "the town was reset")
        case .townRestored: (.townRestored, "the town was restored as it was saved at {time}")
        }
    }

    private static let templates = Dictionary(
        uniqueKeysWithValues: allCases.map { ($0, Template($0.template)) })

    /// Its words as parts.
    public var parts: [Template.Part] { Self.templates[self]?.parts ?? [] }

    /// What it says of these facts.
    public func text(_ facts: Facts) -> String { Template.text(parts, facts) }
}

extension Event {
    /// An event that is not in the log yet, about a task or none.
    public init(_ sentence: EventSentence, _ facts: Facts = [:], about task: TaskID? = nil, at time: Timestamp) {
        var facts = facts
        if let task { facts.add(.task, task.short) }
        self.init(sentence.type, sentence.text(facts), at: time)
        self.task = task
    }
}
