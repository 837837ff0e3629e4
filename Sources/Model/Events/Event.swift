/// A fact in the append-only log.
public struct Event: Sendable, Equatable, Codable {
    /// Position in the log, without gaps at the time of writing; readers continue after the last one they saw.
    public var sequence: Int64
    public var type: EventType
    /// What happened, in one sentence for people.
    public var text: String
    public var timestamp: Timestamp
    public var agent: AgentID?
    public var task: TaskID?
    public var turn: TurnID?
    /// The message that it is about.
    public var message: MessageID?
    public var oldState: String?
    public var newState: String?
    /// What a turn used, where the event tells of its end.
    public var detail: TurnDetail?

    private enum CodingKeys: String, CodingKey {
        case sequence
        case text = "message"
        case timestamp, detail
        case type = "event_type"
        case agent = "agent_id"
        case task = "task_id"
        case turn = "turn_id"
        case message = "message_id"
        case oldState = "old_state"
        case newState = "new_state"
    }

    /// An event that is not in the log yet; the store gives it its sequence number.
    public init(_ type: EventType, _ text: String, at timestamp: Timestamp) {
        self.type = type
        self.text = text
        self.timestamp = timestamp
        sequence = 0
    }
}

/// The kinds of events. The first names are Tinytown's (reference: tinytown 1.7); all of ours are really written (W46).
public enum EventType: String, Sendable, Codable, CaseIterable {
    case agentStateChanged = "agent_state_changed"
    case agentSpawned = "agent_spawned"
    case agentStopped = "agent_stopped"
    case agentInterrupted = "agent_interrupted"
    case agentResumed = "agent_resumed"
    case agentCompleted = "agent_completed"
    case agentFailed = "agent_failed"
    case agentAttention = "agent_attention"
    case agentRemoved = "agent_removed"
    case taskCreated = "task_created"
    case taskAssigned = "task_assigned"
    case taskStarted = "task_started"
    case taskCompleted = "task_completed"
    case taskFailed = "task_failed"
    case taskCancelled = "task_cancelled"
    case taskRequeued = "task_requeued"
    case taskRetried = "task_retried"
    case taskRevised = "task_revised"
    case taskWaiting = "task_waiting"
    case taskReleased = "task_released"
    case taskBlocked = "task_blocked"
    case taskReminded = "task_reminded"
    case taskOffered = "task_offered"
    case messageSent = "message_sent"
    case messageDead = "message_dead"
    case messageRetried = "message_retried"
    case messageDropped = "message_dropped"
    case messageMoved = "message_moved"
    case turnStarted = "turn_started"
    case turnFinished = "turn_finished"
    case turnFailed = "turn_failed"
    case turnReleased = "turn_released"
    case turnStalled = "turn_stalled"
    case hostStarted = "host_started"
    case hostStopped = "host_stopped"
    case hostDied = "host_died"
    case townReset = "town_reset"
    case townRestored = "town_restored"
}
