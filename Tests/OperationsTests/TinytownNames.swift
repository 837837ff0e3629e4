import Operations
import Testing

/// Every tool and route of Tinytown is an operation, an alias of one, or stands here with what takes its place
/// (reference: tinytown 7.4 and 8.3).
struct TinytownNames {
    /// The 42 tools. Those without an operation of their name say which one does it; nil comes with missions.
    private static let tools: [(name: String, instead: String?)] = [
        ("town.get_status", "town.status"), ("agent.list", "agent.list"), ("agent.list_open", "agent.list"),
        ("agent.inbox", "inbox.read"), ("task.list_pending", "task.list"), ("backlog.list", "backlog.list"),
        ("mission.list", nil), ("mission.get_status", nil), ("mission.status", nil), ("mission.list_work", nil),
        ("mission.work_items", nil), ("mission.list_watches", nil), ("mission.watches", nil),
        ("mission.get_events", nil), ("mission.events", nil), ("task.assign", "task.assign"),
        ("task.complete", "task.complete"), ("message.send", "message.send"), ("backlog.add", "backlog.add"),
        ("backlog.claim", "backlog.claim"), ("backlog.assign_all", "backlog.assign_all"),
        ("backlog.remove", "backlog.remove"), ("mission.start", nil), ("mission.approve", nil),
        ("mission.reject", nil), ("mission.pause", nil), ("mission.resume", nil), ("mission.dispatch", nil),
        ("mission.note", nil), ("mission.input", nil), ("mission.stop", nil), ("agent.spawn", "agent.spawn"),
        ("agent.kill", "agent.kill"), ("agent.interrupt", "agent.interrupt"), ("agent.resume", "agent.resume"),
        ("agent.close", "agent.close"), ("agent.restart", "agent.restart"), ("agent.wait", "agent.wait"),
        ("agent.prune", "agent.prune"), ("agent.get_result", "task.last"),
        ("recovery.recover_agents", "town.recover"), ("recovery.reclaim_tasks", "task.reclaim"),
    ]

    /// A tool that is a call with a certain input, so that its name cannot be an alias.
    private static let calls = ["agent.list_open": "live is true", "task.list_pending": "state is pending"]

    /// Routes whose method and path differ from the operation's own; Tinytown's shapes are made by its door.
    private static let routes: [(route: String, operation: String?)] = [
        ("GET /v1/town", "town.status"), ("GET /v1/status", "town.status"), ("GET /v1/agents", "agent.list"),
        ("GET /v1/tasks/pending", "task.list"), ("GET /v1/backlog", "backlog.list"),
        ("GET /v1/agents/{agent}/inbox", "inbox.read"), ("POST /v1/agents/{agent}/inbox", "inbox.read"),
        ("POST /v1/tasks/assign", "task.assign"), ("POST /v1/backlog", "backlog.add"),
        ("POST /v1/backlog/{task_id}/claim", "backlog.claim"), ("POST /v1/backlog/assign-all", "backlog.assign_all"),
        ("DELETE /v1/backlog/{task_id}", "backlog.remove"), ("POST /v1/messages/send", "message.send"),
        ("POST /v1/agents", "agent.spawn"), ("POST /v1/agents/{agent}/kill", "agent.kill"),
        ("POST /v1/agents/{agent}/restart", "agent.restart"), ("POST /v1/agents/prune", "agent.prune"),
        ("POST /v1/recover", "town.recover"), ("POST /v1/reclaim", "task.reclaim"),
        ("POST /v1/reclaim/orphan-tasks", "task.reclaim"), ("POST /v1/missions/{id}/stop", nil),
        ("POST /v1/missions/{id}/resume", nil), ("POST /v1/missions/{id}/complete", nil),
        ("POST /v1/missions/{id}/fail", nil), ("DELETE /v1/missions/{id}", nil),
    ]

    @Test func `every tool of Tinytown has its operation`() {
        #expect(Self.tools.count == 42 && Set(Self.tools.map(\.name)).count == 42)
        for (tool, instead) in Self.tools {
            guard let instead else {
                #expect(tool.hasPrefix("mission."), "\(tool)")
                continue
            }
            let found = Catalogue.operation(named: tool)?.spec.name
            #expect(found == (Self.calls[tool] == nil ? instead : nil), "\(tool)")
            #expect(Catalogue.operation(named: instead) != nil, "\(tool)")
        }
    }

    @Test func `every route of Tinytown has its operation`() {
        for (route, operation) in Self.routes {
            guard let operation else {
                #expect(route.contains("/missions/"), "\(route)")
                continue
            }
            #expect(Catalogue.operation(named: operation)?.spec.route != nil, "\(route)")
        }
    }
}
