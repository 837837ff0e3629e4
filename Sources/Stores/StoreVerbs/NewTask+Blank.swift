public import Model

extension NewTask {
    /// The task as it is before anything happens to it. One that has ended already keeps its end.
    public var blank: AgentTask {
        var task = task
        if let assignee { task.priority = assignee.priority }
        task.isWaiting = false
        if task.state.isTerminal {
            task.inBacklog = false
            return task
        }
        task.state = .pending
        task.assignedTo = nil
        task.inBacklog = task.inBacklog && assignee == nil && !task.isGroup
        return task
    }
}
