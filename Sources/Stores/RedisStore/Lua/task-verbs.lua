-- The verbs on tasks.

-- Arguments: count, then per task: record, assignee or nothing, announcement, created.
function V.create()
  local made = {}
  for _ = 1, int() do
    local t, assignee, announcement, created = record(), opt(), arg(), int()
    if not T.get(t.id) then
      if assignee then A.requireStaying(assignee) end
      T.insert(t)
      made[#made + 1] = {id = t.id, assignee = assignee, announcement = announcement, created = created,
        isOver = over[t.state]}
    end
  end
  local ids = {}
  for _, new in ipairs(made) do T.checkNeeds(T.get(new.id)); ids[#ids + 1] = new.id end
  T.checkCycles(ids)
  for _, new in ipairs(made) do
    local t = copy(T.get(new.id))
    happened('taskCreated', {backlog = t.in_backlog, title = T.title(t)}, new.created, {task = t.id, new = t.state})
    if not new.isOver then
      if T.isHeldBack(t) then t = copy(T.hold(t, new.created)) end
      if new.assignee then
        local owner = requireAgent(new.assignee)
        local assigned = T.after(t, 'assign', new.assignee, new.created)
        T.update(assigned, t)
        T.announce(assigned, t, owner, assigned.created_by or SUPERVISOR, new.announcement, new.created)
      end
    end
  end
  for _, new in ipairs(made) do
    if new.isOver then T.endGroup(T.get(new.id), new.created) end
  end
end
-- Arguments: task, move, value, by, announcement, now. Reply: the task.
function V.move()
  local id, move, value, by, announcement, now = arg(), arg(), arg(), arg(), arg(), int()
  return said(T.move(id, move, value, by, announcement, now))
end
-- Arguments: task, agent, the message's id, which follows from both, now. Reply: what became of it.
function V.offer()
  local id, aid, message, now = arg(), arg(), arg(), int()
  local candidate = requireAgent(aid)
  if M.get(message) then return 'known' end
  if not mayOffer(candidate, leaseOf(aid) ~= nil, M.hasWork(aid, now), now) then return 'busy' end
  local t = T.get(id)
  if not t or not t.in_backlog then return 'taken' end
  for _, offer in ipairs(zall('offers:' .. id)) do
    local m = M.get(offer)
    local agent = m and agentOf(m.to)
    if agent and not ended[agent.state] and (leaseOf(agent.id)
      or (canTakeTurns(agent) and not outOfRounds(agent) and not backsOff(agent, now))) then
      return 'taken'
    end
  end
  local payload = ',"kind":"' .. MODEL.offerKind .. '","payload":"' .. id .. '"'
  M.deliver(M.compose(message, SUPERVISOR, aid, 'custom', payload, now, {task = id, kind = MODEL.offerKind}),
    candidate.name, now)
  happened('taskOffered', {agent = candidate.name, title = T.title(t)}, now, {agent = aid, task = id, letter = message})
  return 'offered'
end
-- Arguments: now, count, then per revision: task, what it says.
function V.revise()
  local now, changed = int(), {}
  local fields = {'description', 'tags', 'parent_id', 'depends_on', 'is_group'}
  for _ = 1, int() do
    local id, says = arg(), record()
    local found = T.get(id)
    if not found then fail('task_not_found', 'there is no task ' .. id) end
    local old, t, isSame = copy(found), copy(found), true
    for _, k in ipairs(fields) do
      local before = old[k] or (k == 'tags' and '[]' or nil)
      if before ~= says[k] then isSame = false end
      t[k] = says[k]
    end
    if not isSame then
      if says.is_group and old.assigned_to then
        fail('illegal_move', 'task ' .. short(id) .. ' has an owner and cannot be a group')
      end
      if not MODEL.taskMoves.revise[old.state] then
        fail('illegal_move', 'task ' .. short(id) .. ' cannot be changed so: revise is not possible while '
          .. old.state)
      end
      t.updated_at = rfc(now, '+00:00')
      if old.is_group then
        t.in_backlog = not says.is_group and not t.waiting and not t.assigned_to and '1' or nil
      end
      if says.is_group then t.in_backlog = nil end
      T.update(t, old)
      changed[#changed + 1] = {old = old, id = id}
    end
  end
  local ids = {}
  for _, c in ipairs(changed) do T.checkNeeds(T.get(c.id)); ids[#ids + 1] = c.id end
  T.checkCycles(ids)
  for _, c in ipairs(changed) do
    local t = copy(T.get(c.id))
    happened('taskRevised', {title = T.title(t)}, now, {agent = t.assigned_to, task = t.id})
    if not over[t.state] then
      local isHeld = T.isHeldBack(t)
      if isHeld and not t.waiting then t = T.hold(t, now) end
      if not isHeld and t.waiting then t = T.letGoOn(copy(t), now) end
      if c.old.is_group or t.is_group then T.reconsiderParts(t, now) end
    end
  end
end
function V.task()
  local t = T.get(arg())
  return t and said(t) or false
end
-- Arguments: source, first rank, most to look at, most to return, states, owner, backlog, prefix, waiting.
-- Reply: next rank or nothing, tasks that fit.
function V.tasks()
  local source, rank, window, limit = arg(), int(), int(), int()
  local wanted, owner, backlog, prefix, waiting = opt(), opt(), opt(), opt(), opt()
  local allowed
  if wanted then allowed = {}; for _, s in ipairs(words(wanted)) do allowed[s] = true end end
  if rank == 0 then T.lookAround() end
  local ids = call('ZRANGE', P .. source, rank, rank + window - 1)
  local found = {}
  for i, id in ipairs(ids) do
    local t = (not prefix or id:sub(1, #prefix) == prefix) and T.get(id)
    if t and (not allowed or allowed[t.state]) and (not owner or t.assigned_to == owner)
      and (not backlog or (t.in_backlog ~= nil) == (backlog == '1'))
      and (not waiting or (t.waiting ~= nil) == (waiting == '1')) then
      found[#found + 1] = said(t)
      if #found == limit then return {whole(rank + i), found} end
    end
  end
  return {#ids == window and whole(rank + window) or false, found}
end
function V.taskCounts()
  local replies = {}
  T.lookAround()
  for _, state in ipairs(states) do
    replies[#replies + 1] = state
    replies[#replies + 1] = whole(call('ZCARD', P .. 'tasks:state:' .. state))
  end
  return {whole(call('ZCARD', P .. 'backlog:order')), replies}
end
