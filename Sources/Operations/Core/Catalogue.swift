/// All operations. Doors that offer them by name (REST, MCP) walk this list; a test holds every name unique.
public enum Catalogue {
    /// Sorted by name.
    public static let all: [any Operation.Type] = [
        CheckCLI.self, CloseAgent.self, InterruptAgent.self, KillAgent.self, ListAgents.self, ReadLog.self,
        PruneAgents.self,
        RestartAgent.self,
        ResumeAgent.self, SpawnAgent.self, StopAllAgents.self, WaitForAgent.self,
        GenerateKey.self, AddToBacklog.self, AssignBacklog.self, ClaimFromBacklog.self, ListBacklog.self,
        RemoveFromBacklog.self,
        BriefConductor.self, FollowGoal.self, StartGoal.self,
        ReadSetting.self, WriteSetting.self,
        DropDeadLetters.self, ListDeadLetters.self, RetryDeadLetters.self, ShowDeadLetter.self,
        ReadEvents.self,
        ListInboxes.self, ReadInbox.self, TakeInbox.self,
        Broadcast.self, SendMessage.self,
        InitPlan.self, PullPlan.self, PushPlan.self, ReadPlan.self,
        AssignTask.self, CancelTask.self, CompleteTask.self, CurrentTask.self, FailTask.self, LastTask.self,
        ListTasks.self,
        ReclaimWork.self, ReleaseTask.self, RetryTask.self, ShowTask.self, WaitForTask.self,
        CheckSnapshot.self, CopyTown.self, ReadCosts.self, InitTown.self, ListTowns.self, MigrateTown.self,
        RecoverTown.self, ResetTown.self,
        RestoreTown.self,
        SaveTown.self, ReadStatus.self,
    ]

    /// All feeds, sorted by name. Their names are none of operations.
    public static let feeds: [any Feed.Type] = [
        FollowLog.self, FollowEvents.self, FollowStatus.self, FollowOutput.self,
    ]
}
