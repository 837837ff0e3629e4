-- The verbs of a turn.

-- Arguments: agent, host, turn, now, expiry, limit, deaths of hosts from which a message goes alone, proof or
-- nothing. Reply: nothing, or lease, agent, deliveries, tasks.
function V.lease()
  local aid, host, turn, now, expires, limit, deaths, proof =
    arg(), arg(), arg(), int(), arg(), int(), int(), opt()
  fetch('box:' .. aid, 'lease:' .. aid)
  local agent = requireAgent(aid)
  local box = M.boxOrNone(aid)
  local isSure = box ~= nil and box.waking > 0
  if not mayLease(agent, host, now) or leaseOf(aid) or not (isSure or M.hasWork(aid, now)) then return false end
  touched[aid] = nil
  local alone, moot, n = false, {}, 0
  local found = M.pull(aid, math.max(1, limit), now, function(id, m)
    if T.isMoot(m) then moot[id] = true; return false end
    if alone then return true end
    if num(m.attempts) >= MODEL.aloneAfter or num(m.deaths) >= deaths then
      if n > 0 then return true end
      alone = true
    end
    n = n + 1
    return false
  end)
  -- What points to a task that has ended is done without a turn.
  local ids = {}
  for _, id in ipairs(found) do
    if moot[id] then M.become(id, 'done', now) else ids[#ids + 1] = id end
  end
  if #ids < #found and M.box(aid).waking == 0 then
    for i = #ids, 1, -1 do M.enlist(M.get(ids[i]), M.bodyOf(ids[i]), true) end
    return false
  end
  if #ids == 0 then
    -- Another program has taken all of it away.
    if isSure and #later == 0 then touched[aid] = nil; M.adopt(aid, now) end
    return false
  end
  agent.epoch = whole(num(agent.epoch) + 1)
  local hops, conv, mentioned, assigned, seen = 0, nil, {}, {}, {}
  for _, id in ipairs(ids) do
    local m = M.become(id, 'leased', now)
    m.deliveries = whole(num(m.deliveries) + 1)
    hops = math.max(hops, num(m.hops))
    conv = conv or m.conv
    if m.task then
      if not seen[m.task] then mentioned[#mentioned + 1] = m.task end
      seen[m.task] = true
      if m.type == 'task_assign' and not seen['a' .. m.task] then
        seen['a' .. m.task] = true
        assigned[#assigned + 1] = m.task
      end
    end
  end
  put('lease:', aid, {agent = aid, epoch = agent.epoch, turn = turn, host = host, started = whole(now),
    expires = expires, hops = whole(hops), conv = conv, proof = proof, messages = table.concat(ids, ' ')})
  defer('ZADD', 'leases', 0, aid)
  local old = agent.state
  A.signal(agent, 'turnStarted')
  A.touch(agent, now); A.beat(agent, now)
  agent.retry_at = nil
  local own = {}
  for _, id in ipairs(assigned) do
    local t = T.get(id)
    if t and not over[t.state] and t.assigned_to == aid then
      if t.state == 'assigned' then
        local was = copy(t)
        t = T.after(was, 'start', nil, now)
        T.update(t, was)
        happened('taskStartedInTurn', {agent = agent.name, title = T.title(t)}, now,
          {agent = aid, task = id, turn = turn, old = was.state, new = t.state})
      end
      own[#own + 1] = t
    end
  end
  if #own == 1 then agent.current_task = own[1].id end
  happened('turnStarted', {agent = agent.name, number = whole(num(agent.rounds_completed) + 1),
    count = whole(#ids)}, now, {agent = aid, task = agent.current_task, turn = turn, old = old, new = agent.state})
  local deliveries, tasks, shown = {}, {}, {}
  for _, id in ipairs(mentioned) do
    local t = T.get(id)
    if t then tasks[#tasks + 1] = said(t); shown[id] = true end
  end
  for _, id in ipairs(T.atHand(aid)) do
    if not shown[id] then tasks[#tasks + 1] = said(T.get(id)) end
  end
  -- From here on nothing is changed any more.
  for i = 1, #ids do deliveries[i] = {textOf('message:', ids[i]), M.bodyOf(ids[i])} end
  return {textOf('lease:', aid), said(agent), deliveries, tasks}
end
-- Arguments: token, expiry, now.
function V.renew()
  local token, expires, now = readToken(), arg(), int()
  requireLease(token).expires = expires
  A.beat(requireAgent(token.agent), now)
end
local sessionFields = {
  'session_id', 'session_harness', 'session_input', 'session_output', 'session_cached',
  'session_cache_write', 'session_cost'}
local function setSession(agent, new)
  for _, k in ipairs(sessionFields) do agent[k] = new and new[k] or nil end
end
-- Arguments: token, session, now.
function V.note()
  local token, new, now = readToken(), record(), int()
  requireLease(token)
  local agent = requireAgent(token.agent)
  if agent.session_id == new.session_id and agent.session_harness == new.session_harness then return end
  setSession(agent, new)
  A.beat(agent, now)
end
-- Writes a message that died, fails the task that it assigned and tells those who have to know.
local function bury(id, owner, why, now)
  local m = M.get(id)
  m.error = why
  M.become(id, 'dead', now)
  local to = nameOf(m.to)
  happened('messageFailed', {kind = m.type, to = to, number = m.attempts or '0', reason = why}, now,
    {agent = m.to, task = m.task, letter = id})
  local failed, told
  local t = m.type == 'task_assign' and T.get(m.task)
  if t and not over[t.state] and t.assigned_to == owner then
    failed = m.task
    told = T.fail(copy(t), MODEL.notice('messageLost', {reason = why}), now)
  else
    M.tellOfDeath(m, id, now)
  end
  if told ~= m.from then
    M.notify(m, id, MODEL.notice('notWorkedOn', {kind = m.type, to = to, reason = why}),
      'death', num(m.seq), now)
  end
  return failed
end
-- Puts messages back to the front of their lists, the last one first.
local function putBack(ids, now)
  for i = #ids, 1, -1 do
    local m = M.become(ids[i], 'queued', now)
    M.enlist(m, M.bodyOf(ids[i]), true)
  end
end
local function settle(agent, now)
  if agent.current_task then
    local t = T.get(agent.current_task)
    if not t or over[t.state] or t.assigned_to ~= agent.id then agent.current_task = nil end
  end
  if agent.attention and not M.hasWork(agent.id, now) then A.settleWaiting(agent, now) end
  if agent.stop_request and stops(agent.stop_request, M.hasWork(agent.id, now)) then
    A.stop(agent, 'agentStopped', 'on request', now)
  elseif not ended[agent.state] then
    A.signal(agent, 'turnEnded')
  end
end
-- Arguments: token, cause as a clause, now, whether the host died, how often it may.
function V.release()
  local token, cause, now, died, most = readToken(), arg(), int(), flag(), int()
  requireLease(token)
  local agent = requireAgent(token.agent)
  happened('turnReleased', {agent = agent.name, reason = cause}, now,
    {agent = agent.id, turn = token.turn})
  local back, worst = {}, 0
  local ids = M.leased(agent.id)
  for _, id in ipairs(ids) do
    local m = M.get(id)
    local isMoot = T.isMoot(m)
    if died and not isMoot then m.deaths = whole(num(m.deaths) + 1) end
    if isMoot then
      M.become(id, 'done', now)
    elseif died and num(m.deaths) >= most then
      bury(id, agent.id, MODEL.notice('hostDeaths', {number = m.deaths}), now)
    elseif num(m.deliveries) >= MODEL.maxDeliveries then
      bury(id, agent.id, MODEL.notice('turnsWithoutEnd', {number = m.deliveries, reason = cause}), now)
    else
      back[#back + 1] = id
      worst = math.max(worst, num(m.deaths))
    end
  end
  putBack(back, now)
  agent.host_deaths = worst > 0 and whole(worst) or nil
  A.dropLease(agent.id)
  A.touch(agent, now)
  settle(agent, now)
end
local function askAgain(id, token, ids, agent, summary, now, progress)
  local old = T.get(id)
  if not old or over[old.state] or old.assigned_to ~= agent.id then return end
  for _, other in ipairs(zall('assignments:' .. id)) do
    local m = M.get(other)
    if m and m.to == agent.id then return end
  end
  old = copy(old)
  if not progress and num(old.reminders) >= MODEL.maxReminders then
    T.fail(old, MODEL.notice('neverCompleted', {agent = agent.name}), now)
    summary.failed[#summary.failed + 1] = id
    return
  end
  local t = copy(old)
  t.updated_at = rfc(now, '+00:00')
  if not progress then t.reminders = whole(num(t.reminders) + 1) end
  T.update(t, old)
  happened('taskReminded', {agent = agent.name, number = not progress and t.reminders or nil,
    limit = whole(MODEL.maxReminders), title = T.title(t)}, now, {agent = agent.id, task = id, turn = token.turn})
  for _, original in ipairs(ids) do
    local m = M.get(original)
    if m.type == 'task_assign' and m.task == id then
      local ok, j = pcall(cjson.decode, M.bodyOf(original))
      j = ok and type(j) == 'table' and j or {}
      local rest = ''
      if type(j.author) == 'table' then rest = rest .. ',"author":' .. quoted(j.author) end
      if type(j.attachments) == 'table' and #j.attachments > 0 then
        rest = rest .. ',"attachments":' .. quoted(j.attachments)
      end
      local letter = M.compose(derived('reminder', token.turn, id), t.created_by or SUPERVISOR, agent.id,
        'task_assign', ',"task_id":"' .. id .. '"', now,
        {priority = type(j.priority) == 'string' and j.priority or nil, task = id, hops = m.hops, conv = m.conv,
          root = m.root, path = m.path,
          correlation = uuid(j.correlation_id), rest = rest})
      M.deliver(letter, agent.name, now)
      summary.reminded[#summary.reminded + 1] = id
      return
    end
  end
end
local function finishTurn(token, ids, agent, summary, now)
  local asked, tasks, seen = false, {}, {}
  for _, id in ipairs(ids) do
    local m = M.become(id, 'done', now)
    if m.type == 'shutdown' then asked = true end
    if m.type == 'task_assign' and not seen[m.task] then seen[m.task] = true; tasks[#tasks + 1] = m.task end
  end
  local new, drops = flag() and record() or nil, flag()
  local length, cost, detail, pause = arg(), opt(), arg(), opt()
  add(agent, 'rounds_completed', 1); add(agent, 'rounds_since_start', 1)
  agent.failures, agent.retry_at, agent.host_deaths = nil, nil, nil
  A.settleWaiting(agent, now)
  if agent.state ~= 'paused' then agent.attention = nil end
  if new then setSession(agent, new) elseif drops then setSession(agent, nil) end
  if asked then
    agent.stop_request = stronger(agent.stop_request, 'when_empty')
    A.signal(agent, 'askedToDrain')
  end
  happened('turnFinished', {agent = agent.name, number = agent.rounds_completed, length = length, cost = cost}, now,
    {agent = agent.id, task = agent.current_task or tasks[1], turn = token.turn, detail = detail})
  local progress = false
  for _, id in ipairs(tasks) do
    local t = T.get(id)
    if t and over[t.state] then progress = true end
  end
  for _, id in ipairs(tasks) do askAgain(id, token, ids, agent, summary, now, progress) end
  if #summary.reminded > 0 and not progress then agent.retry_at = pause end
end
local function failTurn(token, ids, agent, summary, now)
  local new, drops = flag() and record() or nil, flag()
  local length, class, delay, why, retry, pause = arg(), arg(), opt(), arg(), opt(), opt()
  local counts, limit, detail = flag(), int(), arg()
  local first
  for _, id in ipairs(ids) do
    local m = M.get(id)
    if not first and m.type == 'task_assign' then first = m.task end
  end
  add(agent, 'failures', 1)
  if counts then add(agent, 'rounds_since_start', 1) end
  agent.retry_at = retry
  if drops then setSession(agent, nil) elseif new then setSession(agent, new) end
  happened('turnFailed', {agent = agent.name, length = length, failure = class, reason = why, pause = delay}, now,
    {agent = agent.id, task = agent.current_task or first, turn = token.turn, detail = detail})
  if pause then
    local old = agent.state
    A.signal(agent, 'interrupted')
    A.settleWaiting(agent, now)
    agent.attention = pause
    happened('agentPaused', {agent = agent.name, reason = pause}, now,
      {agent = agent.id, turn = token.turn, old = old, new = agent.state})
    A.tellOfPause(agent, now)
  end
  local back, worst = {}, 0
  for _, id in ipairs(ids) do
    local m = M.get(id)
    worst = math.max(worst, num(m.deaths))
    if T.isMoot(m) then
      -- It has nothing to say any more.
      M.become(id, 'done', now)
    else
      if counts then m.attempts = whole(num(m.attempts) + 1) end
      m.error = why
      if num(m.attempts) >= limit then
        summary.dead[#summary.dead + 1] = id
        local failed = bury(id, agent.id, why, now)
        if failed then summary.failed[#summary.failed + 1] = failed end
      else
        back[#back + 1] = id
      end
    end
  end
  agent.host_deaths = worst > 0 and whole(worst) or nil
  putBack(back, now)
end
-- Arguments: token, now, count, letters, then those of the outcome, limits of chains. Reply: agent, dead, reminded,
-- failed tasks.
function V.commit()
  local token, now = readToken(), int()
  M.setLimits(unpack(words(words_[#words_])))
  local lease = requireLease(token)
  local ids = M.leased(token.agent)
  local agent = requireAgent(token.agent)
  local summary = {dead = {}, reminded = {}, failed = {}}
  for _ = 1, int() do
    local letter = M.readLetter()
    local m = letter.record
    -- The lease is the proof.
    m.verified = m.from == token.agent and '1' or '0'
    if m.to == SUPERVISOR or agentOf(m.to) then
      M.send(letter)
    elseif not M.known(letter.id, m.key) then
      m.hops = whole(math.max(num(m.hops), num(lease.hops) + 1))
      m.conv = m.conv or lease.conv
      M.refuse(letter, 'there is no such agent', letter.created)
    end
  end
  if flag() then
    finishTurn(token, ids, agent, summary, now)
  else
    failTurn(token, ids, agent, summary, now)
  end
  A.dropLease(agent.id)
  A.touch(agent, now); A.beat(agent, now)
  settle(agent, now)
  return {said(agent), summary.dead, summary.reminded, summary.failed}
end
function V.leases()
  local replies = {}
  for _, id in ipairs(zall('leases')) do
    if leaseOf(id) then replies[#replies + 1] = A.leaseReply(id) end
  end
  return replies
end
