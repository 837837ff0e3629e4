public import Model
import Redis

/// Taking agents off the list and moving their work. An agent may have any number of messages and tasks, so each of
/// these is a row of calls that look at some hundred.
extension RedisStore {
    /// With its first page a removal is decided: nobody brings the agent back or gives it anything but mail, which becomes
    /// dead letters as well. Where it is interrupted, the next removal of the agent carries it on.
    public func remove(_ agent: AgentID, now: Timestamp) async throws(StoreError) -> Removal {
        var tasks: [TaskID] = []
        while true {
            let page = try await removePage(of: agent, now: now)
            tasks += page.tasks
            if page.isMore { continue }
            // Others may have done a part of it, before or meanwhile.
            if page.total.tasks != tasks.count { tasks = try await movedTasks(of: agent) }
            return Removal(tasks: tasks, deadLetters: page.total.letters)
        }
    }

    /// One page of a removal.
    package struct RemovalPage: Sendable {
        package var isMore: Bool
        /// Tasks of this page.
        package var tasks: [TaskID]
        /// Of all pages up to this one.
        package var total: (tasks: Int, letters: Int)
    }

    /// Takes the next step of a removal, including one that another process began.
    package func removePage(of agent: AgentID, now: Timestamp) async throws(StoreError) -> RemovalPage {
        let reply = try await call("remove") { arguments in
            arguments.add(agent)
            arguments.add(now)
        }
        return RemovalPage(
            isMore: reply[0].isTrue, tasks: reply[1].texts.compactMap { TaskID($0) },
            total: (reply[2].number, reply[3].number))
    }

    // They are kept for a minute after the last page.
    private func movedTasks(of agent: AgentID) async throws(StoreError) -> [TaskID] {
        var tasks: [TaskID] = []
        while true {
            let start = tasks.count
            let key = "\(prefix)removing:\(agent)"
            let page = try await command(["LRANGE", key, String(start), String(start + 999)]).texts
            tasks += page.compactMap { TaskID($0) }
            if page.count < 1000 { return tasks }
        }
    }

    /// Each page leaves a town that is whole. Where the agent is restarted between two of them it keeps the rest.
    public func reclaim(from agent: AgentID, to destination: Destination, now: Timestamp) async throws(StoreError)
        -> Reclaimed
    {
        var moved = Reclaimed()
        var place: String? = ""
        while let from = place {
            let page = try await reclaimPage(from: agent, to: destination, now: now, at: from)
            moved.tasks += page.moved.tasks
            moved.made += page.moved.made
            moved.messages += page.moved.messages
            moved.left = page.moved.left
            place = page.next
        }
        return moved
    }

    /// One page of what is reclaimed.
    ///
    /// - Parameter place: where the last one ended; empty for the first.
    /// - Returns: what it moved, with all that stay so far, and where it ended; nil after the last one.
    package func reclaimPage(
        from agent: AgentID, to destination: Destination, now: Timestamp, at place: String
    ) async throws(StoreError) -> (moved: Reclaimed, next: String?) {
        let reply = try await call("reclaim") { arguments in
            arguments.add(agent)
            switch destination {
            case .backlog: arguments.add(optional: nil)
            case .agent(let target): arguments.add(optional: target.description)
            }
            arguments.add(now)
            arguments.add(place)
        }
        let moved = Reclaimed(
            tasks: reply[1].texts.compactMap { TaskID($0) }, made: reply[2].texts.compactMap { TaskID($0) },
            messages: reply[3].texts.compactMap { MessageID($0) }, left: reply[4].number)
        return (moved, reply[0].text)
    }
}
