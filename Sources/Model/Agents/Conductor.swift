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

    /// Why a goal cannot be completed yet.
    public struct Objection: Sendable, Equatable {
        public enum Lack: Sendable, Equatable {
            /// Tasks have not ended.
            case ends
            /// Nothing was approved at all.
            case approval
            /// Nobody has approved this task.
            case review(TaskID)
        }

        /// A clause.
        public var problem: String
        public var lack: Lack
    }

    /// Why the goal cannot be completed yet: the reviewer pattern. Nil where it can.
    ///
    /// Every task has to have ended, and each completed one that is no review must be approved: by a completed review
    /// that depends on it, directly or through others, that somebody else made, and whose result begins with
    /// `approved`.
    public static func objection(to work: [AgentTask]) -> Objection? {
        let open = work.filter { !$0.state.isTerminal }
        if !open.isEmpty {
            return Objection(
                problem: "\(open.count) task\(open.count == 1 ? " is" : "s are") not done: "
                    + open.prefix(5).map { "\($0.id.description.prefix(8)) (\($0.title.prefix(40)))" }
                    .joined(separator: ", "), lack: .ends)
        }
        let known = Dictionary(uniqueKeysWithValues: work.map { ($0.id, $0) })
        let approvals = work.filter {
            $0.state == .completed && $0.tags.contains(reviewTag)
                && ($0.result ?? "").lowercased().trimmedStart.hasPrefix("approved")
        }
        if approvals.isEmpty {
            return Objection(problem: "nothing was approved by a reviewer", lack: .approval)
        }
        for piece in work where piece.state == .completed && !piece.tags.contains(reviewTag) {
            let isApproved = approvals.contains { review in
                review.assignedTo != piece.assignedTo && needs(of: review, known).contains(piece.id)
            }
            guard isApproved else {
                let id = piece.id.description.prefix(8)
                return Objection(
                    problem: "no reviewer has approved task \(id) (\(piece.title.prefix(40)))",
                    lack: .review(piece.id))
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
