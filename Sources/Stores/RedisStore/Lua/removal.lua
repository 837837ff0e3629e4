-- The verbs that move the work of an agent, a page a call: it may have any number of messages and tasks.

do  -- a chunk may only have so many locals
-- The most that one call takes, so that it keeps the server for some milliseconds. A task costs about as much as
-- two messages.
local TASKS, LETTERS = 50, 100
local function requeueTasks(aid, now)
  local open, isMore = T.open(aid, TASKS)
  for _, id in ipairs(open) do T.move(id, 'requeue', nil, SUPERVISOR, '', now) end
  return open, isMore
end
local function reassignTasks(aid, target, now)
  local open, isMore = T.open(aid, TASKS)
  for _, id in ipairs(open) do
    if T.get(id).state == 'running' then T.move(id, 'requeue', nil, SUPERVISOR, '', now) end
    -- A task may come back to an agent that had it before, and is announced anew.
    T.move(id, 'assign', target, SUPERVISOR, derived('reclaimed', id, target, whole(now)), now)
  end
  return open, isMore
end
-- Ends a message that only points to a task which needs none any more. Its list is the caller's.
local function settlePointer(id, now)
  local m = M.get(id)
  if m.type == 'custom' and m.task then
    M.become(id, 'done', now)
    return true
  end
  local t = m.type == 'task_assign' and T.get(m.task)
  if not t or (not over[t.state] and t.assigned_to == m.to) then return false end
  M.become(id, 'done', now)
  return true
end

-- MARK: removing
local function buryWithAgent(id, agent, now)
  local m = M.get(id)
  m.error = 'its agent was removed'
  M.become(id, 'dead', now)
  happened('messageOrphaned', {kind = m.type, to = agent.name}, now,
    {agent = agent.id, task = m.task, letter = id})
  if m.wakes and m.from ~= agent.id then
    M.notify(m, id, MODEL.notice('receiverRemoved', {kind = m.type, agent = agent.name}), 'death', num(m.seq), now)
  end
end
local function forgetAgent(agent, tasks, dead, now)
  local aid = agent.id
  happened('agentRemoved', {agent = agent.name, tasks = tasks > 0 and whole(tasks) or nil,
    letters = dead > 0 and whole(dead) or nil}, now, {agent = aid, old = agent.state})
  M.settle('needs:agent:' .. aid, now)
  M.settle('needs:waiting:' .. aid, now)
  store('agent:', aid, nil)
  zrem('agents', aid); zrem('live', aid)
  M.forgetBox(aid)
  for _, key in ipairs({'sends:', 'stop:', 'activity:', 'events:agent:'}) do defer('DEL', key .. aid) end
