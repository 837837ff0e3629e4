/// Where features keep what they know: small values that are compared, changed and found by a time, and a way to change
/// several of them, and the town, in one step.
public protocol DocumentStore: Sendable {
    /// What is at a place; nil if there is nothing, or something of another kind.
    func document(_ place: Place) async throws(StoreError) -> Document?

    /// The documents under a key, by the bytes of their names.
    /// - Parameters:
    ///   - name: only those after this name; nil: from the first.
    ///   - limit: at most so many.
    func documents(_ key: String, after name: [UInt8]?, limit: Int) async throws(StoreError) -> [Document]

    /// The documents of a feature whose time has come, the earliest first.
    /// - Returns: at most `limit` of them, and when the next one is due: in the past if there were more.
    func due(_ feature: String, by now: Timestamp, limit: Int) async throws(StoreError) -> DueDocuments

    /// Carries out all steps in their order, or none of them. Nobody else sees the state between two.
    ///
    /// A `lease` that finds nothing to lease ends the batch early: what precedes it has happened, nothing after it
    /// does, and the results end with it. A batch holds at most one `lease`, which only documents may precede, and at
    /// most one `commit`.
    /// - Throws: `conflict` if a document is not as expected; `invalid` for a batch or a place that cannot be; what the
    ///   steps throw by themselves.
    /// - Returns: one result for each step.
    @discardableResult
    func perform(_ steps: [Step]) async throws(StoreError) -> [StepResult]
}

/// Documents whose time has come.
public struct DueDocuments: Sendable, Equatable {
    public var documents: [Document]
    /// When the first one that is not among them is due; nil if none is.
    public var next: Timestamp?

    public init(documents: [Document], next: Timestamp?) {
        self.documents = documents
        self.next = next
    }
}

/// One change of a document, carried out only if it is as expected.
public struct DocumentChange: Sendable, Equatable {
    /// What has to be at the place. A due time is not compared.
    public enum Expectation: Sendable, Equatable {
        case anything
        case absent
        case content([UInt8])
    }

    /// What is there afterwards.
    public enum Result: Sendable, Equatable {
        /// As before: the change only checks.
        case unchanged
        case content([UInt8], dueAt: Timestamp? = nil)
        case absent
    }

    public var place: Place
    public var expects: Expectation
    public var becomes: Result

    public init(_ place: Place, expects: Expectation, becomes: Result) {
        self.place = place
        self.expects = expects
        self.becomes = becomes
    }

    /// Why it cannot be made; nil if it can.
    public var problem: String? {
        if let problem = place.problem { return problem }
        if place.kind == .item { return "items of lists can only be read" }
        guard case .content(let content, _) = becomes else { return nil }
        if content.count > Place.largest { return "a document has at most \(Place.largest) bytes" }
        return place.kind == .member && !content.isEmpty ? "a member has no content" : nil
    }
}

/// One step of a batch; each does what the verb of its name does.
public enum Step: Sendable {
    case documents([DocumentChange])
    case lease(LeaseRequest)
    case send([Message], SendLimits = SendLimits())
    case create([NewTask])
    case move(TaskID, TaskMove, by: AgentID, announcement: MessageID, now: Timestamp)
    case change(AgentID, AgentChange, now: Timestamp)
    case commit(TurnCommit)
    case append([Event])

    /// The most steps of a batch: a store does nothing else meanwhile.
    public static let most = 200

    /// How many messages or tasks it brings into the town, and when.
    public var sends: (count: Int, now: Timestamp?) {
        switch self {
        case .send(let messages, _): (messages.count, messages.first?.createdAt)
        case .create(let tasks): (tasks.count, tasks.first?.task.createdAt)
        case .move(_, let move, _, _, let now): (move.sends, now)
        case .documents, .lease, .change, .commit, .append: (0, nil)
        }
    }
}

extension [Step] {
    /// How many messages or tasks they bring into the town, and when.
    public var sends: (count: Int, now: Timestamp?) {
        (reduce(0) { $0 + $1.sends.count }, lazy.compactMap(\.sends.now).first)
    }

    /// Refuses a batch that no store carries out.
    /// - Throws: `invalid`.
    public func checked() throws(StoreError) {
        if count > Step.most { throw StoreError(.invalid, "a batch has at most \(Step.most) steps, not \(count)") }
        var (commits, onlyDocuments) = (0, true)
        for step in self {
            switch step {
            case .documents(let changes):
                for change in changes {
                    if let problem = change.problem { throw StoreError(.invalid, problem) }
                }
                continue
            case .lease where !onlyDocuments:
                throw StoreError(.invalid, "only documents may precede a lease in a batch")
            case .commit: commits += 1
            default: break
            }
            onlyDocuments = false
        }
        if commits > 1 { throw StoreError(.invalid, "a batch ends at most one turn") }
    }
}

/// What a step did.
public enum StepResult: Sendable {
    /// Documents and events: nothing to say.
    case done
    case lease(Lease?)
    case receipts([Receipt])
    case task(AgentTask)
    case agent(Agent)
    /// The agent after its turn.
    case committed(Agent)
}
