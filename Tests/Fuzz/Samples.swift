/// What readers usually read; inputs are made of these.
enum Samples {
    static func bytes(_ texts: [String]) -> [[UInt8]] { texts.map { Array($0.utf8) } }

    static let id = "0b8d1c1e-97a7-4d02-8a94-4a5f7c5b6d11"
    private static let other = "1b8d1c1e-97a7-4d02-8a94-4a5f7c5b6d12"
    private static let time = "2026-03-09T20:03:14.000000Z"

    static let toml = bytes([
        """
        name = "town"
        default_cli = "a"
        max_agents = 10
        [agent]
        idle_timeout_secs = 300
        turn_timeout = "60m"
        max_attempts = 5
        max_host_deaths = 5
        first_delay_secs = 0.5
        [limits]
        lease_secs = 30
        max_hops = 20
        [redis]
        url = "redis://user:secret@127.0.0.1:6379/0"
        port = 6379
        [agent_clis.a]
        command = "sh -c 'true'"
        env = { A = "b" }
        """,
        """
        [meta]
        description = "Plan"
        default_agent = "dev"
        [[tasks]]
        id = "a"
        description = '''Long
        text'''
        status = "pending"
        tags = ["x", "group"]
        depends_on = ["b"]
        [[tasks]]
        id = "b"
        description = "B"
        parent = "a"
        due = 1979-05-27T07:32:00.999999-07:00
        number = 0xdead_beef
        """,
    ])

    static let snapshot = bytes([
        #"{"max_agents":10}"#,
        #"{"agent":{"agent_type":"worker","cli":"claude","consecutive_failures":1,"created_at":"\#(time)","host_deaths":1,"id":"\#(id)","last_active_at":"\#(time)","last_heartbeat":"\#(time)","max_rounds":10,"name":"worker","retry_at":"\#(time)","role_id":"backend","rounds_completed":1,"rounds_since_start":1,"session":{"cached_input_tokens":1,"cost_usd":0.5,"harness":"claude","id":"s","input_tokens":5,"output_tokens":6},"state":"idle","tasks_completed":0}}"#,
        #"{"task":{"assigned_to":"\#(id)","created_at":"\#(time)","created_by":"\#(id)","depends_on":["\#(other)"],"description":"d","id":"\#(other)","parent_id":"\#(id)","reminders":1,"state":"running","tags":["t"],"updated_at":"\#(time)"}}"#,
        #"{"message":{"attempts":1,"changed_at":"\#(time)","deliveries":2,"host_deaths":3,"message":{"attachments":["/a"],"author":{"channel":"c","id":"i","name":"n"},"correlation_id":null,"created_at":"\#(time)","description":"d","from":"\#(id)","hops":3,"id":"\#(other)","priority":"high","to":"\#(id)","type":"task"},"sequence":7,"state":"queued"}}"#,
        #"{"kept":{"key":"mission:a:work","kind":"field","name_hex":"00ff","value":"v"}}"#,
        #"{"event":{"agent_id":"\#(id)","event_type":"turn_started","message":"m","new_state":"working","old_state":"idle","sequence":9,"timestamp":"\#(time)"}}"#,
    ])

    static let transcripts = bytes([
        #"{"type":"system","subtype":"init","session_id":"s","mcp_servers":[{"name":"m","status":"failed"}]}"#,
        #"{"type":"system","subtype":"api_retry","attempt":1,"max_retries":10,"error":"rate_limit","error_status":429,"retry_delay_ms":1000}"#,
        #"{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1800000000}}"#,
        #"{"type":"result","is_error":true,"result":"429 Too Many Requests: retry after 20","api_error_status":429,"session_id":"s"}"#,
        #"{"type":"result","is_error":false,"result":"ok","session_id":"s","total_cost_usd":1.5,"modelUsage":{"a":{"inputTokens":1,"outputTokens":2,"cacheReadInputTokens":3,"cacheCreationInputTokens":4,"costUSD":0.5},"b":{"inputTokens":9}},"model_usage_since_last_result":{"a":{"inputTokens":7}}}"#,
        #"{"type":"turn.completed","usage":{"input_tokens":1,"output_tokens":2,"cached_input_tokens":3,"cache_write_input_tokens":2}}"#,
        #"{"type":"turn.failed","error":{"message":"unexpected status 429: try again in 1.5s"}}"#,
        #"{"type":"item.completed","item":{"type":"command_execution","command":"ls","exit_code":1,"status":"failed"}}"#,
        #"{"type":"step_finish","sessionID":"s","part":{"tokens":{"input":5,"output":2,"reasoning":1,"cache":{"read":3,"write":1}},"cost":0.25}}"#,
        #"{"type":"done","sessionID":"s","rejected":[{"permission":"bash"}]}"#,
        #"{"type":"assistant.message","data":{"content":"a","outputTokens":7}}"#,
        #"{"type":"result","sessionId":"s","exitCode":0,"status":"success","stats":{"input_tokens":1,"output_tokens":2,"cached":3}}"#,
        #"{"type":"tool_call","subtype":"started","call_id":"c","tool_call":{"shell":{"args":{"a":[1,2.5,true,null]}}}}"#,
        "Tokens: 10k sent, 3k cache hit, 1.2k received. Cost: $0.01 message, $0.02 session.",
        "Tokens: 1,234 sent, 1.2M received.", "litellm.RateLimitError: retry after 20 minutes",
        "Error: quota exceeded, try again in 99999 days", "plain text",
    ])

    static let replies = bytes([
        "*2\r\n$2\r\nok\r\n*3\r\n:1\r\n$-1\r\n$3\r\nabc\r\n", "+OK\r\n", "-ERR wrong\r\n", ":42\r\n", "*0\r\n",
        resp([
            "id", id, "name", "worker", "cli", "claude", "state", "idle", "created_at", time, "rounds_completed", "3",
            "max_rounds", "10", "failures", "2", "host_deaths", "1", "retry_at", time, "session_id", "s",
            "session_harness", "claude", "session_input", "5", "session_cost", "0.5", "description", "d", "tags",
            "[\"a\"]", "depends_on", other, "reminders", "1", "seq", "7", "attempts", "1", "deliveries", "2", "hops",
            "1",
            "type", "turn_started", "at", "1800000000000000", "sequence", "9", "started", "1800000000000000", "expires",
            "1800000000000000", "epoch", "4", "agent", id, "turn", id, "host", id, "process", "12:34",
        ]),
        resp([
            #"{"id":"\#(id)","seq":"7","state":"queued","changed":"1800000000000000","type":"task","attempts":"1","hops":"2","deaths":"3"}"#,
            #"{"id":"\#(id)","from":"\#(id)","to":"\#(other)","type":"task","description":"d","priority":"high","created_at":"\#(time)","hops":3,"correlation_id":null}"#,
        ]),
    ])

    private static func resp(_ texts: [String]) -> String {
        "*\(texts.count)\r\n" + texts.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
    }

    static let texts = bytes([
        time, "2026-03-09T20:03:14+05:30", id, "urn:uuid:\(id)", "{\(id)}", "90", "5m", "1.5h", "2d",
        "redis://user:p%40ss@[::1]:6379/3?db=1", "unix:///run/redis.sock?db=2", "rediss://example.org", "7.2.4-rc1",
        "12:34567",
    ])
}
