-- Messages: their records, and the lists in which they wait.

local agentOf, nameOf, leaseOf  -- set by the parts that follow
local M = {}
-- A key and an error may hold anything. Lua hashes only some characters of a long text, so it has to differ in
-- many from all others: that is what the id does.
local function writeMessage(m)
  return '{"id":"' .. m.id .. '","seq":"' .. m.seq .. '","state":"' .. m.state .. '","changed":"' .. m.changed
    .. '","type":"' .. m.type .. '","from":"' .. m.from .. '","to":"' .. m.to .. '","lane":"' .. m.lane .. '"'
    .. (m.wakes and ',"wakes":"1"' or '') .. (m.deliveries and ',"deliveries":"' .. m.deliveries .. '"' or '')
    .. (m.deaths and ',"deaths":"' .. m.deaths .. '"' or '')
    .. (m.attempts and ',"attempts":"' .. m.attempts .. '"' or '') .. (m.hops and ',"hops":"' .. m.hops .. '"' or '')
    .. (m.conv and ',"conv":"' .. m.conv .. '"' or '') .. (m.root and ',"root":"' .. m.root .. '"' or '')
    .. (m.path and ',"path":"' .. m.path .. '"' or '') .. (m.task and ',"task":"' .. m.task .. '"' or '')
    .. (m.verified and ',"verified":"' .. m.verified .. '"' or '')
    .. (m.key and ',"key":' .. quoted(m.key) or '') .. (m.error and ',"error":' .. quoted(m.error) or '')
    .. (m.tomb and ',"tomb":"1"}' or '}')
end
-- Counts of what waits for an agent; nothing is written for one to whom nothing was ever sent.
local function writeBox(box)
  if not box.known then return false end
  local types, first = box.types, next(box.types)
  local counts = first and '"' .. first .. '":' .. types[first] or ''
  if first and next(types, first) then
    local names, all = {}, {}
    for name in pairs(types) do names[#names + 1] = name end
    table.sort(names)
    for i = 1, #names do all[i] = '"' .. names[i] .. '":' .. types[names[i]] end
    counts = table.concat(all, ',')
  end
  return '{"known":true,"listed":' .. box.listed .. ',"waiting":' .. box.waiting .. ',"waking":' .. box.waking
    .. ',"types":{' .. counts .. '}}'
end
function M.get(id) return loadText('message:', id, writeMessage) end
function M.put(id, m)
  m.id = id
  M.get(id)
  put('message:', id, m)
end
-- Nil where nothing was ever sent to this agent.
function M.boxOrNone(aid) return loadText('box:', aid, writeBox) end
function M.box(aid)
  local box = M.boxOrNone(aid)
  if not box then
    box = {listed = 0, waiting = 0, waking = 0, types = {}}
    put('box:', aid, box)
  end
  return box
end
local function deadMember(m, id) return format('%016d', num(m.seq)) .. ' ' .. id end
-- Everything that follows from a message's state is counted here.
local function count(id, m, n)
  if m.task and m.type == 'custom' and (m.state == 'queued' or m.state == 'leased') then
    if n > 0 then zadd('offers:' .. m.task, m.seq, id) else zrem('offers:' .. m.task, id, m.seq) end
  end
  if m.state == 'queued' then
    local box = M.box(m.to)
    box.waiting = box.waiting + n
    box.types[m.type] = (box.types[m.type] or 0) + n
    if m.wakes then box.waking = box.waking + n end
    if not box.known then box.known = true; zadd('boxes', 0, m.to) end
    if m.type == 'task_assign' then
      if n > 0 then zadd('assignments:' .. m.task, m.seq, id) else zrem('assignments:' .. m.task, id, m.seq) end
    end
  elseif m.state == 'dead' then
    if n > 0 then zadd('dead', m.changed, deadMember(m, id)) else zrem('dead', deadMember(m, id), m.changed) end
  elseif m.state == 'done' then
    if n > 0 then defer('ZADD', 'done', m.changed, id) else defer('ZREM', 'done', id) end
  end
end
-- The only way in which a message's state changes.
function M.become(id, state, now)
  local m = M.get(id)
  count(id, m, -1)
  m.state, m.changed = state, whole(now)
  count(id, m, 1)
  return m
end
function M.body(id) return call('GET', P .. 'body:' .. id) or '' end
local fresh  -- texts that this verb knows: of its own messages, which are not written yet, and of entries
local function bodyOf(id) return fresh[id] or M.body(id) end

-- An urgent message is pushed at the head and read from the tail, so that those who LPUSH are served in order.
local function listKey(aid, lane) return (lane == '0' and 'urgent:' or 'inbox:') .. aid end
local touched, aside, adopting
local function enlist(m, body, first)
  touched[m.to] = true
  local atHead = (m.lane == '0') ~= (first or false)
  defer(atHead and 'LPUSH' or 'RPUSH', listKey(m.to, m.lane), body)
  local box = M.box(m.to)
  box.listed = box.listed + 1
  m.tomb = nil
end
-- Takes a waiting message out of the middle of its list.
local function withdraw(id, m)
  touched[m.to] = true
  local key, body, box = P .. listKey(m.to, m.lane), bodyOf(id), M.box(m.to)
  later[#later + 1] = function()
    -- Where it is too deep to look for, it stays as an entry that a lease skips.
    if popped[body] or unlist(key, body) then box.listed = box.listed - 1 else m.tomb = '1' end
  end
end

local keys
function M.withKey(key)
  if keys[key] ~= nil then return keys[key] end
  return call('HGET', P .. 'keys', key)
end
function M.insert(id, m, body, now)
  m.seq, m.changed = whole(nextNumber('message')), whole(now)
  M.put(id, m)
  defer('ZADD', 'messages', m.seq, id)
  count(id, m, 1)
  fresh[id] = body
  defer('SET', 'body:' .. id, body)
  if m.key then keys[m.key] = id; defer('HSET', 'keys', m.key, id) end
  if m.state == 'queued' then enlist(m, body) end
end
function M.remove(id)
  local m = M.get(id)
  count(id, m, -1)
  put('message:', id, nil)
  zrem('messages', id, m.seq)
  defer('DEL', 'body:' .. id)
  if m.key then keys[m.key] = false; defer('HDEL', 'keys', m.key) end
end
