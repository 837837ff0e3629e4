public import Model

/// The conductor that works towards a goal without a person: an agent with an identity of its own.
///
/// Its mailbox is not the supervisor's: what only a person can answer goes there.
public enum Conductor {
    /// There is one in a town, at most.
    public static let id = AgentID(high: 0, low: 2)
    /// Under which agents reach it; `conductor` itself means the supervisor's mailbox.
    public static let name = "goal-conductor"
    public static let role = "conductor"
    /// The tag of the task that is its goal.
    public static let goalTag = "goal"
    /// The tag of tasks whose result says `approved:` or `rejected:`.
    public static let reviewTag = "review"

    /// The tasks that it gave, oldest first.
    public static func work(in town: Town) async throws -> [AgentTask] {
        try await everything { try await town.store.tasks(TaskFilter(), page: $0) }.filter { $0.createdBy == id }
    }

    /// Why the goal cannot be completed yet: the reviewer pattern. Nil where it can.
    ///
    /// Every task has to have ended, and each completed one that is no review must be approved: by a completed review
    /// that depends on it, directly or through others, that somebody else made, and whose result begins with
    /// `approved`.
    public static func objection(to work: [AgentTask]) -> (problem: String, remedy: Remedy)? {
        let open = work.filter { !$0.state.isTerminal }
        if !open.isEmpty {
            return (
                "\(open.count) task\(open.count == 1 ? " is" : "s are") not done: "
                    + open.prefix(5).map { "\($0.id.description.prefix(8)) (\($0.title.prefix(40)))" }
                    .joined(separator: ", "),
                .operation("task.cancel", ["task": "ID"], why: "you are told when they end; or call one off")
            )
        }
        let known = Dictionary(uniqueKeysWithValues: work.map { ($0.id, $0) })
        let approvals = work.filter {
            $0.state == .completed && $0.tags.contains(reviewTag)
                && ($0.result ?? "").lowercased().trimmedStart.hasPrefix("approved")
        }
        if approvals.isEmpty {
            return (
                "nothing was approved by a reviewer",
                .operation(
                    "task.assign", ["agent": "reviewer", "task": "Review …", "depends_on": "ID"],
                    why: "give out work and its review")
            )
        }
        for piece in work where piece.state == .completed && !piece.tags.contains(reviewTag) {
            let isApproved = approvals.contains { review in
                review.assignedTo != piece.assignedTo && needs(of: review, known).contains(piece.id)
            }
            guard isApproved else {
                let id = piece.id.description.prefix(8)
                return (
                    "no reviewer has approved task \(id) (\(piece.title.prefix(40)))",
                    .operation(
                        "task.assign",
                        ["agent": "reviewer", "task": "Review …", "tags": reviewTag, "depends_on": String(id)])
                )
            }
        }
        return nil
    }

    private static func needs(of review: AgentTask, _ known: [TaskID: AgentTask]) -> Set<TaskID> {
        var found: Set<TaskID> = []
        var next = review.dependsOn
        while let id = next.popLast() {
            if found.insert(id).inserted { next += known[id]?.dependsOn ?? [] }
        }
        return found
    }
}

extension String {
    fileprivate var trimmedStart: Substring { drop { $0.isWhitespace } }
}

extension Town {
    /// Refuses to complete the goal of a conductor before a reviewer approved the work.
    func checkGoal(_ reference: String?) async throws {
        guard let caller = try await callingAgent(), caller.id == Conductor.id else { return }
        let task = try await task(orCurrent: reference)
        guard task.tags.contains(Conductor.goalTag), !task.state.isTerminal else { return }
        guard let objection = Conductor.objection(to: try await Conductor.work(in: self)) else { return }
        throw OperationError(.conflict, "the goal is not reached: \(objection.problem)", objection.remedy)
    }
}
