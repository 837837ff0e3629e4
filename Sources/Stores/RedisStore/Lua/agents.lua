-- Agents, their leases and hosts, and the moves of their state machine.

local A = {}
local function noAgent(id)
  fail('agent_not_found', id == SUPERVISOR and 'the supervisor is a mailbox, not an agent'
    or 'there is no agent ' .. id)
end
local ended = MODEL.agentEnded
agentOf = function(id)
  local agent = load('agent:', id)
  -- Its removal has begun, and goes on though another program brought it back.
  if agent and agent.removing and not ended[agent.state] then agent.state = 'stopped' end
  if not agent or agent.ordinal then return agent end
  if not agent.id or not agent.name then return nil end
  A.takeIn(agent)
  return agent
end
local function requireAgent(id)
  local agent = agentOf(id)
  if not agent then noAgent(id) end
  return agent
end
nameOf = function(id)
  if id == SUPERVISOR then return 'supervisor' end
  return peek('agent:', id, 'name') or short(id)
end
local function writeLease(lease)
  return '{"agent":"' .. lease.agent .. '","epoch":"' .. lease.epoch .. '","turn":"' .. lease.turn .. '","host":"'
    .. lease.host .. '","started":"' .. lease.started .. '","expires":"' .. lease.expires .. '","hops":"' .. lease.hops
    .. (lease.conv and '","conv":"' .. lease.conv or '') .. (lease.proof and '","proof":"' .. lease.proof or '')
    .. '","messages":"' .. lease.messages .. '"}'
end
leaseOf = function(id) return loadText('lease:', id, writeLease) end
local function requireLease(token)
  local lease = leaseOf(token.agent)
  if not lease or lease.epoch ~= token.epoch or lease.turn ~= token.turn or lease.host ~= token.host then
    fail('lease_lost', 'turn ' .. short(token.turn) .. ' no longer holds the lease of its agent')
  end
  return lease
end
local function readToken() return {agent = arg(), epoch = arg(), turn = arg(), host = arg()} end

local moves = MODEL.agentMoves  -- the state after a signal, by the state before it
local function stronger(a, b)
  return (not a or MODEL.stopRequests[b] > MODEL.stopRequests[a]) and b or a
end
function A.signal(agent, signal)
  local state = moves[signal][agent.state]
  if not state then
    fail('illegal_move', agent.name .. ' is ' .. agent.state .. ': ' .. signal .. ' is not possible while '
      .. agent.state)
  end
  A.setState(agent, state)
end
function A.setState(agent, state)
  local was = ended[agent.state] or false
  agent.state = state
  local is = ended[state] or false
  if was ~= is then
    if is then zrem('live', agent.id, agent.ordinal) else zadd('live', agent.ordinal, agent.id) end
  end
end
function A.touch(agent, now) agent.last_active_at = rfc(now, '+00:00') end
function A.beat(agent, now) agent.last_heartbeat = rfc(now, '+00:00') end
local function outOfRounds(agent)
  return num(agent.max_rounds) > 0 and num(agent.rounds_since_start) >= num(agent.max_rounds)
end
local function backsOff(agent, now)
  local retry = agent.retry_at and micros(agent.retry_at)
  return retry ~= nil and retry > now and now >= (micros(agent.last_active_at) or 0)
end
local function canTakeTurns(agent) return MODEL.takesTurns[agent.state] or false end
local function stops(request, hasWork)
  if not request then return false end
  return request ~= 'when_empty' or not hasWork
end
local function mayLease(agent, host, now)
  if not canTakeTurns(agent) or outOfRounds(agent) then return false end
  if agent.stop_request and agent.stop_request ~= 'when_empty' then return false end
  if backsOff(agent, now) then return false end
  return not agent.pinned_to or agent.pinned_to == host
end
local function mayOffer(agent, isLeased, hasWork, now)
  return (agent.agent_type or 'worker') == 'worker'
    and (agent.state == 'idle' or agent.state == 'starting' or agent.state == 'cold') and not agent.stop_request
    and not outOfRounds(agent) and not isLeased and not hasWork and not backsOff(agent, now)
end
local function mayRetire(agent, isLeased, hasWork)
  if ended[agent.state] or isLeased then return false end
  if agent.state == 'cold' and not agent.stop_request then return false end
  if agent.stop_request and agent.stop_request ~= 'when_empty' then return true end
  if agent.state == 'paused' then return agent.stop_request ~= nil and not hasWork end
  return outOfRounds(agent) or not hasWork
end
function A.stop(agent, sentence, why, now)
  local old = agent.state
  A.signal(agent, 'stopped')
  A.settleWaiting(agent, now)
  agent.stop_request, agent.retry_at = nil, nil
  happened(sentence, {agent = agent.name, reason = why}, now, {agent = agent.id, old = old, new = agent.state})
end
function A.giveUp(agent, why, now)
  local old = agent.state
  A.signal(agent, 'failed')
  A.settleWaiting(agent, now)
  local what = MODEL.notice('turnsFailed', {reason = why, one = agent.failures == '1', number = agent.failures or '0'})
  agent.attention, agent.retry_at = MODEL.notice('restartable', {agent = agent.name, reason = what}), nil
  happened('agentFailed', {agent = agent.name, reason = what}, now,
    {agent = agent.id, old = old, new = agent.state})
