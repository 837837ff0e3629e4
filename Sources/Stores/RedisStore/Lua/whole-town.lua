-- Reading, replacing and forgetting a whole town, a page at a time: no script takes longer the larger the town is.
--
-- The key `~state` says what happens to a town, and is not there otherwise. The verbs here look at it themselves,
-- and all others are held back by it:
-- - `hold TOKEN`, for seconds unless it is renewed: the town is being read, and nobody may change it.
-- - `clear ID`, then `fill ID`: another town, staged under `~new:ID`, takes the place of this one. From the first
--   of these on nothing else is possible, and the next caller carries on where the last one stopped.
-- - `reset TIME`: this town is being forgotten.

do  -- a chunk may only have so many locals
local W = {page = 100, bytes = 1048576, hold = '5000', rest = '3600'}
function W.state() return call('GET', P .. '~state') or nil end
-- Ends the verb where another one is at work on the whole town.
function W.requireFree()
  local state = W.state()
  if state then fail(state:match('^hold ') and 'held' or 'renewing', '') end
end
function W.staged(id) return P .. '~new:' .. id end

-- MARK: reading
local reads = {}
-- What others pushed is taken in before anything is read. It may be much: one agent a page then.
function reads.adopt(from, now)
  if from == 0 then M.adopt(SUPERVISOR, now) end
  local ids = call('ZRANGE', P .. 'agents', from, from + W.page - 1)
  for i, id in ipairs(ids) do
    if #later > 0 or M.hasLookedEnough() then return from + i - 1, {} end
    M.adopt(id, now)
  end
  return #ids == W.page and from + W.page or nil, {}
