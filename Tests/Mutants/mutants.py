"""Small mistakes, each of which a test has to notice: a file, what stands there, what takes its place, and the tests that
are run. Run by scripts/mutate before something is moved or rewritten."""

ENGINE = "Sources/Engine/Turns/TurnRunner.swift"
ENDING = "Sources/Engine/Turns/TurnRunner+Ending.swift"
VERBS = "Sources/Stores/StoreVerbs"
LUA = "Sources/Stores/RedisStore/Lua"
QUEUE = "Sources/Stores/SQLiteStore/WriteQueue.swift"
FAILURE = "Sources/Model/Turns/Failure.swift"

MUTANTS = [
    # The failure policy
    ("a missing key does not pause", FAILURE, "case .authentication, .configuration: return paused()",
     "case .authentication, .configuration: return waits(until: backOff)", "FailurePolicy"),
    ("a used-up plan counts", FAILURE, "return waits(until: resetAt.map { max($0, backOff) } ?? now + min(hours, Self.longestGuess))",
     "var v = waits(until: resetAt.map { max($0, backOff) } ?? now + min(hours, Self.longestGuess)); v.countsAttempt = true; return v",
     "FailurePolicy"),
    ("no jitter", FAILURE, "base * (0.8 + 0.4 * jitter)", "base * (1 + 0 * jitter)", "FailurePolicy"),
    ("a full context keeps its session", FAILURE,
     "retryAt: failures > 1 ? backOff : nil, pause: nil, countsAttempt: true, dropsSession: true)",
     "retryAt: failures > 1 ? backOff : nil, pause: nil, countsAttempt: true, dropsSession: false)", "FailurePolicy"),
    # State machines
    ("a paused agent stays paused when it is asked to drain", "Sources/Model/Agents/AgentState.swift",
     "case (.askedToDrain, .starting), (.askedToDrain, .idle), (.askedToDrain, .working), (.askedToDrain, .paused),",
     "case (.askedToDrain, .paused): .paused\n        case (.askedToDrain, .starting), (.askedToDrain, .idle), (.askedToDrain, .working),",
     "AgentStateMachine"),
    # The turn
    ("renewal ten times too rare", ENGINE, "let usual = tools.settings.leaseDuration / 3",
     "let usual = tools.settings.leaseDuration * 3", "TurnRunner"),
    ("a lost lease does not end the harness", ENGINE, "if error.code == .leaseLost { return }", "", "TurnRunner"),
    ("a turn without a lease commits", ENGINE, "        if lost {\n", "        if lost, false {\n", "TurnRunner"),
    ("no sooner renewal after an error", ENGINE, "pause = usual / 10", "pause = usual", "TurnRunner"),
    ("an unknown answer is a lost lease", ENDING, "case .unknownOutcome: doubtful = true",
     "case .unknownOutcome:\n                    doubtful = true\n                    if commit.token.epoch > 0 { return .leaseLost }", "TurnRunner"),
    ("the log is not asked", ENDING, "guard doubtful, let agent = await committed(commit.token) else { return .leaseLost }",
     "guard doubtful, let agent = await committed(commit.token), commit.token.epoch < 0 else { return .leaseLost }", "TurnRunner"),
    ("one busy ends the commit", ENDING, "case .busy, .full, .unavailable: break", "case .full, .unavailable: break",
     "TurnRunner"),
    ("one busy ends the release", ENDING, "if error.code == .closed { return .unsaid(error) }",
     "if error.code == .closed || error.code == .busy { return .unsaid(error) }", "TurnRunner"),
    ("sessions go to any harness", ENGINE, "$0.harness == harness.name ? $0 : nil", "$0", "TurnRunner"),
    # Verbs in Swift and in Lua
    ("a good turn keeps the failures", f"{VERBS}/Verbs+Commit.swift", "agent.consecutiveFailures = 0", "", "TurnConformance"),
    ("a dropped session stays", f"{VERBS}/Verbs+Commit.swift", "agent.session = turn.session ?? (turn.dropsSession ? nil : agent.session)",
     "agent.session = turn.session ?? agent.session", "TurnConformance"),
    ("a note resets totals", f"{VERBS}/Verbs+Lease.swift",
     "if let known = agent.session, known.id == session.id, known.harness == session.harness { return }", "", "TurnConformance"),
    ("two leases of one agent", f"{VERBS}/Verbs+Lease.swift", "try rows.lease(of: agent.id) == nil, try rows.hasWork(agent.id)",
     "try rows.hasWork(agent.id)", "TurnConformance"),
    ("a failed need counts as completed", f"{VERBS}/Verbs+Dependencies.swift",
     "for need in try needs(of: task) where try rows.task(need)?.state != .completed { return true }",
     "for need in try needs(of: task) where try rows.task(need)?.state.isTerminal != true { return true }", "DependencyConformance"),
    ("a failed need counts as completed in Lua", f"{LUA}/dependencies.lua",
     "if not other or other.state ~= 'completed' then return true end",
     "if not other or (other.state ~= 'completed' and other.state ~= 'failed') then return true end", "DependencyConformance"),
    ("Lua refuses in other words", f"{LUA}/sending.lua", "'there is no agent ' .. m.to", "m.to", "StoreWalk"),
    ("a group is assigned in Lua", f"{LUA}/tasks.lua", "(move == 'assign' or move == 'requeue')", "move == 'requeue'", "ModelInLua"),
    ("a task of nobody is released to somebody in Lua", f"{LUA}/tasks.lua", "t.state, t.in_backlog = old.state, ", "t.in_backlog = ",
     "ModelInLua"),
    ("a custom message wakes by its type", "Sources/Stores/RedisStore/Scripts/ModelTable.swift",
     'bodies.filter { $0.wakes && $0.type != "custom" }', "bodies.filter(\\.wakes)", "ModelInLua"),
    # The disk
    ("nothing is synced", QUEUE, "guard syncs, rows.isSyncing != needed else { return }",
     "guard syncs, rows.isSyncing != needed, rows.db.totalChanges < 0 else { return }", "DurabilityTests"),
    ("a group syncs if its first verb does", QUEUE, "setSync(batch.contains { $0.needsSync }, rows)", "setSync(batch[0].needsSync, rows)",
     "DurabilityTests"),
    ("no shared transactions", QUEUE, "if batch.count > 1, runTogether(batch, rows) { return }", "", "DurabilityTests"),
    ("a refused verb keeps what it wrote", QUEUE, "try rows.db.rollbackSavepoint()", "try rows.db.releaseSavepoint()",
     "DurabilityTests"),
    ("a failed sync is no unknown outcome", QUEUE,
     "if error.code == .ioError { return StoreError(.unknownOutcome, error.message) }", "", "DurabilityTests"),
    # Prompts and screens
    ("a long message is cut", "Sources/Engine/Prompts/PromptBuilder.swift", "guard text.utf8.count <= context.longMessage else {",
     "let text = String(text.prefix(1000))\n        guard text.utf8.count <= context.longMessage else {", "PromptTests"),
    ("priority is not said", "Sources/Engine/Prompts/PromptBuilder.swift", "if message.priority != .normal {", "if message.priority == .low {",
     "PromptTests"),
    # Processes
    ("a killed process counts as running", "Sources/Support/Processes/ProcessIdentity.swift", "&& !row.hasEnded && !row.isLeaving",
     "&& !row.hasEnded", "ProcessIdentityTests"),
    # What the simulator found when it compared the stores
    ("a message that waits no more ends the agent's wait while others are still leased", f"{VERBS}/Verbs+Retry.swift",
     "if ending?.agent != old.message.to { try settleMail(of: old.message.to, now: now) }",
     "try settleMail(of: old.message.to, now: now)", "NeedsConformance"),
    ("a host's death counts for what is settled", f"{LUA}/turn-verbs.lua", "if died and not isMoot then", "if died then",
     "TurnConformance"),
    ("a turn takes less than no time", "Sources/Model/Turns/TurnCommit.swift", "max(.zero, duration)", "duration",
     "TurnConformance"),
    # Followers and holders of leases; see also Tests/Torment
    ("a follower does not look at how far others came", "Sources/Engine/Documents/Follower.swift",
     "place, expects: cursor.map { .content($0.content) } ?? .absent,", "place, expects: .anything,", "FollowerConformance"),
    ("a lease is taken before it has run out", "Sources/Engine/Documents/ServiceLease.swift", "dueAt > now {",
     "dueAt > now + .seconds(3600) {", "FollowerConformance|ServiceLease"),
]
