-- Which task waits for which.

local function needs(t)
  local found, seen, next_ = words(t.depends_on), {}, t.parent_id
  while next_ and not seen[next_] do
    seen[next_] = true
    local parent = T.get(next_)
    if not parent or not parent.is_group then found[#found + 1] = next_; break end
    for _, need in ipairs(words(parent.depends_on)) do found[#found + 1] = need end
    next_ = parent.parent_id
  end
  return found
end
local function isHeldBack(t)
  for _, need in ipairs(needs(t)) do
    local other = T.get(need)
    if not other or other.state ~= 'completed' then return true end
  end
  return false
end
local function checkNeeds(t)
  local all = words(t.depends_on)
  if t.parent_id then all[#all + 1] = t.parent_id end
  for _, need in ipairs(all) do
    if not T.get(need) then
      fail('task_not_found', 'there is no task ' .. need .. ', which task ' .. short(t.id) .. ' is to wait for')
    end
  end
end
local function parts(group)
  local found = {}
  for _, t in ipairs(T.dependents(group)) do if t.parent_id == group then found[#found + 1] = t end end
  return found
end
local function edges(id)
  local t = T.get(id)
  if not t or over[t.state] then return {} end
  local found = needs(t)
  if t.is_group then for _, part in ipairs(parts(id)) do found[#found + 1] = part.id end end
  return found
end
-- Refuses tasks that would wait for each other. Each task that is reachable is looked at once.
local function checkCycles(roots)
  local finished = {}
  for _, root in ipairs(roots) do
    if not finished[root] then
      local way, onWay = {{id = root, rest = edges(root), at = 0}}, {[root] = true}
      while #way > 0 do
        local top = way[#way]
        top.at = top.at + 1
        local next_ = top.rest[top.at]
        if not next_ then
          finished[top.id], onWay[top.id] = true, nil
          way[#way] = nil
        elseif onWay[next_] then
          local names, inside = {}, false
          for _, step in ipairs(way) do
            inside = inside or step.id == next_
            if inside then names[#names + 1] = short(step.id) end
          end
          names[#names + 1] = short(next_)
          fail('dependency_cycle', 'tasks would wait for each other: ' .. table.concat(names, ' → '))
        elseif not finished[next_] then
          way[#way + 1] = {id = next_, rest = edges(next_), at = 0}
          onWay[next_] = true
        end
      end
    end
  end
end
local function hold(old, now)
  local t = copy(old)
  t.state, t.waiting, t.in_backlog = 'pending', '1', nil
  T.letGo(old, now)
  T.update(t, old)
  local names = {}
  for _, need in ipairs(needs(t)) do
    local other = T.get(need)
    if other and other.state ~= 'completed' then names[#names + 1] = short(need) .. ' (' .. other.state .. ')' end
  end
  happened('taskWaiting', {needs = table.concat(names, ', '), title = T.title(t)}, now,
    {agent = t.assigned_to, task = t.id, old = old.state, new = t.state})
  return t
end
local function askAboutOwner(t, owner, now)
  happened('taskOwnerEnded', {agent = owner.name, state = owner.state, title = T.title(t)}, now,
    {agent = owner.id, task = t.id})
  local giver = t.created_by or SUPERVISOR
  if not agentOf(giver) or giver == owner.id then giver = SUPERVISOR end
  local question = MODEL.notice('ownerEnded', {id = t.id, title = T.title(t), agent = owner.name, state = owner.state})
  if giver == SUPERVISOR then return M.tellPerson('needs:agent:' .. owner.id, question, now) end
  local id = derived('owner ended', t.id, whole(now))
  if M.get(id) then return end
  M.deliver(M.compose(id, SUPERVISOR, giver, 'query', ',"question":' .. quoted(question), now,
    {priority = 'high', about = firstLine(question)}), nil, now)
end
local function askAbout(stuck, failed, by, now)
  local told, facts = {}, {other = short(failed.id), failed = failed.state == 'failed'}
  for _, t in ipairs(stuck) do
    facts.title = T.title(t)
    happened('taskBlocked', facts, now, {agent = t.assigned_to, task = t.id})
    local giver = t.created_by and agentOf(t.created_by) and t.created_by or SUPERVISOR
    local entry
    for _, one in ipairs(told) do if one.giver == giver then entry = one end end
    if not entry then entry = {giver = giver, lines = {}}; told[#told + 1] = entry end
    entry.lines[#entry.lines + 1] = '- ' .. t.id .. ': ' .. T.title(t)
  end
  for _, one in ipairs(told) do
    if one.giver ~= by then
      local question = MODEL.notice('tasksBlocked', {id = failed.id, title = T.title(failed),
        failed = failed.state == 'failed', reason = failed.result, tasks = table.concat(one.lines, '\n'),
        task = failed.id:sub(1, 8)})
      -- The task may be tried again, and fail again.
      local id = derived('blocked', failed.id, one.giver, whole(now))
      if one.giver == SUPERVISOR then
        M.tellPerson('needs:task:' .. failed.id, question, now)
      elseif not M.get(id) then
        local letter = M.compose(id, SUPERVISOR, one.giver, 'query', ',"question":' .. quoted(question), now,
          {priority = 'high', about = firstLine(question)})
        -- It comes from the turn that made the task fail, whatever name stands over it.
        local m, cause = letter.record, failed.assigned_to or by or SUPERVISOR
        m.from = cause
        M.inherit(m)
        m.from = SUPERVISOR
        local circle = M.judged(m)
        if circle then M.hold(letter, circle, now) else M.deliver(letter, nil, now) end
      end
    end
  end
end
settleDependents = function(t, by, now)
  local waiting = {}
  for _, other in ipairs(T.dependents(t.id)) do
    if other.waiting and not over[other.state] then waiting[#waiting + 1] = copy(other) end
  end
  if t.state == 'completed' then
    for _, old in ipairs(waiting) do if not isHeldBack(old) then letGoOn(old, now) end end
  else
    local stuck = {}
    for _, one in ipairs(waiting) do
      for _, need in ipairs(needs(one)) do
        if need == t.id then stuck[#stuck + 1] = one; break end
      end
    end
    askAbout(stuck, t, by, now)
  end
  endGroup(t, now)
end
-- Ends a group when the last of its parts has ended.
endGroup = function(part, now)
  local group = part.parent_id and T.get(part.parent_id)
  if not group or not group.is_group or over[group.state] or group.waiting then return end
  -- Seen from the end, because what was made last is mostly done last: most parts that end look at few others.
  local from, n, undone = -1, 0, 0
  repeat
    local ids = call('ZRANGE', P .. 'needing:' .. group.id, from - 99, from)
    for i = #ids, 1, -1 do
      local t = T.get(ids[i])
      if t and t.parent_id == group.id then
        if not over[t.state] then return end
        n = n + 1
        if t.state ~= 'completed' then undone = undone + 1 end
      end
    end
    from = from - 100
  until #ids < 100
  if n == 0 then return end
  local old = copy(group)
  local t = undone == 0 and T.after(old, 'complete', MODEL.notice('allCompleted', {number = whole(n)}), now)
    or T.after(old, 'fail', MODEL.notice('someUndone', {count = whole(undone), number = whole(n)}), now)
  T.update(t, old)
  T.ended(t, old, nil, derived('group ended', group.id, whole(now)), now)
end
letGoOn = function(old, now)
  local t = T.after(old, 'release', nil, now)
  T.update(t, old)
  happened('taskReleased', {title = T.title(t)}, now,
    {agent = t.assigned_to, task = t.id, old = old.state, new = t.state})
  local owner = t.assigned_to and agentOf(t.assigned_to)
  if owner then
    -- A task may wait and be released more than once, and is announced each time.
    T.announce(t, old, owner, t.created_by or SUPERVISOR, derived('released', t.id, whole(now)), now)
    if ended[owner.state] then askAboutOwner(t, owner, now) end
  end
  if t.is_group then
    reconsiderParts(t, now)
    local part = parts(t.id)[1]
    if part then endGroup(part, now) end
  end
  return t
end
reconsiderParts = function(t, now)
  for _, part in ipairs(parts(t.id)) do
    if part.state == 'pending' or part.state == 'assigned' then
      local isHeld = isHeldBack(part)
      if isHeld ~= (part.waiting ~= nil) then
        local moved = isHeld and hold(copy(part), now) or letGoOn(copy(part), now)
        if isHeld and moved.is_group then reconsiderParts(moved, now) end
      end
    end
  end
end
T.checkNeeds, T.checkCycles, T.isHeldBack, T.hold = checkNeeds, checkCycles, isHeldBack, hold
T.endGroup, T.letGoOn, T.reconsiderParts = endGroup, letGoOn, reconsiderParts