end
-- Why nothing that waits for an agent is read, and the command that lets it go on.
function A.standstill(agent)
  if agent.state == 'paused' then
    return MODEL.notice('isPaused', {reason = agent.attention}), 'tt resume ' .. agent.name
  elseif agent.state == 'stopped' and outOfRounds(agent) then
    return MODEL.notice('isUsedUp', {count = agent.max_rounds}), 'tt restart ' .. agent.name
  elseif ended[agent.state] then
    return MODEL.notice(agent.state == 'error' and 'hasFailed' or 'wasStopped', {}), 'tt restart ' .. agent.name
  end
end
function A.tellOfPause(agent, now)
  M.tellPerson('needs:agent:' .. agent.id,
    MODEL.notice('agentPaused', {agent = agent.name, reason = agent.attention}), now)
end
-- It will go on by itself.
function A.tellOfWaiting(agent, now)
  if not agent.attention or agent.state == 'paused' or ended[agent.state] then return end
  -- Its next turn may have begun by now; if that goes well, it takes the message away.
  if not leaseOf(agent.id) and not M.hasWork(agent.id, now) then return end
  M.tellPerson('needs:waiting:' .. agent.id,
    MODEL.notice('agentWaits', {agent = agent.name, reason = agent.attention}), now)
end
function A.tellOfMail(agent, now)
  local why, command = A.standstill(agent)
  if not why then return end
  M.tellPerson('needs:agent:' .. agent.id,
    MODEL.notice('mailWaits', {agent = agent.name, reason = why, command = command}), now)
end
-- Somebody wrote to an agent that may have ended. A person who does so is told at once.
function M.noteMail(m, now)
  if m.from == SUPERVISOR or m.to == SUPERVISOR or not m.wakes then return end
  if ended[peek('agent:', m.to, 'state')] then A.tellOfMail(agentOf(m.to), now) end
end
-- An agent does not wait by itself any longer. To be called while its record still says why it did.
function A.settleWaiting(agent, now)
  if agent.attention then M.settle('needs:waiting:' .. agent.id, now) end
end
-- Mail has left an inbox. An agent that has ended or waits by itself, and for which none waits any more, needs nobody.
function M.settleMail(aid, now)
  if aid == SUPERVISOR then return end
  local isOver = ended[peek('agent:', aid, 'state')]
  if not isOver and not peek('agent:', aid, 'attention') or M.hasWork(aid, now) then return end
  if isOver then M.settle('needs:agent:' .. aid, now) end
  A.settleWaiting(agentOf(aid), now)
end
-- What a person reads of an agent that has taken all the turns that it may take.
function A.usedUp(agent)
  return MODEL.notice('usedUp', {agent = agent.name, one = num(agent.max_rounds) == 1, number = agent.max_rounds})
end
function A.live()
  local found = {}
  for _, id in ipairs(zall('live')) do
    local agent = agentOf(id)
    -- Another program may have ended it.
    if agent and not ended[agent.state] then found[#found + 1] = agent else zrem('live', id) end
  end
  return found
end
function A.checkPlace(agent, limit)
  local live = A.live()
  local n = 0
  for _, other in ipairs(live) do
    if other.id ~= agent.id then
      -- Those that sleep keep their names, and take no place.
      if other.state ~= 'cold' then n = n + 1 end
      if (other.name_key or other.name:lower()) == (agent.name_key or agent.name:lower()) then
        fail('name_taken', "there is already an agent named '" .. other.name .. "'")
      end
    end
  end
  if limit and n >= limit then
    fail('too_many_agents', 'the town has ' .. whole(n) .. ' live agents and may have ' .. whole(limit)
      .. '; stop one, or raise max_agents')
  end
end
function A.insert(agent)
  agent.ordinal = whole(nextNumber('ordinal'))
  store('agent:', agent.id, agent)
  zadd('agents', agent.ordinal, agent.id)
  if not ended[agent.state] then zadd('live', agent.ordinal, agent.id) end
end
-- Takes an agent that another program wrote into our indexes. No turn of ours runs, so it does not work.
function A.takeIn(agent)
  if agent.state == 'working' then agent.state = 'idle' end
  if not moves.stopped[agent.state] and agent.state ~= 'error' then agent.state = 'starting' end
  A.insert(agent)
end
function A.expectsWork(id) return call('ZCARD', P .. 'held:' .. id) > 0 end
function A.requireEnded(agent)
  if not ended[agent.state] or leaseOf(agent.id) then
    fail('illegal_move', agent.name .. ' is ' .. agent.state .. '; stop it first')
  end
end
function A.pruning(agent) return agent.state == 'cold' and 'tt prune --all' or 'tt prune' end
-- An agent that may be given something: not one whose removal has begun.
function A.requireStaying(id)
  local agent = requireAgent(id)
  if agent.removing then
    fail('illegal_move', agent.name .. ' is being removed from the town; end that with: ' .. A.pruning(agent))
  end
  return agent
end
function A.dropLease(id) put('lease:', id, nil); defer('ZREM', 'leases', id) end
function A.leaseReply(id) return writeLease(leaseOf(id)) end
