-- Tasks: the moves of their state machine, their indexes, and who waits for whom.

local T = {}
local over, states = MODEL.taskEnded, MODEL.taskStates
-- Another program may have written or changed a task since, so it is looked at when it is first read.
function T.get(id)
  local isKnown = records[P .. 'task:' .. id]
  local t = load('task:', id)
  if not t or isKnown then return t end
  if not t.id or not t.description then return nil end
  if not t.ordinal then
    T.takeIn(t, false)
  elseif not redis.call('ZSCORE', P .. 'tasks:state:' .. t.state, id)
    or (t.assigned_to and not redis.call('ZSCORE', P .. 'owned:' .. t.assigned_to, id)) then
    T.putRight(t)
  end
  return t
end
function T.title(t) return t.description:match('[^\r\n]+') or t.description end
local function tasksOf(ids)
  local found = {}
  for _, id in ipairs(ids) do
    local t = T.get(id)
    if t then found[#found + 1] = t end
  end
  return found
end
-- What follows from a task's fields, as set members: key, or key and value.
local function marks(t)
  local set = {['tasks:state:' .. t.state] = true}
  if t.assigned_to then
    set['owned:' .. t.assigned_to] = true
    if t.waiting then set['held:' .. t.assigned_to] = true end
    if not over[t.state] then set['open:' .. t.assigned_to] = true end
  end
  if t.waiting then set['tasks:waiting'] = true end
  if t.in_backlog then set['backlog:order'] = true end
  if t.parent_id then set['needing:' .. t.parent_id] = true end
  for _, need in ipairs(words(t.depends_on)) do set['needing:' .. need] = true end
  return set
end
local function mark(t, old, isListed)
  local was, is = old and marks(old) or {}, t and marks(t) or {}
  local id = (t or old).id
  for key in pairs(was) do if not is[key] then zrem(key, id) end end
  for key in pairs(is) do if not was[key] then zadd(key, t.ordinal, id) end end
  local wasIn, isIn = old and old.in_backlog, t and t.in_backlog
  if wasIn and not isIn then defer('LREM', 'backlog', 1, id) end
  if isIn and not wasIn and not isListed then defer('RPUSH', 'backlog', id) end
end
function T.insert(t, isListed)
  t.ordinal = whole(nextNumber('ordinal'))
  store('task:', t.id, t)
  zadd('tasks', t.ordinal, t.id)
  mark(t, nil, isListed)
end
local endedElsewhere  -- ids of tasks that were found to have ended
atBegin[#atBegin + 1] = function() if not endedElsewhere or next(endedElsewhere) then endedElsewhere = {} end end
-- Sets the indexes right for a task that another program changed.
function T.putRight(t)
  if t.state == 'in_flight' then t.state = 'running' end
  if over[t.state] or t.assigned_to then t.in_backlog = nil end
  if over[t.state] then t.waiting = nil end
  local was
  for _, state in ipairs(states) do
    if state ~= t.state and redis.call('ZSCORE', P .. 'tasks:state:' .. state, t.id) then
      was = state
      zrem('tasks:state:' .. state, t.id)
    end
  end
  if not t.in_backlog then zrem('backlog:order', t.id) end
  if over[t.state] then
    zrem('tasks:waiting', t.id)
    if t.assigned_to then zrem('open:' .. t.assigned_to, t.id); zrem('held:' .. t.assigned_to, t.id) end
    if was and not over[was] then endedElsewhere[#endedElsewhere + 1] = t.id end
  end
  mark(t, nil, true)
end
-- Forgets a task whose record another program deleted; what points to it skips it.
function T.forgetGone(id)
  for _, key in ipairs({'tasks', 'tasks:waiting', 'backlog:order'}) do zrem(key, id) end
  for _, state in ipairs(states) do zrem('tasks:state:' .. state, id) end
end
-- Looks at open tasks and at the backlog's list, some hundred of each, for what another program did.
function T.lookAround()
  endedElsewhere = {}
  for _, state in ipairs(MODEL.openTasks) do
    local key, ids = P .. 'tasks:state:' .. state, {}
    for _, part in ipairs({redis.call('ZRANGE', key, 0, 149), redis.call('ZRANGE', key, -150, -1)}) do
      for _, id in ipairs(part) do ids[id] = true end
    end
    for id in pairs(ids) do
      local found = redis.call('HGET', P .. 'task:' .. id, 'state')
      if not found then T.forgetGone(id) elseif found ~= state then T.get(id) end
    end
  end
  local n = redis.call('LLEN', P .. 'backlog')
  if n ~= redis.call('ZCARD', P .. 'backlog:order') then
    local listed = {}
    for _, ids in ipairs(n <= 500 and {redis.call('LRANGE', P .. 'backlog', 0, -1)}
      or {redis.call('LRANGE', P .. 'backlog', 0, 249), redis.call('LRANGE', P .. 'backlog', -250, -1)}) do
      for _, id in ipairs(ids) do
        listed[id] = true
        local t = T.get(id)
        if t then T.listed(t) end
      end
    end
    -- As many are looked at as are listed, and 500 more.
    for _, id in ipairs(n <= 500 and call('ZRANGE', P .. 'backlog:order', 0, n + 499) or {}) do
      local t = not listed[id] and T.get(id)
      if t and t.in_backlog then
        local old = copy(t)
        t.in_backlog = nil
        mark(t, old, true)
        zrem('backlog:order', id)
      end
    end
  end
  for _, id in ipairs(endedElsewhere) do
    local t = T.get(id)
    T.settle(t, micros(t.completed_at) or micros(t.updated_at) or 0)
  end
end
-- Takes a task that another program wrote into our indexes; `isListed`: it is in the backlog's list.
function T.takeIn(t, isListed)
  if t.state == 'in_flight' then t.state = 'running' end
  if not over[t.state] and t.state ~= 'assigned' and t.state ~= 'running' then t.state = 'pending' end
  if isListed and not over[t.state] then
    t.state, t.assigned_to, t.started_at, t.in_backlog = 'pending', nil, nil, '1'
  elseif (t.state == 'assigned' or t.state == 'running') and not t.assigned_to then
    t.state = 'pending'
  end
  T.insert(t, true)
end
-- The same for one that is known, and that another program put into the backlog's list.
function T.listed(t)
  if over[t.state] or t.in_backlog then return false end
  local old = copy(t)
  t.state, t.assigned_to, t.started_at, t.in_backlog = 'pending', nil, nil, '1'
  mark(t, old, true)
  return true
end
-- Of these tasks, those that an agent has; the index forgets what another program took from it.
local function keepOpen(aid, ids)
  local found = {}
  for _, id in ipairs(ids) do
    local t = T.get(id)
    if t and not over[t.state] and t.assigned_to == aid then found[#found + 1] = id else zrem('open:' .. aid, id) end
  end
  return found
end
-- The first open tasks of an agent, and whether there may be more.
function T.open(aid, limit)
  local ids = call('ZRANGE', P .. 'open:' .. aid, 0, limit - 1)
  return keepOpen(aid, ids), #ids == limit
end
-- The first 200 that an agent can work on. Of those that wait for others no more than the index is read, and of
-- that at most two thousand.
function T.atHand(aid)
  local from, found = 0, {}
  for _ = 1, 10 do
    local ids, free = call('ZRANGE', P .. 'open:' .. aid, from, from + 199), {}
    if #ids == 0 then break end
    local waits = call('ZMSCORE', P .. 'held:' .. aid, unpack(ids))
    for i, id in ipairs(ids) do if not waits[i] then free[#free + 1] = id end end
    local kept = keepOpen(aid, free)
    for _, id in ipairs(kept) do
      if #found == 200 then return found end
      if T.get(id).state ~= 'pending' then found[#found + 1] = id end
    end
    if #ids < 200 then break end
    from = from + 200 - (#free - #kept)
  end
  return found
end
function T.update(t, old) store('task:', t.id, t); mark(t, old) end
function T.dependents(id) return tasksOf(zall('needing:' .. id)) end

local function illegal(t, signal, from)
  fail('illegal_move', 'task ' .. short(t.id) .. ' cannot be changed so: ' .. signal .. ' is not possible while '
    .. (from or t.state))
end
-- The task after a move. Which states it leads from and to is the model's; so is all else that it asks, and in the
-- same order.
function T.after(old, move, value, now)
  local to, time = MODEL.taskMoves[move][old.state], rfc(now, '+00:00')
  if over[old.state] and not to then illegal(old, move) end
  if old.is_group and (move == 'assign' or move == 'requeue') then illegal(old, move, 'group') end
  if old.waiting and (move == 'start' or move == 'complete') then illegal(old, move, 'waiting') end
  if move == 'start' and not old.assigned_to then illegal(old, move, 'unassigned') end
  if not to or (move == 'release' and not old.waiting) then illegal(old, move) end
  local t = copy(old)
  t.updated_at, t.state = time, to
  if move == 'assign' then
    if t.waiting then t.state = 'pending' end
    t.assigned_to, t.in_backlog, t.reminders = value, nil, nil
  elseif move == 'start' then
    t.started_at = t.started_at or time
  elseif move == 'requeue' then
    t.assigned_to, t.started_at, t.reminders = nil, nil, nil
    t.in_backlog = not t.waiting and '1' or nil
  elseif move == 'release' then
    t.waiting = nil
    if not t.assigned_to then t.state, t.in_backlog = old.state, not t.is_group and '1' or nil end
  elseif move == 'retry' then
    if not t.assigned_to then t.state = 'pending' end
    t.in_backlog = not t.assigned_to and not t.is_group and '1' or nil
    t.result, t.started_at, t.completed_at, t.reminders = nil, nil, nil, nil
  else
    t.result, t.completed_at, t.in_backlog, t.waiting = value, time, nil, nil
  end
  return t
end

-- MARK: moves with their effects
function T.tell(letter, now)
  if M.get(letter.id) then return end
  M.inherit(letter.record)
  local why = M.judged(letter.record)
  if why then
    M.hold(letter, why, now)
    return T.failHeld(letter.record, why, now)
  end
  M.deliver(letter, nil, now)
  M.noteMail(letter.record, now)
end
-- A task whose assignment was held back will not be begun: it fails, and its giver has been told by the refusal.
function T.failHeld(m, why, now)
  local found = m.type == 'task_assign' and T.get(m.task)
  if not found or over[found.state] then return end
  local old = copy(found)
  local t = T.after(old, 'fail', 'its assignment was held back because ' .. why, now)
  T.update(t, old)
  T.letGo(old, now)
  T.ended(t, old, t.created_by or SUPERVISOR, derived('task failed', old.id, whole(now)), now, true)
end
-- A task failed. Who caused it knows; a conductor is told, and stands in for the person; a group's parts have been
-- told of.
function T.tellOfFailure(t, by, now)
  if by == SUPERVISOR or t.is_group then return end
  local giver = t.created_by and t.created_by ~= SUPERVISOR and agentOf(t.created_by)
  if giver and giver.agent_type == 'supervisor' then return end
  M.tellPerson('needs:task:' .. t.id, MODEL.notice('taskFailed', {id = t.id:sub(1, 8), title = T.title(t),
    agent = t.assigned_to and nameOf(t.assigned_to), reason = t.result}), now)
end
-- Whether a message only points to a task which has ended or has another owner.
function T.isMoot(m)
  local t = m.type == 'task_assign' and T.get(m.task)
  if not t then return false end
  return over[t.state] or (t.assigned_to ~= nil and t.assigned_to ~= m.to) or false
end
local function withdrawOffers(task, now)
  for _, id in ipairs(zall('offers:' .. task)) do
    local m = M.get(id)
    if m and m.state == 'queued' then M.finish(id, now) end
  end
end
function T.letGo(t, now)
  for _, id in ipairs(zall('assignments:' .. t.id)) do M.finish(id, now) end
  withdrawOffers(t.id, now)
  local owner = t.assigned_to and agentOf(t.assigned_to)
  if owner and owner.current_task == t.id then owner.current_task = nil end
end
local function announce(t, old, owner, from, id, now)
  happened('taskAssigned', {agent = owner.name, title = T.title(t)}, now,
    {agent = owner.id, task = t.id, old = old.state, new = t.state})
  if t.waiting then return end
  T.tell(M.compose(id, from, owner.id, 'task_assign', ',"task_id":"' .. t.id .. '"', now,
    {priority = t.priority, task = t.id}), now)
end
local settleDependents, endGroup, letGoOn, reconsiderParts
function T.settle(t, now)
  T.letGo(t, now)
  settleDependents(t, nil, now)
end
-- Logs and counts the end of a task, tells the one who gave it, lets go what waited for it. Returns who was told.
function T.ended(t, old, by, announcement, now, isTold)
  local result = t.result or ''
  local sentence, letter, payload
  local id = ',"task_id":"' .. t.id .. '"'
  if t.state == 'completed' then
    sentence, letter, payload = 'taskCompleted', 'task_done', id .. ',"result":' .. quoted(result)
  elseif t.state == 'cancelled' then
    sentence, letter, payload = 'taskCancelled', 'task_failed', id .. ',"error":' .. quoted('cancelled: ' .. result)
  else
    sentence, letter, payload = 'taskFailed', 'task_failed', id .. ',"error":' .. quoted(result)
  end
  local owner = t.assigned_to and agentOf(t.assigned_to)
  if t.state == 'completed' and owner then
    owner.tasks_completed = whole(num(owner.tasks_completed) + 1)
  end
  happened(sentence, {title = T.title(t), reason = result ~= '' and result or nil}, now,
    {agent = t.assigned_to or by, task = t.id, old = old.state, new = t.state})
  local told
  local giver = t.created_by or SUPERVISOR
  if giver ~= SUPERVISOR and giver ~= by and agentOf(giver) then
    T.tell(M.compose(announcement, t.assigned_to or by or SUPERVISOR, giver, letter, payload, now,
      {task = t.id}), now)
    told = giver
  end
  settleDependents(t, by, now)
  if t.state == 'failed' and not isTold then T.tellOfFailure(t, by, now) end
  return told
end
local function begunAnew(old, owner, now)
  local before = copy(old)
  before.assigned_to = owner and agentOf(owner) and owner or nil
  local t = T.after(before, 'retry', nil, now)
  if T.isHeldBack(t) then t.state, t.waiting, t.in_backlog = 'pending', '1', nil end
  T.update(t, old)
  M.settle('needs:task:' .. old.id, now)
  happened('taskRetried', {title = T.title(old)}, now,
    {agent = t.assigned_to, task = old.id, old = old.state, new = t.state})
  -- What failed with its parts goes on with them.
  local group = old.parent_id and T.get(old.parent_id)
  if group and group.is_group and group.state == 'failed' then begunAnew(copy(group), nil, now) end
  return t
end
-- Reopens the task of a dead letter that is in an inbox again, for the one to whom it is sent.
function T.reopen(id, letter, recipient, now)
  local found = T.get(id)
  if not found then return end
  if found.state == 'completed' then
    fail('illegal_move', 'its task ' .. short(id) .. ' is completed already; forget the message with: tt dead drop '
      .. letter)
  end
  if not over[found.state] or not agentOf(recipient) then return end
  -- What it needs is not completed: it is announced when that is.
  if begunAnew(copy(found), recipient, now).waiting then M.finish(letter, now) end
end
function T.fail(old, why, now)
  local t = T.after(old, 'fail', why, now)
  T.update(t, old)
  T.letGo(old, now)
  return T.ended(t, old, nil, derived('task failed', old.id, whole(now)), now)
end
local function assign(old, agent, by, announcement, now)
  local owner = A.requireStaying(agent)
  if old.assigned_to == agent and not over[old.state] then return old end
  if old.assigned_to and by == agent and not over[old.state] then
    fail('illegal_move', 'task ' .. short(old.id) .. ' already belongs to ' .. nameOf(old.assigned_to))
  end
  local t = T.after(old, 'assign', agent, now)
  T.letGo(old, now)
  T.update(t, old)
  announce(t, old, owner, by, announcement, now)
  return t
end
function T.move(id, move, value, by, announcement, now)
  local found = T.get(id)
  if not found then fail('task_not_found', 'there is no task ' .. id) end
  local old = copy(found)
  if move == 'assign' then return assign(old, value, by, announcement, now) end
  if move == 'release' then
    if by ~= SUPERVISOR and by ~= (old.created_by or SUPERVISOR) then
      fail('illegal_move', 'only the supervisor and ' .. nameOf(old.created_by or SUPERVISOR)
        .. ', who gave it, may release task ' .. short(id))
    end
    return letGoOn(old, now)
  end
  if move == 'retry' then
    local t = begunAnew(old, old.assigned_to, now)
    if t.assigned_to and not t.waiting then
      announce(t, old, agentOf(t.assigned_to), t.created_by or SUPERVISOR, announcement, now)
    end
    return t
  end
  local t = T.after(old, move, value, now)
  T.update(t, old)
  if move == 'start' then
    local owner = t.assigned_to and agentOf(t.assigned_to)
    if owner then owner.current_task = id end
    happened('taskStarted', {title = T.title(t)}, now,
      {agent = t.assigned_to, task = id, old = old.state, new = t.state})
  elseif move == 'requeue' then
    T.letGo(old, now)
    happened('taskRequeued', {waiting = t.waiting, title = T.title(t)}, now,
      {agent = old.assigned_to, task = id, old = old.state, new = t.state})
  else
    T.letGo(old, now)
    T.ended(t, old, by, announcement, now)
  end
  return t
end
T.announce = announce
