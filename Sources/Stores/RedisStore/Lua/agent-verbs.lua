-- The verbs on agents and hosts.

-- Arguments: limit, agent, now.
function V.register()
  local limit, agent, now = int(), record(), int()
  if agentOf(agent.id) then return end
  if not ended[agent.state] then A.checkPlace(agent, limit) end
  if agent.parent_agent_id and agent.parent_agent_id ~= SUPERVISOR then requireAgent(agent.parent_agent_id) end
  meta().maxAgents = whole(limit)
  A.insert(agent)
  happened('agentSpawned', {agent = agent.name, role = agent.role_id, cli = agent.cli}, now,
    {agent = agent.id, new = agent.state})
end
local change = {}
function change.interrupt(agent, now)
  local why, tells, old = opt(), flag(), agent.state
  A.signal(agent, 'interrupted')
  A.settleWaiting(agent, now)
  if why then agent.attention = why end
  if old == 'paused' then return end
  if tells then A.tellOfPause(agent, now) end
  happened('agentInterrupted', {agent = agent.name, reason = why}, now,
    {agent = agent.id, old = old, new = agent.state})
end
function change.resume(agent, now)
  local old = agent.state
  A.signal(agent, 'resumed')
  M.settle('needs:agent:' .. agent.id, now)
  A.settleWaiting(agent, now)
  if agent.stop_request then A.signal(agent, 'askedToDrain') end
  if leaseOf(agent.id) then A.signal(agent, 'turnStarted') end
  agent.attention, agent.retry_at, agent.failures = nil, nil, nil
  A.touch(agent, now)
  happened('agentResumed', {agent = agent.name}, now, {agent = agent.id, old = old, new = agent.state})
end
local stopWords = {when_empty = 'agentStopsWhenEmpty', after_turn = 'agentStopsAfterTurn', now = 'agentStopsNow'}
local function askToStop(agent, request, now)
  if agent.state == 'stopped' then return end
  local asked = stronger(agent.stop_request, request)
  local hasWork = M.hasWork(agent.id, now)
  if not leaseOf(agent.id) and (ended[agent.state] or stops(asked, hasWork)) then
    return A.stop(agent, 'agentStopped', 'on request', now)
  end
  local old = agent.state
  A.signal(agent, 'askedToDrain')
  if agent.stop_request == asked and agent.state == old then return end
  agent.stop_request = asked
  happened(stopWords[asked], {agent = agent.name}, now,
    {agent = agent.id, old = old, new = agent.state})
end
function change.stop(agent, now)
  M.settle('needs:agent:' .. agent.id, now)
  A.settleWaiting(agent, now)
  askToStop(agent, arg(), now)
  -- Tinytown's own loops look at this key.
  defer('SET', 'stop:' .. agent.id, '1', 'EX', 3600)
end
function change.retire(agent, now)
  local why = arg()
  local expects = not agent.stop_request and A.expectsWork(agent.id)
  if not mayRetire(agent, leaseOf(agent.id) ~= nil, M.hasWork(agent.id, now) or expects) then return end
  if agent.stop_request then return A.stop(agent, 'agentStopped', why, now) end
  if not outOfRounds(agent) then
    local old = agent.state
    A.signal(agent, 'fellAsleep')
    return happened('agentSlept', {agent = agent.name, reason = why}, now,
      {agent = agent.id, old = old, new = agent.state})
  end
  if num(agent.failures) > 0 then
    A.giveUp(agent, why, now)
  else
    A.stop(agent, 'agentCompleted', why, now)
    agent.attention = A.usedUp(agent)
  end
  if M.hasWork(agent.id, now) then A.tellOfMail(agent, now) end
end
function change.restart(agent, now)
  local rounds, old = opt(), agent.state
  A.requireStaying(agent.id)
  A.signal(agent, 'restarted')
  A.checkPlace(agent, tonumber(meta().maxAgents or nil))
  M.settle('needs:agent:' .. agent.id, now)
  A.settleWaiting(agent, now)
  agent.max_rounds = rounds or agent.max_rounds
  agent.rounds_since_start, agent.failures, agent.stop_request = nil, nil, nil
  agent.retry_at, agent.attention = nil, nil
  A.touch(agent, now); A.beat(agent, now)
  defer('DEL', 'stop:' .. agent.id)
  happened('agentRestarted', {agent = agent.name}, now, {agent = agent.id, old = old, new = agent.state})
