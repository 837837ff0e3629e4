/// All operations. Doors that offer them by name (REST, MCP) walk this list; a test holds every name unique.
public enum Catalogue {
    /// Sorted by name.
    public static let all: [any Operation.Type] = [
        AssignTask.self, CloseAgent.self, InterruptAgent.self, KillAgent.self, ListAgents.self, PruneAgents.self,
        RestartAgent.self, ResumeAgent.self, SpawnAgent.self, StartGoal.self, StopAllAgents.self, WaitForAgent.self,
        AddToBacklog.self, AssignBacklog.self, ClaimFromBacklog.self, ListBacklog.self, RemoveFromBacklog.self,
        DropDeadLetters.self, ListDeadLetters.self, RetryDeadLetters.self, ShowDeadLetter.self,
        ReadEvents.self, ReadInbox.self, TakeInbox.self, SendMessage.self, Broadcast.self, ReadStatus.self,
        ReadCosts.self,
        CancelTask.self, CompleteTask.self, CurrentTask.self, FailTask.self, ListTasks.self, WaitForTask.self,
        ReclaimWork.self,
        ReleaseTask.self, RetryTask.self, ShowTask.self, MigrateTown.self, RecoverTown.self, ResetTown.self,
        InitPlan.self, ReadPlan.self, PullPlan.self, PushPlan.self,
    ]
}