end
function reads.limit() return nil, {meta().maxAgents} end
local function paged(key, read)
  return function(from)
    local ids, found, bytes = call('ZRANGE', P .. key, from, from + W.page - 1), {}, 0
    for i, id in ipairs(ids) do
      local r, n = read(id)
      if r then found[#found + 1] = r end
      bytes = bytes + n
      if bytes > W.bytes then return from + i, found end
    end
    return #ids == W.page and from + W.page or nil, found
  end
end
reads.agents = paged('agents', function(id)
  local agent = agentOf(id)
  if not agent then return nil, 0 end
  agent = copy(agent)
  if agent.state == 'working' then agent.state = 'idle' end
  agent.pinned_to = nil
  return said(agent), 500
end)
reads.tasks = paged('tasks', function(id)
  local t = T.get(id)
  if not t then return nil, 0 end
  return said(t), #(t.description or '') + #(t.result or '') + 500
end)
-- Only the keys: what is under each is read in pages of its own.
reads.documents = paged('docs', function(key) return key, #key end)
reads.messages = paged('messages', function(id)
  local m = M.get(id)
  if not m then return nil, 0 end
  m = copy(m)
  if m.state == 'leased' then m.state = 'queued' end
  local body = M.bodyOf(id)
  return {writeMessage(m), body}, #body + 500
end)
function reads.events(from)
  local entries, found = call('XRANGE', P .. 'log', '(0-' .. whole(from), '+', 'COUNT', W.page), {}
  for _, entry in ipairs(entries) do
    local e = entry[2]
    from = tonumber(entry[1]:match('%d+$'))
    e[#e + 1] = 'sequence'; e[#e + 1] = whole(from)
    found[#found + 1] = e
  end
  return #entries == W.page and from or nil, found
end
-- Arguments: token, part or nothing, where it goes on, now. Reply: nothing where the hold was lost; else where
-- the part goes on or nothing, and its records. Turns under way are shown as put back.
function V.export()
  local token, part, from, now = arg(), arg(), int(), int()
  quiet = true
  if part == '' then
    W.requireFree()
    call('SET', P .. '~state', 'hold ' .. token, 'PX', W.hold)
    return {false, {}}
  end
  if W.state() ~= 'hold ' .. token then return false end
  call('PEXPIRE', P .. '~state', W.hold)
  local next, found = reads[part](from, now)
  return {next and whole(next) or false, found}
end
-- Arguments: token.
function V.letGo()
  if W.state() == 'hold ' .. arg() then call('DEL', P .. '~state') end
end

-- MARK: replacing
-- Arguments: overwrites, count of dead hosts, their ids.
local function checkReplacement()
  local overwrites, dead = flag(), {}
  for _ = 1, int() do dead[arg()] = true end
  local state = W.state()
  -- What cannot be finished can be replaced by what can.
  if not state or not overwrites then W.requireFree() end
  if state and state:match('^hold ') then fail('held', '') end
  for _, id in ipairs(zall('hosts')) do
    if not dead[id] then
      local pid = (load('host:', id) or {}).process
      pid = (pid or ''):match('^%d+') or '0'
      fail('in_use', 'a host works in this town (process ' .. pid .. '); end it first: tt stop')
    end
  end
  if overwrites then return state end
  local agents, tasks = call('ZCARD', P .. 'agents'), call('ZCARD', P .. 'tasks')
  if agents > 0 or tasks > 0 or call('ZCARD', P .. 'messages') > 0 then
    fail('not_empty', 'this town already has ' .. whole(agents) .. (agents == 1 and ' agent and ' or ' agents and ')
      .. whole(tasks) .. (tasks == 1 and ' task' or ' tasks'))
  end
  for _, key in ipairs(call('ZRANGE', P .. 'docs', 0, 99)) do
    if key:sub(1, 8) ~= 'service:' then fail('not_empty', 'this town already has documents (' .. key .. ')') end
  end
end
function V.checkReplacement() checkReplacement() end
-- Puts records of the new town down beside the old one. What nobody carries on is gone after an hour.
-- Arguments: id, count of records that are there, count of new ones, per record its kind, fields and text.
function V.stage()
  local staged, n = W.staged(arg()), int()
  local seen, last = staged .. ':seen', staged .. ':last'
  if call('LLEN', staged) ~= n then
    fail('corrupt', 'the server has lost parts of the new town; nothing was changed: run it again')
  end
  local least = {message = num(call('HGET', last, 'message')), event = num(call('HGET', last, 'event'))}
  for _ = 1, int() do
    local kind, r = arg(), record()
    local text = kind == 'message' and arg() or nil
    local id = r.id
    if id and call('SADD', seen, kind .. id) == 0 then fail('corrupt', kind .. ' ' .. id .. ' is there twice') end
    if kind == 'message' and r.state == 'leased' then
      fail('corrupt', 'message ' .. id .. ' belongs to a turn that is not there')
    end
    local place = r[kind == 'message' and 'seq' or 'sequence']
    if place then
      if num(place) <= least[kind] then fail('corrupt', kind .. ' ' .. (id or place) .. ' is out of order') end
      least[kind] = num(place)
    end
    call(kind == 'gone' and 'LPUSH' or 'RPUSH', staged, cmsgpack.pack({kind, r, text}))
  end
  call('HSET', last, 'message', whole(least.message), 'event', whole(least.event))
  for _, key in ipairs({staged, seen, last}) do call('EXPIRE', key, W.rest) end
end
-- Arguments: id. Forgets what was staged, unless it is taking its place.
function V.unstage()
  local id = arg()
  local state = W.state()
  if state == 'clear ' .. id or state == 'fill ' .. id then return end
  local staged = W.staged(id)
  call('UNLINK', staged, staged .. ':seen', staged .. ':last')
end
-- Decides that the new town takes the place of the old one. Arguments: id, count of records, then those of
-- checkReplacement. Said again, it does nothing.
function V.switch()
  local id, n = arg(), int()
  local staged, state = W.staged(id), W.state()
  if state == 'clear ' .. id or state == 'fill ' .. id then return end
  state = checkReplacement()
  if call('LLEN', staged) ~= n then
    fail('corrupt', 'the server has lost parts of the new town; nothing was changed: run it again')
  end
  call('UNLINK', staged .. ':seen', staged .. ':last')
  call('PERSIST', staged)
  local other = state and state:match('^%l+ (%x+%-.*)$')
  if other then call('UNLINK', W.staged(other)) end
  call('SET', P .. '~state', 'clear ' .. id)
end

-- MARK: forgetting
-- Removes what the first entries of an index stand for; returns how many.
local function drop(index, kinds, limit)
  local ids, names = call('ZRANGE', P .. index, 0, limit - 1), {}
  if #ids == 0 then return 0 end
  for _, id in ipairs(ids) do
    for _, kind in ipairs(kinds) do names[#names + 1] = P .. kind .. id end
    if #names > 1000 then call('UNLINK', unpack(names)); names = {} end
  end
  if #names > 0 then call('UNLINK', unpack(names)) end
  call('ZREMRANGEBYRANK', P .. index, 0, #ids - 1)
  return #ids
end
local indexes = {
  {'messages', 'message:', 'body:'}, {'tasks', 'task:', 'needing:', 'assignments:', 'offers:'},
  {'agents', 'agent:', 'box:', 'inbox:', 'urgent:', 'lease:', 'sends:', 'stop:', 'activity:', 'events:agent:', 'owned:',
    'open:', 'held:', 'removing:'},
  {'boxes', 'box:', 'inbox:', 'urgent:'}, {'hosts', 'host:'}, {'docs', 'doc:', 'names:'}, {'due', 'due:'}}
-- One page of it; returns how much of `limit` is left, or 0 where there may be more.
function W.forget(limit, keepsHosts)
  for _, index in ipairs(indexes) do
    if limit < 1 then return 0 end
    if index[1] ~= 'hosts' or not keepsHosts then
      limit = limit - drop(index[1], {unpack(index, 2)}, limit)
    end
  end
  if limit < 1 then return 0 end
  for _, state in ipairs(states) do
    call('UNLINK', P .. 'tasks:state:' .. state)
  end
  for _, key in ipairs({'live', 'leases', 'tasks:waiting', 'backlog', 'backlog:order', 'dead', 'done', 'keys', 'log',
    'events'}) do
    call('UNLINK', P .. key)
  end
  return limit
end

-- MARK: carrying on
local function bytes(r, name)
  local hex = r[name .. '_hex']
  if not hex then return r[name] or '' end
  return (hex:gsub('..', function(digits) return string.char(tonumber(digits, 16)) end))
end
local function keep(r)
  local name, value = bytes(r, 'name'), bytes(r, 'value')
  if r.kind == 'item' then defer('RPUSH', M.documentKey(r.key), value)
  else M.keepDocument({key = r.key, kind = r.kind, name = name}, value, r.due) end
end
local function place(kind, r, text)
  if kind == 'gone' then defer('UNLINK', r.key)
  elseif kind == 'kept' then keep(r)
  elseif kind == 'limit' then meta().maxAgents = r.limit
  elseif kind == 'agent' then A.insert(r)
  elseif kind == 'task' then T.insert(r)
  elseif kind == 'message' then
    local id = r.id
    M.put(id, r)
    call('HSET', P .. 'meta', 'message', r.seq)
    zadd('messages', r.seq, id)
    count(id, r, 1)
    defer('SET', 'body:' .. id, text)
    if r.key then defer('HSET', 'keys', r.key, id) end
    if r.state == 'queued' then M.enlist(r, text) end
  else
    local entry = {'XADD', P .. 'log', '0-' .. r.sequence}
    for k, v in pairs(r) do if k ~= 'sequence' then entry[#entry + 1] = k; entry[#entry + 1] = v end end
    later[#later + 1] = entry
  end
end
-- Takes the first staged records into the town; returns whether there may be more.
local function fill(id, limit)
  local staged, at, size = W.staged(id), 0, 0
  while at < limit and size < W.bytes do
    local entries = call('LRANGE', staged, at, at + 9)
    for _, entry in ipairs(entries) do
      local one = cmsgpack.unpack(entry)
      place(one[1], one[2], one[3])
      size = size + #entry
    end
    at = at + #entries
    if #entries < 10 then break end
  end
  if at > 0 then defer('LPOP', '~new:' .. id, at) end
  return call('LLEN', staged) > at
end
-- One page of what is under way. Reply: '1' where there is more to do.
function V.advance()
  local state = W.state()
  local stage, id = (state or ''):match('^(%l+) (.+)$')
  if not stage or stage == 'hold' then return '0' end
  local limit = W.page
  if stage ~= 'fill' then
    limit = W.forget(limit, stage == 'reset')
    if limit == 0 then quiet = true; return '1' end
    local kept = {'indexed', MODEL.format}
    for _, k in ipairs(stage == 'reset' and {'event', 'ordinal', 'message'} or {}) do
      local n = call('HGET', P .. 'meta', k)
      if n then kept[#kept + 1] = k; kept[#kept + 1] = n end
    end
    call('DEL', P .. 'meta')
    call('HSET', P .. 'meta', unpack(kept))
  end
  if stage == 'reset' then
    -- Events go on where they were, though none of them is left.
    happened('townReset', {}, num(id), nil, num(call('HGET', P .. 'meta', 'event')) + 1)
  elseif fill(id, limit) then
    quiet = true
    call('SET', P .. '~state', 'fill ' .. id)
    return '1'
  end
  defer('DEL', '~state')
  return '0'
end
-- Arguments: now. Reply: '1' where there is more to do.
function V.reset()
  local now = arg()
  W.requireFree()
  local first = zall('leases')[1]
  if first then fail('illegal_move', nameOf(first) .. ' takes a turn; end it first') end
  local last = call('XREVRANGE', P .. 'log', '+', '-', 'COUNT', 1)[1]
  if last then call('HSET', P .. 'meta', 'event', last[1]:match('%d+$')) end
  call('SET', P .. '~state', 'reset ' .. now)
  return V.advance()
end
end
