import Model
import SQLiteStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Works on the store in the folder that it is given until it is killed, and says on standard output what the store
/// has acknowledged: `sent ID` and `done ID`, a line each, written at once.
///
/// If it is given a user as well, it becomes that user, sends one message, says the code of the store's error or `sent`,
/// and ends.
@main struct StoreCrasher {
    static func main() async throws {
        if CommandLine.arguments.count > 2, let user = UInt32(CommandLine.arguments[2]) { return await send(as: user) }
        let store: any Store = try await SQLiteStore.open(folder: CommandLine.arguments[1])
        let random = SystemRandomness()
        let now = Timestamp(microseconds: 1_700_000_000_000_000)
        var agent = Agent(id: AgentID(random: random), name: "worker", cli: "echo", createdAt: now)
        if let known = try await store.agents().first {
            agent = known
        } else {
            agent.maxTurns = 0
            try await store.register(agent, maxAgents: 10)
        }
        let (worker, host) = (agent.id, HostID(random: random))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    while true {
                        let text = String(repeating: "x", count: Int(random.next() % 9000))
                        let message = Message(
                            id: MessageID(random: random), from: .supervisor, to: worker,
                            body: .task(description: text), createdAt: now)
                        _ = try await store.send([message], limits: SendLimits())
                        say("sent \(message.id)\n")
                    }
                }
            }
            group.addTask {
                while true {
                    let request = LeaseRequest(
                        agent: worker, host: host, turn: TurnID(random: random), now: now, maxMessages: 2)
                    guard let lease = try await store.lease(request) else {
                        // Left over from the process that was killed before.
                        for left in try await store.leases() where left.token.host != host {
                            try await store.release(left.token, cause: .hostDied, now: now)
                        }
                        continue
                    }
                    _ = try await store.commit(
                        TurnCommit(
                            token: lease.token, outcome: .finished(reply: ""), duration: .seconds(1), now: now))
                    say(lease.deliveries.map { "done \($0.message.id)\n" }.joined())
                }
            }
            try await group.waitForAll()
        }
    }

    static func send(as user: UInt32) async {
        guard user == getuid() || setgid(user) == 0 && setuid(user) == 0 else { return say("another user\n") }
        do {
            let store: any Store = try await SQLiteStore.open(folder: CommandLine.arguments[1])
            let message = Message(
                id: MessageID(random: SystemRandomness()), from: .supervisor, to: .supervisor,
                body: .task(description: "one"), createdAt: Timestamp(microseconds: 1_700_000_000_000_000))
            _ = try await store.send([message], limits: SendLimits())
            await store.close()
            say("sent\n")
        } catch {
            say("\(error.code)\n")
        }
    }

    /// A line is shorter than what a pipe takes whole.
    static func say(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(1, bytes, bytes.count)
    }
}