end
function change.pin(agent) agent.pinned_to = opt() end
function change.attention(agent, now)
  local text, tells, old = opt(), flag(), agent.attention
  if not text then A.settleWaiting(agent, now) end
  agent.attention = text
  if text and text ~= old then
    happened('agentAttention', {agent = agent.name, reason = text}, now, {agent = agent.id})
  end
  if tells then A.tellOfWaiting(agent, now) end
end
function change.cli(agent)
  agent.cli = arg()
  if agent.session_harness ~= agent.cli then setSession(agent, nil) end
  agent.retry_at, agent.failures = nil, nil
end
-- Arguments: agent, now, kind, its value. Reply: the agent.
function V.change()
  local id, now, kind = arg(), int(), arg()
  local agent = requireAgent(id)
  change[kind](agent, now)
  return said(agent)
end
-- Looks for agents and tasks that another program added: at the whole of a small server, and at the next two
-- thousand keys of a large one, so that each is found in time and no call takes long.
local function discover()
  local isLarge = redis.call('DBSIZE') > 2000
  local cursor, passed = isLarge and redis.call('HGET', P .. 'meta', 'scan') or '0', 0
  repeat
    local reply = redis.call('SCAN', cursor, 'MATCH', P .. '[at][ga][es][nk]*', 'COUNT', 1000)
    cursor, passed = reply[1], passed + 1000
    for _, key in ipairs(reply[2]) do
      local kind, id = key:sub(#P + 1):match('^(%a+):([%x-]+)$')
      if id and uuid(id) == id and (kind == 'agent' or kind == 'task')
        and not redis.call('ZSCORE', P .. kind .. 's', id) and redis.call('TYPE', key).ok == 'hash' then
        if kind == 'agent' then agentOf(id) else T.get(id) end
      end
    end
  until cursor == '0' or passed >= 2000
  -- Where nothing may be written, it begins at the same place the next time.
  if isLarge then redis.pcall('HSET', P .. 'meta', 'scan', cursor) end
end
function V.agents()
  local replies = {}
  discover()
  for _, id in ipairs(zall('agents')) do
    local agent = agentOf(id)
    if agent then
      -- Another program may have brought it back.
      if not ended[agent.state] and not call('ZSCORE', P .. 'live', id) then
        zadd('live', agent.ordinal, id)
      end
      replies[#replies + 1] = said(agent)
    end
  end
  return replies
end
function V.agent()
  local agent = agentOf(arg())
  return agent and said(agent) or false
end
-- Arguments: now. Reply: per live agent itself, has work, expects work, lease or nothing.
function V.pulse()
  local now, replies = int(), {}
  for _, agent in ipairs(A.live()) do
    -- A stop that another program asked for.
    if not agent.stop_request and call('EXISTS', P .. 'stop:' .. agent.id) == 1 then
      askToStop(agent, 'after_turn', now)
    end
    if not ended[agent.state] then
      replies[#replies + 1] = {said(agent), M.hasWork(agent.id, now) and '1' or '0',
        A.expectsWork(agent.id) and '1' or '0', leaseOf(agent.id) and A.leaseReply(agent.id) or false}
    end
  end
  return replies
end
-- Arguments: host as record, its words for the log, now. Reply: '1' where it is new. A renewal rings where the
-- host can run more or less than before.
function V.announce()
  local host, text, now = record(), arg(), int()
  local old = load('host:', host.id)
  host.ordinal = old and old.ordinal or whole(nextNumber('ordinal'))
  store('host:', host.id, host)
  if old then quiet = old.lacks == host.lacks; return '0' end
  zadd('hosts', host.ordinal, host.id)
  log('host_started', text, now)
  return '1'
end
-- Arguments: host, died, now.
function V.retire()
  local id, died, now = arg(), flag(), int()
  local host = load('host:', id)
  if not host then return end
  for _, aid in ipairs(zall('leases')) do
    local lease = leaseOf(aid)
    if lease and lease.host == id then
      fail('illegal_move', 'the host still holds the lease of ' .. nameOf(aid) .. '; release it first')
    end
  end
  store('host:', id, nil)
  zrem('hosts', id)
  -- Ended agents keep their pin until somebody restarts them, so they are freed as well.
  for _, aid in ipairs(zall('agents')) do
    local agent = agentOf(aid)
    if agent and agent.pinned_to == id then agent.pinned_to = nil end
  end
  local pid = (host.process or ''):match('^%d+') or '0'
  happened(died and 'hostDied' or 'hostStopped', {process = pid}, now)
end
function V.hosts()
  local replies = {}
  for _, id in ipairs(zall('hosts')) do
    local host = load('host:', id)
    if host then replies[#replies + 1] = said(host) end
  end
  return replies
end
