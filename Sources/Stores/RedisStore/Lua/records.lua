-- Records in memory until the end of the verb, what is written then, and what is undone if it fails.
--
-- A verb first does its work on copies of records and writes at its end, so one that fails has written nothing. Sorted
-- sets are changed at once, because a verb reads what it changed; they are changed back if it fails.
--
-- Agents, tasks and hosts are hashes, because Tinytown's are; of those a verb writes the fields that it changed. A
-- record that only we have is one JSON text, which costs a third of a hash to read and to write.

local records, order, undos, later, written, quiet  -- those of this verb; set by `begin`
local atBegin = {}  -- what makes the parts' own state anew for each verb
local texts  -- those that were fetched before they are records
local popped  -- entries that this verb takes from the front of their list
-- The record of a hash, to be changed in place; nil where there is none.
local function load(kind, id)
  local key = P .. kind .. id
  local r = records[key]
  if r then return r.now end
  local fields, now = call('HGETALL', key), nil
  if fields[1] then
    now = {}
    for i = 1, #fields, 2 do now[fields[i]] = fields[i + 1] end
  end
  records[key] = {old = fields, now = now}
  order[#order + 1] = key
  return now
end
-- The same of a text. `write` turns it into one, always in the same way, so that what has not changed is seen.
local function loadText(kind, id, write)
  local key = P .. kind .. id
  local r = records[key]
  if r then return r.now end
  local text = texts[key]
  if text == nil then text = call('GET', key) end
  local now = text and cjson.decode(text) or nil
  records[key] = {old = text, now = now, write = write}
  order[#order + 1] = key
  return now
end
-- Reads texts that a verb needs in any case, all at once.
local function fetch(...)
  local names = {...}
  for i = 1, #names do names[i] = P .. names[i] end
  local found = call('MGET', unpack(names))
  for i = 1, #names do texts[names[i]] = found[i] end
end
-- Puts a record in the place of one that was loaded, or takes that away.
local function put(kind, id, r) records[P .. kind .. id].now = r end
local function store(kind, id, r) load(kind, id); put(kind, id, r) end
-- The text of a record that this verb changes no more.
local function textOf(kind, id)
  local r = records[P .. kind .. id]
  r.text = r.text or r.write(r.now)
  return r.text
end
-- One field of a hash that is only read.
local function peek(kind, id, field)
  local key = P .. kind .. id
  local r = records[key]
  if r then return r.now and r.now[field] or nil end
  return call('HGET', key, field) or nil
end
local function meta()
  local m = load('meta', '')
  if not m then m = {}; put('meta', '', m) end
  return m
end
-- A count that has come to nothing stays: it will be needed again, and to write it is as cheap as to delete it.
local function add(r, field, n) r[field] = whole(num(r[field]) + n) end
-- What is written at the end, in this order: lists, texts, streams.
local function defer(command, key, ...) later[#later + 1] = {command, P .. key, ...} end

local function zadd(key, score, member)
  key = P .. key
  if call('ZADD', key, 'NX', score, member) == 1 then
    undos[#undos + 1] = {'ZREM', key, member}
    return
  end
  local old = call('ZSCORE', key, member)
  if tonumber(old) == tonumber(score) then return end
  call('ZADD', key, score, member)
  undos[#undos + 1] = {'ZADD', key, old, member}
end
-- `score` is what it was added with, where that is known.
local function zrem(key, member, score)
  key = P .. key
  score = score or call('ZSCORE', key, member)
  if score and call('ZREM', key, member) == 1 then undos[#undos + 1] = {'ZADD', key, score, member} end
end
local function zall(key) return call('ZRANGE', P .. key, 0, -1) end
-- The next of a row of numbers.
local function nextNumber(name)
  local key = P .. 'meta'
  local n = call('HINCRBY', key, name, 1)
  undos[#undos + 1] = {'HINCRBY', key, name, -1}
  return n
end

-- Takes one entry out of a list where it is within the first or last thousand; true where it did.
local function unlist(key, entry)
  if call('LPOS', key, entry, 'MAXLEN', 1000) then
    call('LREM', key, 1, entry)
    return true
  elseif call('LPOS', key, entry, 'RANK', -1, 'MAXLEN', 1000) then
    call('LREM', key, -1, entry)
    return true
  end
  return false
end
-- While somebody reads the whole town, a verb may read, and waits with what it would write.
local held  -- set by `serve`
local function writing()
  if held then fail('held', '') end
  written = true
end
-- Writes the fields of a hash that are not as they were read.
local function writeHash(key, old, now)
  local set, gone, n, same = nil, nil, 2, 0
  for j = 1, #old, 2 do
    local k = old[j]
    local v = now[k]
    if v == nil then
      gone = gone or {'HDEL', key}
      gone[#gone + 1] = k
    else
      same = same + 1
      if v ~= old[j + 1] then
        set = set or {'HSET', key}
        set[n + 1], set[n + 2], n = k, v, n + 2
      end
    end
  end
  -- What is left are the fields that it did not have.
  for _ in pairs(now) do same = same - 1 end
  if same < 0 then
    local had = {}
    for j = 1, #old, 2 do had[old[j]] = true end
    set = set or {'HSET', key}
    for k, v in pairs(now) do
      if not had[k] then set[n + 1], set[n + 2], n = k, v, n + 2 end
    end
  end
  if set then writing(); call(unpack(set)) end
  if gone then writing(); call(unpack(gone)) end
end
local function flush()
  if #undos > 0 or #later > 0 then writing() end
  for i = 1, #later do
    local step = later[i]
    if type(step) == 'function' then step() else call(unpack(step)) end
  end
  local all, n = {'MSET'}, 1
  for i = 1, #order do
    local key = order[i]
    local r = records[key]
    local old, now, write = r.old, r.now, r.write
    if write then
      if now then
        local text = r.text or write(now)
        if text ~= old then all[n + 1], all[n + 2], n = key, text, n + 2 end
      elseif old then
        writing(); call('DEL', key)
      end
    elseif now then
      writeHash(key, old, now)
    elseif old[1] then
      writing(); call('DEL', key)
    end
    if n > 1000 then
      writing(); call(unpack(all))
      all, n = {'MSET'}, 1
    end
  end
  if n > 1 then writing(); call(unpack(all)) end
end
local function undo()
  for i = #undos, 1, -1 do call(unpack(undos[i])) end
end
