import Model
import StoreVerbs

/// What the verbs that can be steps of a batch read.
extension Arguments {
    mutating func add(sending messages: [Message], _ limits: SendLimits) {
        add(limits.maxHops)
        add(optional: limits.maxInbox.map { String($0) })
        add(messages.count)
        for message in messages { add(message) }
        add(Self.storm(limits))
    }

    mutating func add(_ request: LeaseRequest) {
        add(request.agent)
        add(request.host)
        add(request.turn)
        add(request.now)
        add(request.now + request.duration)
        add(request.maxMessages)
        add(request.aloneAfter)
        add(optional: request.proof)
    }

    mutating func add(_ turn: TurnCommit) {
        add(turn.token)
        add(turn.now)
        add(turn.sends.count)
        for message in turn.sends { add(message) }
        switch turn.outcome {
        case .finished:
            add(true)
            add(turn.session)
            add(turn.dropsSession)
            add(turn.duration.phrase)
            add(optional: turn.costText)
            add(DetailText.text(turn.detail))
            add(optional: turn.retryIfOpen?.field)
        case .failed(let failure, let verdict, let maxAttempts):
            add(false)
            add(turn.session)
            add(turn.dropsSession || verdict.dropsSession)
            add(turn.duration.phrase)
            add(failure.kind.rawValue)
            add(optional: turn.pauseText(verdict))
            add(failure.message)
            add(optional: verdict.retryAt?.field)
            add(optional: verdict.pause)
            add(verdict.countsAttempt)
            add(maxAttempts)
            add(DetailText.text(turn.detail))
        }
        add(Self.storm(turn.limits))
    }

    /// The last argument of what may send: what is held back.
    private static func storm(_ limits: SendLimits) -> String {
        [limits.maxHops, limits.sameAgent, limits.pingPong, limits.perRoot].map { String($0) }.joined(separator: " ")
    }

    private mutating func add(_ session: HarnessSession?) {
        add(session != nil)
        if let session { add(session.fields) }
    }

    mutating func add(_ tasks: [NewTask]) {
        add(tasks.count)
        for new in tasks {
            add(new.blank.fields)
            add(optional: new.assignee?.agent.description)
            add(new.assignee?.announcement.description ?? "")
            add(new.task.createdAt)
        }
    }

    mutating func add(
        moving task: TaskID, _ move: TaskMove, by: AgentID, announcement: MessageID, now: Timestamp
    ) {
        let value =
            switch move {
            case .assign(let agent): agent.description
            case .complete(let text), .fail(let text), .cancel(let text): text
            case .start, .requeue, .release, .retry: ""
            }
        add(task)
        add(move.name)
        add(value)
        add(by)
        add(announcement)
        add(now)
    }

    mutating func add(changing agent: AgentID, _ change: AgentChange, now: Timestamp) {
        add(agent)
        add(now)
        switch change {
        case .interrupt(let reason, let tellsPerson):
            add("interrupt")
            add(optional: reason)
            add(tellsPerson)
        case .resume: add("resume")
        case .stop(let request):
            add("stop")
            add(request.rawValue)
        case .retire(let reason):
            add("retire")
            add(reason)
        case .restart(let maxTurns):
            add("restart")
            add(optional: maxTurns.map { String($0) })
        case .pin(let host):
            add("pin")
            add(optional: host?.description)
        case .attention(let text, let tellsPerson):
            add("attention")
            add(optional: text)
            add(tellsPerson)
        case .cli(let cli):
            add("cli")
            add(cli)
        }
    }

    mutating func add(_ events: [Event]) {
        add(events.count)
        for event in events {
            add(event.type.rawValue)
            add(event.text)
            add(event.timestamp)
            add(event.about)
        }
    }
}