end
-- One page of a removal. From the first to the last, `removing` on the agent's record holds the counts of what is
-- done: nobody brings the agent back meanwhile, and the next removal goes on there. What others pushed is taken
-- in with the page that it is in.
-- Arguments: agent, now. Reply: '1' where there is more to do, tasks; counts of tasks and dead letters of all pages.
function V.remove()
  local aid, now = arg(), int()
  local agent = requireAgent(aid)
  A.requireEnded(agent)
  local tasks, isMore = requeueTasks(aid, now)
  local dead = 0
  if not isMore then
    local ids, taken = M.pull(aid, LETTERS - 2 * #tasks, now)
    isMore = M.length(aid) > taken
    for _, id in ipairs(ids) do
      if not settlePointer(id, now) then
        buryWithAgent(id, agent, now)
        dead = dead + 1
      end
    end
  end
  local was, moved = agent.removing, 'removing:' .. aid
  local n, letters = (was or '0 0'):match('^(%d+) (%d+)$')
  n, letters = n + #tasks, letters + dead
  if isMore and not was then defer('DEL', moved) end
  if #tasks > 0 and (isMore or was) then defer('RPUSH', moved, unpack(tasks)) end
  if isMore then
    agent.removing = whole(n) .. ' ' .. whole(letters)
    agent.attention = MODEL.notice('beingRemoved', {command = A.pruning(agent)})
  else
    -- For a caller that did not do all of it itself.
    if was then defer('EXPIRE', moved, 60) end
    forgetAgent(agent, n, letters, now)
  end
  return {isMore and '1' or '0', tasks, whole(n), whole(letters)}
end

-- MARK: reclaiming
-- Looks at the next messages of a lane and takes those out for which `goes` is true; the others stay where they
-- are, in front of the next page. `place`: how many stay, and the digest of the last of them, by which it is seen
-- whether others have taken something away in front of it. Returns how many entries it has looked at.
local function walk(aid, lane, place, limit, now, goes)
  local isNormal, key, box = lane == '1', P .. (lane == '1' and 'inbox:' or 'urgent:') .. aid, M.box(aid)
  local function index(n) return isNormal and n or -n - 1 end
  if place.n > 0 then
    local last = call('LINDEX', key, index(place.n - 1))
    if not last or redis.sha1hex(last) ~= place.mark then place.n = 0 end
  end
  local first, found, seen, gone = place.n, {}, {}, {}
  local entries = isNormal and call('LRANGE', key, first, first + limit - 1)
    or call('LRANGE', key, -first - limit, -first - 1)
  for i = 1, #entries do
    local entry = entries[isNormal and i or #entries + 1 - i]
    local id, counted, tomb = M.entry(aid, entry, lane, now)
    if tomb then tomb.tomb = nil end
    if id and seen[id] then id, counted = nil, false end
    if id then seen[id] = true end
    found[i] = {entry = entry, id = id, counted = counted}
  end
  for i, one in ipairs(found) do
    if not one.id or goes(one.id) then
      gone[#gone + 1] = index(first + i - 1)
      popped[one.entry] = true
      if one.counted then box.listed = box.listed - 1 end
    else
      place.n, place.last = place.n + 1, one.entry
    end
  end
  if #gone > 0 then
    -- Before anything else that this verb changes in the list, because that would move what has these places.
    table.insert(later, 1, function()
      for i = 1, #gone do call('LSET', key, gone[i], '') end
      call('LREM', key, isNormal and #gone or -#gone, '')
    end)
  end
  return #entries
end
local function readdress(id, name, owner, now)
  local m = M.get(id)
  count(id, m, -1)
  m.to, m.attempts, m.error, m.deaths, m.changed = owner.id, '0', nil, nil, whole(now)
  m.seq = whole(nextNumber('message'))
  count(id, m, 1)
  zadd('messages', m.seq, id)
  M.enlist(m, M.bodyOf(id))
  happened('messageMoved', {kind = m.type, from = name, to = owner.name}, now,
    {agent = owner.id, task = m.task, letter = id})
end
-- The task that a message describes, or nil for other messages.
local function taskOf(id, now)
  local m = M.get(id)
  local ok, j = pcall(cjson.decode, m.type == 'task' and M.bodyOf(id) or '')
  if not ok or type(j) ~= 'table' or type(j.description) ~= 'string' then return nil end
  local t = {id = derived('reclaimed', id), description = j.description, state = 'pending', tags = '[]',
    created_at = rfc(now, '+00:00'), updated_at = rfc(now, '+00:00'), created_by = m.from, in_backlog = '1'}
  if not T.get(t.id) then
    T.insert(t)
    happened('taskCreated', {backlog = true, title = T.title(t)}, now, {task = t.id, new = t.state})
  end
  M.become(id, 'done', now)
  return t.id
end
-- One page, which leaves a town that is whole.
-- Arguments: agent, destination or nothing for the backlog, now, where the last page ended or nothing.
-- Reply: where it ended or nothing after the last one, tasks, made, messages, count of those that stay.
function V.reclaim()
  local aid, target, now, ended_ = arg(), opt(), int(), words(arg())
  local places = {
    ['0'] = {n = num(ended_[1]), mark = ended_[2]}, ['1'] = {n = num(ended_[3]), mark = ended_[4]}}
  local function said_(isMore, tasks, made, messages)
    local next_ = {}
    for _, lane in ipairs({'0', '1'}) do
      local place = places[lane]
      next_[#next_ + 1] = whole(place.n)
      next_[#next_ + 1] = place.last and redis.sha1hex(place.last) or place.mark or '-'
    end
    return {isMore and table.concat(next_, ' ') or false, tasks, made, messages,
      whole(places['0'].n + places['1'].n)}
  end
  local name, source = nameOf(aid), agentOf(aid)
  if source then
    -- Restarted between two pages: the rest is its own again.
    if ended_[1] and (not ended[source.state] or leaseOf(aid)) then return said_(false, {}, {}, {}) end
    A.requireEnded(source)
  end
  local owner = target and A.requireStaying(target)
  if target == aid then fail('illegal_move', name .. ' already has this work') end
  local tasks, isMore
  if owner then tasks, isMore = reassignTasks(aid, target, now) else tasks, isMore = requeueTasks(aid, now) end
  local made, messages = {}, {}
  if isMore then return said_(true, tasks, made, messages) end
  local function goes(id)
    if settlePointer(id, now) then return true end
    if owner then
      if M.get(id).type == 'shutdown' then return false end
      readdress(id, name, owner, now)
      messages[#messages + 1] = id
      return true
    end
    local task = taskOf(id, now)
    if task then made[#made + 1] = task end
    return task ~= nil
  end
  M.touch(aid)
  local left = LETTERS - 2 * #tasks
  for _, lane in ipairs({'0', '1'}) do
    if left > 0 then left = left - walk(aid, lane, places[lane], left, now, goes) end
  end
  M.settleMail(aid, now)
  return said_(left <= 0, tasks, made, messages)
end
end
