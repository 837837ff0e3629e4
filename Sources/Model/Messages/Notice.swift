/// What the town itself says to people and agents: news, questions, and reasons that stand in tasks, messages and agents.
/// All of its words stand here: code that says something names a notice and gives its facts. The verbs in Lua have the
/// same notices. Events have theirs in `EventSentence`.
public enum Notice: String, Sendable, CaseIterable {
    // To the person, one of each `PersonalNeed`.
    case taskFailed, messageDead, agentPaused, agentWaits, mailWaits, circle
    // Questions to those who gave a task.
    case tasksBlocked, ownerEnded
    // To the sender of a message.
    case notDelivered, notWorkedOn, receiverRemoved
    // Why an agent, a task or a message is as it is.
    case usedUp, turnsFailed, restartable, beingRemoved, neverCompleted, messageLost, hostDeaths, turnsWithoutEnd
    case allCompleted, someUndone
    // Why nothing that waits for an agent is read.
    case isPaused, isUsedUp, wasStopped, hasFailed
    // Why a chain of messages ends.
    case tooManyHops, sameAgent, pingPong, tooManyMessages

    /// Its words, with places for facts: see `Template`.
    public var template: String {
        switch self {
        case .taskFailed:
            """
            Task {id}[ of {agent}] failed: {title}
            Why: [{reason}][{!reason}no reason given]
            To try it again: tt task retry {id}
            """
        case .messageDead:
            """
            A {kind} message from {from} to {to} is a dead letter: [{reason}][{!reason}unknown]
            To read it: tt dead show {id}
            To try it again: tt dead retry {id}
            """
        case .agentPaused:
            """
            {agent} is paused: [{reason}][{!reason}no reason given]
            When that is put right: tt resume {agent}
            """
        case .agentWaits:
            """
            {agent} waits by itself: {reason}
            To let it try at once: tt resume {agent}
            """
        case .mailWaits:
            """
            Mail waits for {agent}, which {reason}
            To let it continue: {command}
            """
        case .circle:
            """
            Agents go round in circles: a {kind} message from {from} to {to} was held back because {reason}
            To read it: tt dead show {id}
            To let it go on: tt dead retry {id}
            """
        case .tasksBlocked:
            """
            Task {id} ({title}) [{?failed}failed][{!failed}was cancelled]: [{reason}][{!reason}no reason given]
            These tasks wait for it and cannot go on:
            {tasks}
            What shall become of them? `tt task retry {task}` begins that task anew, \
            `tt task release ID` lets one of these begin all the same, `tt task cancel ID` calls it off.
            """
        case .ownerEnded:
            """
            Task {id} ({title}) waits no longer, but {agent}, whose it is, is {state}.
            Who shall do it? `tt restart {agent}` brings the agent back, \
            `tt reclaim --from {agent} --to-backlog` gives its work to others.
            """
        case .notDelivered: "your {kind} message to {to} was not delivered because {reason}"
        case .notWorkedOn: "your {kind} message to {to} could not be worked on: {reason}"
        case .receiverRemoved: "your {kind} message was not worked on: {agent} was removed from the town"
        case .usedUp:
            "it has used up [{?one}the one turn that it may take][{!one}its {number} turns]; "
                + "let it continue with: tt restart {agent}"
        case .turnsFailed: "{reason}, and its last [{?one}turn][{!one}{number} turns] failed"
        case .restartable: "{reason}; let it continue with: tt restart {agent}"
        case .beingRemoved: "it is being removed; where that was interrupted, end it with: {command}"
        case .neverCompleted: "{agent} ended three turns without completing it"
        case .messageLost: "its message could not be worked on: {reason}"
        case .hostDeaths: "its turn ended the host {number} times"
        case .turnsWithoutEnd: "{number} turns began with it and none of them ended ({reason})"
        case .allCompleted: "All of its {number} tasks are completed"
        case .someUndone: "{count} of its {number} tasks failed or were cancelled"
        case .isPaused: "is paused[: {reason}]"
        case .isUsedUp: "has used up its {count turn}"
        case .wasStopped: "was stopped"
        case .hasFailed: "stopped with an error"
        case .tooManyHops: "it has passed {number} agents and the limit is {limit}"
        case .sameAgent:
            "{agent} would work on it for the {number} time and no task was completed in between (limits.same_agent)"
        case .pingPong:
            "{from} and {to} have passed it to each other {limit} times and no task was completed in between "
                + "(limits.ping_pong)"
        case .tooManyMessages:
            "what began with message {id} has led to more than {limit} messages (limits.messages_per_root)"
        }
    }

    private static let templates = Dictionary(uniqueKeysWithValues: allCases.map { ($0, Template($0.template)) })

    /// Its words as parts.
    public var parts: [Template.Part] { Self.templates[self]?.parts ?? [] }

    /// What it says of these facts.
    public func text(_ facts: Facts) -> String { Template.text(parts, facts) }
}
