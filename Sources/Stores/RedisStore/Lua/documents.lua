-- Documents, and batches of steps. What a feature means by a document is none of the server's business: nothing here
-- knows any of them.
--
-- A mission's documents are where Tinytown keeps them; all others are below `doc:`, so that no key of a feature is
-- one of the town's. The sorted sets `docs` (keys), `names:{key}`, `due` (features) and `due:{feature}` find them.
-- All of it is changed at once, as sorted sets are: a batch reads what it changed.

do  -- a chunk may only have so many locals
local kinds = {string = 'text', hash = 'field', set = 'member', list = 'item'}
local function isOurs(key) return key:sub(1, 8) ~= 'mission:' end
local function keyOf(key) return (isOurs(key) and 'doc:' or '') .. key end
M.documentKey = keyOf
local function feature(key) return key:match('^[^:]*') end
local function dueName(p) return p.key .. '\0' .. p.kind .. '\0' .. p.name end
local function kindOf(key)
  local kind = call('TYPE', P .. keyOf(key)).ok
  return kind ~= 'none' and (kinds[kind] or kind) or nil
end
local function content(p)
  local key = P .. keyOf(p.key)
  if kindOf(p.key) ~= p.kind then return nil end
  if p.kind == 'text' then return p.name == '' and call('GET', key) or nil end
  if p.kind == 'field' then return call('HGET', key, p.name) or nil end
  if p.kind == 'member' then return call('SISMEMBER', key, p.name) == 1 and '' or nil end
  return #p.name == 10 and p.name:match('^%d+$') and call('LINDEX', key, tonumber(p.name)) or nil
end
local function reply(p, text)
  return {p.key, p.kind, p.name, text, call('ZSCORE', P .. 'due:' .. feature(p.key), dueName(p))}
end
local function readPlace() return {key = arg(), kind = arg(), name = arg()} end
local function write(back, ...) call(...); undos[#undos + 1] = back end
local function setDue(p, due)
  local f = feature(p.key)
  if due then
    zadd('due', 0, f)
    zadd('due:' .. f, due, dueName(p))
  else
    zrem('due:' .. f, dueName(p))
  end
end
local function remove(p, old)
  local key = P .. keyOf(p.key)
  if p.kind == 'text' then write({'SET', key, old}, 'DEL', key)
  elseif p.kind == 'field' then write({'HSET', key, p.name, old}, 'HDEL', key, p.name)
  else write({'SADD', key, p.name}, 'SREM', key, p.name) end
  if isOurs(p.key) then
    zrem('names:' .. p.key, p.name)
    if call('EXISTS', key) == 0 then zrem('docs', p.key) end
  end
  setDue(p, nil)
end
local function set(p, old, new, due)
  local key, kind = P .. keyOf(p.key), kindOf(p.key)
  if kind and kind ~= p.kind then
    fail('invalid', p.key .. ' holds documents of the kind ' .. kind .. ', not ' .. p.kind)
  end
  if new ~= old then
    if p.kind == 'text' then write(old and {'SET', key, old} or {'DEL', key}, 'SET', key, new)
    elseif p.kind == 'field' then
      write(old and {'HSET', key, p.name, old} or {'HDEL', key, p.name}, 'HSET', key, p.name, new)
    else write({'SREM', key, p.name}, 'SADD', key, p.name) end
  end
  if isOurs(p.key) then
    zadd('docs', 0, p.key)
    if p.kind ~= 'text' then zadd('names:' .. p.key, 0, p.name) end
  end
  setDue(p, due)
end
-- For a town that is moved into place.
function M.keepDocument(p, text, due) set(p, nil, text, due) end

-- Arguments: count, per change a place, what is expected, what it becomes.
function V.documents()
  for _ = 1, int() do
    local p, expects = readPlace(), arg()
    local expected = expects == 'content' and arg() or nil
    local becomes = arg()
    local new, due
    if becomes == 'content' then new, due = arg(), opt() end
    local old = content(p)
    if (expects == 'absent' and old) or (expected and old ~= expected) then
      fail('conflict', p.key .. ' is not as it was read; read it again')
    end
    if new then set(p, old, new, due) elseif becomes == 'absent' and old then remove(p, old) end
  end
end
-- Arguments: place. Reply: the document or nothing.
function V.document()
  local p = readPlace()
  local text = content(p)
  return text and reply(p, text) or false
end
-- The names after one (nil: from the first) of a key, in order.
local function namesAfter(key, after, limit)
  local kind, full = kindOf(key), P .. keyOf(key)
  if kind == 'text' then return after and {} or {''} end
  if kind == 'item' then
    local names, n = {}, call('LLEN', full)
    for i = after and (tonumber(after) or -1) + 1 or 0, n - 1 do
      if #names == limit then break end
      names[#names + 1] = format('%010d', i)
    end
    return names
  end
  if isOurs(key) then
    return call('ZRANGEBYLEX', P .. 'names:' .. key, after and '(' .. after or '-', '+', 'LIMIT', 0, limit)
  end
  local all = kind == 'field' and call('HKEYS', full) or kind == 'member' and call('SMEMBERS', full) or {}
  table.sort(all)
  local names = {}
  for _, name in ipairs(all) do
    if #names < limit and (not after or name > after) then names[#names + 1] = name end
  end
  return names
end
-- Arguments: key, whether there is a name, the name, limit. Reply: the documents after it, by name.
function V.documentsOf()
  local key, isAfter, name, limit = arg(), flag(), arg(), int()
  local kind, replies = kindOf(key), {}
  for _, n in ipairs(kind and namesAfter(key, isAfter and name or nil, limit) or {}) do
    local p = {key = key, kind = kind, name = n}
    local text = content(p)
    if text then replies[#replies + 1] = reply(p, text) end
  end
  return replies
end
-- Arguments: feature, now, limit. Reply: when the next one is due or nothing, the documents that are. What another
-- program has removed is due no more.
function V.due()
  local f, now, limit = arg(), arg(), int()
  local key, replies = 'due:' .. f
  repeat
    local gone = {}
    replies = {}
    local found = call('ZRANGEBYSCORE', P .. key, '-inf', now, 'LIMIT', 0, limit)
    for _, member in ipairs(found) do
      local k, kind, name = member:match('^(%Z+)%z(%a+)%z(.*)$')
      local p = {key = k, kind = kind, name = name}
      local text = content(p)
      if text then replies[#replies + 1] = reply(p, text) else gone[#gone + 1] = member end
    end
    for _, member in ipairs(gone) do zrem(key, member) end
  until #gone == 0
  local next_ = call('ZRANGE', P .. key, #replies, #replies, 'WITHSCORES')
  return {next_[2] or false, replies}
end
-- Arguments: count, per step its verb, how many words it reads, the words. Reply: what each step says; they end with
-- a lease that finds nothing.
function V.perform()
  local replies, outer, limits = {}, words_, M.limits()
  for _ = 1, int() do
    local verb, n = arg(), int()
    local at = position
    words_, position = {}, 0
    for i = 1, n do words_[i] = outer[at + i] end
    M.setLimits(unpack(limits))
    replies[#replies + 1] = V[verb]() or false
    words_, position = outer, at + n
    if verb == 'lease' and not replies[#replies] then break end
  end
  return replies
end
end
