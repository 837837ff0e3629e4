-- The entries of the lists in which messages wait: ours, and what foreign programs push.

-- A custom message is what the first of the model's kinds says of which its own kind holds a whole word.
local function customWakes(kind)
  local all = {}
  for w in kind:lower():gmatch('[%a\128-\255]+') do all[#all + 1] = w end
  for _, one in ipairs(MODEL.customKinds) do
    for _, w in ipairs(all) do if one.words[w] then return one.wakes end end
  end
  return true
end
local function described(entry)
  local ok, j = pcall(cjson.decode, entry)
  if not ok or type(j) ~= 'table' then return nil, 'it is not a JSON object' end
  local id, from, kind = uuid(j.id), uuid(j.from), j.type
  if not id then return nil, 'it has no valid id' end
  if not from then return nil, 'it does not say who sent it', id end
  if type(kind) ~= 'string' or not MODEL.messageTexts[kind] then
    return nil, "its type '" .. tostring(kind) .. "' is unknown", id
  end
  for _, name in ipairs(MODEL.messageTexts[kind]) do
    if type(j[name]) ~= 'string' then return nil, "its '" .. name .. "' is missing", id end
  end
  if j.task_id ~= nil and kind:match('^task_') and not uuid(j.task_id) then
    return nil, 'its task_id is no UUID', id
  end
  if kind == 'confirmation' and (type(j.ack_type) ~= 'table' or not MODEL.acknowledgements[j.ack_type.type]) then
    return nil, 'its ack_type is unknown', id
  end
  if not micros(type(j.created_at) == 'string' and j.created_at or nil) then
    return nil, 'its created_at is no time', id
  end
  -- Whatever it says of its sender, nobody has shown it.
  local m = {from = from, type = kind, verified = '0'}
  local task = kind:match('^task_') and uuid(j.task_id)
  if kind == 'custom' and j.kind == MODEL.offerKind then task = uuid(j.payload) end
  m.task = task or nil
  if MODEL.wakes[kind] or (kind == 'custom' and customWakes(j.kind)) then m.wakes = '1' end
  if type(j.hops) == 'number' and j.hops > 0 then m.hops = whole(math.min(j.hops, 1e6)) end
  m.conv = uuid(j.conversation_id)
  if type(j.idempotency_key) == 'string' then m.key = j.idempotency_key end
  return m, nil, id
end
local function setAside(aid, entry, lane, why, now)
  if aside[entry] then return end
  aside[entry] = true
  local id = derived('unreadable', aid, whole(nextNumber('unreadable')))
  local m = {state = 'dead', type = 'unreadable', from = SUPERVISOR, to = aid, lane = lane, error = why}
  M.insert(id, m, entry, now)
  happened('messageUnreadable', {to = nameOf(aid), reason = why}, now, {agent = aid, letter = id})
end
-- Returns the message for a list entry. If there is none to work on: nil, whether the entry was counted, and its
-- tombstone, which the caller removes together with the entry.
function M.entry(aid, entry, lane, now)
  local id = entry:match('^{"id":"(%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x)"')
  local m = id and M.get(id)
  local why
  if not m then
    local most = tonumber(call('HGET', P .. 'meta', 'max_entry') or nil)
    if most and #entry > most then
      setAside(aid, entry, lane, 'it has ' .. #entry .. ' bytes, more than a message may have'
        .. ' (limits.max_message_kb)', now)
      return nil, false
    end
    m, why, id = described(entry)
    if not m then
      setAside(aid, entry, lane, why, now)
      return nil, false
    end
    local known = M.get(id)
    if not known and m.key and M.withKey(m.key) then return nil, false end
    if known then
      m = known
    else
      m.to, m.lane, m.state, m.seq = aid, lane, 'queued', whole(nextNumber('message'))
      m.changed = whole(now)
      M.put(id, m)
      zadd('messages', m.seq, id)
      count(id, m, 1)
      local box = M.box(aid)
      box.listed = box.listed + 1
      fresh[id] = entry
      defer('SET', 'body:' .. id, entry)
      if m.key then keys[m.key] = id; defer('HSET', 'keys', m.key, id) end
      return id, true
    end
  end
  if m.state == 'queued' then
    if m.to ~= aid then
      -- Another program moved it here. Where it came from is looked at first, and does not count it any more
      -- unless too much waits there to look at all of it.
      if M.adopt(m.to, now) > 0 then count(id, m, -1) end
      m.to = aid
      count(id, m, 1)
      local box = M.box(aid)
      box.listed = box.listed + 1
    end
    -- Where the lane differs, too, it is read from where it is.
    m.lane = lane
    fresh[id] = fresh[id] or entry
    return id, true
  end
  if m.tomb then return nil, true, m end
  return nil, false
end

local WINDOW = 500
-- Entries that this verb has looked at, and what it left of long inboxes: each is looked at once, and where there
-- are many of them the rest counts as too deep.
local looked, rests
atBegin[#atBegin + 1] = function() looked, rests = 0, {} end
function M.hasLookedEnough() return looked > 2 * WINDOW end
-- Looks at what foreign programs pushed: all of a short inbox, both ends of each list of a long one.
function M.adopt(aid, now)
  if touched[aid] or adopting[aid] then return 0 end
  if rests[aid] then return rests[aid] end
  adopting[aid] = true
  local rest = M.look(aid, now)
  adopting[aid], rests[aid] = nil, rest
  return rest
end
function M.look(aid, now)
  local box = M.box(aid)
  local lists, total = {}, 0
  for _, lane in ipairs({'0', '1'}) do
    local key = P .. listKey(aid, lane)
    local n = call('LLEN', key)
    lists[lane] = {key = key, n = n}
    total = total + n
  end
  if total == box.listed then return 0 end
  if M.hasLookedEnough() then return math.max(0, total - box.listed) end
  local seen, valid, types, wakingCount = {}, 0, {}, 0
  local isAll = lists['0'].n <= 2 * WINDOW and lists['1'].n <= 2 * WINDOW
  for _, lane in ipairs({'0', '1'}) do
    local list = lists[lane]
    local parts = list.n == 0 and {} or list.n <= 2 * WINDOW and {call('LRANGE', list.key, 0, -1)}
      or {call('LRANGE', list.key, 0, WINDOW - 1), call('LRANGE', list.key, -WINDOW, -1)}
    for p, entries in ipairs(parts) do
      looked = looked + #entries
      for _, entry in ipairs(entries) do
        local id, counted, tomb = M.entry(aid, entry, lane, now)
        if id and not seen[id] then
          seen[id] = true
          valid = valid + 1
          local m = M.get(id)
          types[m.type] = (types[m.type] or 0) + 1
          if m.wakes then wakingCount = wakingCount + 1 end
        else
          -- The same bytes twice, something known already, or nothing that can be read.
          defer('LREM', listKey(aid, lane), p == 1 and #parts == 1 and -1 or (p == 1 and 1 or -1), entry)
          if tomb then tomb.tomb, box.listed = nil, box.listed - 1 end
        end
      end
    end
  end
  if isAll then
    -- Everything was seen, so the counts are set right whatever others did to the lists.
    box.types, box.listed, box.waiting, box.waking = types, valid, valid, wakingCount
    return 0
  end
  return math.max(0, total - box.listed)
end
-- Whether something waits that starts a turn. What is too deep to be looked at now counts as that.
function M.hasWork(aid, now)
  local box = M.boxOrNone(aid)
  if box and box.waking > 0 then
    -- Another program may have taken all of it away.
    if touched[aid] or call('EXISTS', P .. 'inbox:' .. aid, P .. 'urgent:' .. aid) > 0 then return true end
  end
  local rest = M.adopt(aid, now)
  return rest > 0 or M.box(aid).waking > 0
end
-- Takes the first waiting messages out of the lists. `stop` ends before the message for which it is true.
-- Returns their ids, in order, and how many entries it has taken out.
function M.pull(aid, limit, now, stop)
  local box, found, seen, taken = M.box(aid), {}, {}, 0
  touched[aid] = true
  for _, lane in ipairs({'0', '1'}) do
    local key, at, ended = listKey(aid, lane), 0, false
    while #found < limit and not ended do
      local step = math.min(100, limit - #found)
      local entries = lane == '1' and call('LRANGE', P .. key, at, at + step - 1)
        or call('LRANGE', P .. key, -at - step, -at - 1)
      for i = 1, #entries do
        local entry = entries[lane == '1' and i or #entries + 1 - i]
        local id, counted, tomb = M.entry(aid, entry, lane, now)
        if id and stop and stop(id, M.get(id), #found) then ended = true; break end
        at = at + 1
        popped[entry] = true
        if tomb then tomb.tomb = nil end
        if counted and not seen[id] then box.listed = box.listed - 1 end
        if id and not seen[id] then seen[id] = true; found[#found + 1] = id end
      end
      if #entries < step or at > limit + 1000 then break end
    end
    if at > 0 then table.insert(later, 1, {lane == '1' and 'LPOP' or 'RPOP', P .. key, at}) end
    taken = taken + at
    if ended then break end
  end
  return found, taken
end
-- How many entries wait, read or not.
function M.length(aid)
  return call('LLEN', P .. listKey(aid, '0')) + call('LLEN', P .. listKey(aid, '1'))
end
-- Its lists are changed by this verb, so that they are not looked at for what others pushed.
function M.touch(aid) touched[aid] = true end
-- For one whose lists are empty for good.
function M.forgetBox(aid)
  M.box(aid)
  put('box:', aid, nil)
  zrem('boxes', aid)
end
function M.leased(aid)
  local lease = leaseOf(aid)
  return lease and words(lease.messages) or {}
end
