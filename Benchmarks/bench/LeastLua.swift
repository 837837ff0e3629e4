import Hosting
import Model
import Redis

/// A minimal Lua for a message's life that still keeps what the store keeps: the message's
/// record, text and number, its inbox, the lease, the agent's times, the log, and a word to those who listen. It checks
/// nothing, undoes nothing and knows neither tasks nor foreign producers. It tells what the rest of a verb costs.
struct LeastLua: Sendable {
    let client: RedisClient
    private let agents: [String]
    private let host = HostID(random: SystemRandomness()).description
    private let prefix = "tt:least:"

    init(_ client: RedisClient, agents: Int) {
        self.client = client
        self.agents = (0..<agents).map { _ in AgentID(random: SystemRandomness()).description }
    }

    /// Writes the agents.
    func prepare() async throws {
        for agent in agents {
            try await client.send([
                "HSET", prefix + "agent:" + agent, "id", agent, "name", "worker", "name_key", "worker", "state", "idle",
                "cli", "true", "created_at", Self.time, "last_active_at", Self.time, "last_heartbeat", Self.time,
                "agent_type", "worker", "max_rounds", "0", "rounds_completed", "0", "tasks_completed", "0",
            ])
        }
    }

    /// One message's life, in three calls.
    func cycle(_ index: Int) async throws {
        let agent = agents[index]
        let (message, turn) = (MessageID(random: SystemRandomness()), TurnID(random: SystemRandomness()))
        let now = String(SystemTime().now().microseconds)
        let text = """
            {"id":"\(message)","from":"\(AgentID.supervisor)","to":"\(agent)","type":"task","description":\
            "\(Subject.text)","priority":"normal","created_at":"\(Self.time)","correlation_id":null}
            """
        try await call("send", [agent, now, message.description, text, AgentID.supervisor.description])
        let lease = try await call("lease", [agent, now, turn.description, host, Self.time])
        guard lease.array?.count == 3 else { throw BenchError("nothing to lease") }
        try await call("commit", [agent, now, turn.description, host, Self.time])
    }

    @discardableResult
    private func call(_ verb: String, _ arguments: [String]) async throws -> RedisValue {
        try await client.call(Self.library, otherwise: Self.script, keys: [prefix], arguments: [verb] + arguments)
    }

    private static let time = "2026-01-01T00:00:00.000000+00:00"
    private static let script = RedisScript("return redis.error_reply('this server takes no functions')")
    private static let library = RedisLibrary(
        family: "tinytown_bench",
        body: #"""
            local verbs = {}
            local function say(P, agent, now, kind, text)
              redis.call('XADD', P .. 'log', '*', 'type', kind, 'message', text, 'at', now, 'agent', agent)
              redis.call('PUBLISH', P .. 'changes', '')
            end
            function verbs.send(P, agent, now, id, text, from)
              local call = redis.call
              local n = call('HINCRBY', P .. 'meta', 'message', 1)
              call('HSET', P .. 'message:' .. id, 'from', from, 'to', agent, 'type', 'task', 'lane', '1', 'wakes', '1',
                'seq', n, 'state', 'queued', 'changed', now)
              call('HINCRBY', P .. 'box:' .. agent, 'waiting', 1)
              call('ZADD', P .. 'messages', n, id)
              call('RPUSH', P .. 'inbox:' .. agent, text)
              call('SET', P .. 'body:' .. id, text)
              say(P, agent, now, 'message_sent', 'supervisor to worker: task')
              return id
            end
            function verbs.lease(P, agent, now, turn, host, time)
              local call = redis.call
              local record = call('HGETALL', P .. 'agent:' .. agent)
              if call('EXISTS', P .. 'lease:' .. agent) == 1 then return false end
              local text = call('LPOP', P .. 'inbox:' .. agent)
              if not text then return false end
              local id = text:sub(8, 43)
              local message = call('HGETALL', P .. 'message:' .. id)
              call('HSET', P .. 'message:' .. id, 'state', 'leased', 'changed', now, 'deliveries', '1')
              call('HINCRBY', P .. 'box:' .. agent, 'waiting', -1)
              call('HSET', P .. 'lease:' .. agent, 'turn', turn, 'host', host, 'started', now, 'messages', id)
              call('ZADD', P .. 'leases', 0, agent)
              call('HSET', P .. 'agent:' .. agent, 'state', 'working', 'last_active_at', time, 'last_heartbeat', time)
              say(P, agent, now, 'turn_started', 'worker begins a round with 1 message')
              return {record, message, text}
            end
            function verbs.commit(P, agent, now, turn, host, time)
              local call = redis.call
              local lease = call('HMGET', P .. 'lease:' .. agent, 'turn', 'host', 'messages')
              if lease[1] ~= turn or lease[2] ~= host then return redis.error_reply('LOST') end
              call('HSET', P .. 'message:' .. lease[3], 'state', 'done', 'changed', now)
              call('ZADD', P .. 'done', now, lease[3])
              call('DEL', P .. 'lease:' .. agent)
              call('ZREM', P .. 'leases', agent)
              call('HINCRBY', P .. 'agent:' .. agent, 'rounds_completed', 1)
              call('HSET', P .. 'agent:' .. agent, 'state', 'idle', 'last_active_at', time, 'last_heartbeat', time)
              say(P, agent, now, 'turn_finished', 'worker finished a round')
              return call('HGETALL', P .. 'agent:' .. agent)
            end
            local function serve(keys, a) return verbs[a[1]](keys[1], a[2], a[3], a[4], a[5], a[6]) end
            """#, entry: "serve")
}
