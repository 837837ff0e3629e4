import Model
import Secrets

extension TownRecord {
    /// The same with secrets masked in every text that an agent, a person or a program wrote.
    ///
    /// Ids, names, states and times stay, so that a snapshot restores what it can: a town without the secrets.
    func redacted(by redactor: Redactor) -> TownRecord {
        func clean(_ text: String) -> String { redactor.redacted(text) }
        switch self {
        case .agentLimit, .kept: return self
        case .agent(var agent):
            agent.cli = redactor.redacted(commandLine: agent.cli)
            agent.attention = agent.attention.map(clean)
            return .agent(agent)
        case .task(var task):
            task.description = clean(task.description)
            task.result = task.result.map(clean)
            return .task(task)
        case .message(var delivery):
            delivery.message.body = delivery.message.body.redacted(by: redactor)
            delivery.message.attachments = delivery.message.attachments.map(clean)
            delivery.lastError = delivery.lastError.map(clean)
            return .message(delivery)
        case .event(var event):
            event.text = clean(event.text)
            return .event(event)
        }
    }
}

extension MessageBody {
    /// The same with the secrets in its texts masked.
    func redacted(by redactor: Redactor) -> MessageBody {
        switch self {
        case .task(let text): .task(description: redactor.redacted(text))
        case .query(let text): .query(question: redactor.redacted(text))
        case .informational(let text): .informational(summary: redactor.redacted(text))
        case .confirmation(.rejected(let reason)): .confirmation(.rejected(reason: redactor.redacted(reason)))
        case .taskDone(let task, let result): .taskDone(task, result: redactor.redacted(result))
        case .taskFailed(let task, let error): .taskFailed(task, error: redactor.redacted(error))
        case .statusResponse(let state, let task):
            .statusResponse(state: redactor.redacted(state), currentTask: task.map { redactor.redacted($0) })
        case .custom(let kind, let payload): .custom(kind: kind, payload: redactor.redacted(payload))
        case .confirmation, .taskAssign, .statusRequest, .ping, .pong, .shutdown: self
        }
    }
}
