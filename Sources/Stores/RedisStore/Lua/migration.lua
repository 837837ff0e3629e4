-- Records in the form used before Tinytown 0.10 become the town's. Old keys are arguments in full: they do not begin
-- with the town's prefix. Each verb does one step that is whole in itself and may be repeated (W59).

-- Arguments: kind, id, old key, its text where it is JSON, then the fields which that becomes.
-- Reply: moved, gone, taken (there is one in the new place), changed (it is not what was read).
function V.bring()
  local kind, id, old, text = arg(), arg(), arg(), opt()
  local key = kind .. ':' .. id
  local type_ = redis.call('TYPE', old).ok
  if type_ == 'none' then return 'gone' end
  if old ~= P .. key and redis.call('EXISTS', P .. key) == 1 then return 'taken' end
  if text then
    if type_ ~= 'string' or redis.call('GET', old) ~= text then return 'changed' end
    -- The new record is there in full before the old one goes.
    local staged = P .. 'incoming:' .. id
    redis.call('DEL', staged)
    redis.call('HSET', staged, unpack(flat(record())))
    redis.call('RENAME', staged, P .. key)
    if old ~= P .. key then redis.call('DEL', old) end
  else
    if type_ ~= 'hash' then return 'changed' end
    redis.call('RENAME', old, P .. key)
  end
  written = true
  local r = load(kind .. ':', id)
  if not r.ordinal then
    if kind == 'agent' then A.takeIn(r) else T.takeIn(r, false) end
  end
  return 'moved'
end
-- Arguments: kind, id, old key, now. What is in the old list comes before what is in the new one.
-- Reply: how many entries were moved, and how many are left for the next call.
function V.bringList()
  local kind, id, old, now = arg(), arg(), arg(), int()
  local key = P .. kind .. ':' .. id
  local type_ = redis.call('TYPE', old).ok
  if type_ ~= 'list' then return {'0', '0'} end
  written = true
  local n, moved = redis.call('LLEN', old), 0
  if redis.call('RENAMENX', old, key) == 1 then
    moved = n
  elseif kind == 'inbox' then
    while moved < n and moved < 500 do redis.call('LMOVE', old, key, 'RIGHT', 'LEFT'); moved = moved + 1 end
  else
    -- Urgent messages are read from the tail; activities are read from the head, and ten are kept.
    while moved < n and moved < 500 do redis.call('LMOVE', old, key, 'LEFT', 'RIGHT'); moved = moved + 1 end
    if kind == 'activity' then redis.call('LTRIM', key, 0, 9) end
  end
  if kind ~= 'activity' then M.adopt(id, now) end
  return {whole(moved), whole(n - moved)}
end
-- Arguments: id, old key. Both keys say the same, so either will do.
function V.bringStop()
  local id, old = arg(), arg()
  if redis.call('TYPE', old).ok ~= 'string' then return 'gone' end
  if redis.call('RENAMENX', old, P .. 'stop:' .. id) == 0 then redis.call('DEL', old) end
  written = true
  return 'moved'
end
-- Arguments: old key, how many of its last entries stay. From the tail on, so that the order is kept.
-- Reply: how many were moved, ids of tasks that are not there, and so stay, how many are left.
function V.bringBacklog()
  local old, skip, moved, unknown = arg(), int(), 0, {}
  if redis.call('TYPE', old).ok ~= 'list' then return {'0', {}, '0'} end
  local entries = redis.call('LRANGE', old, -skip - 200, -skip - 1)
  for i = #entries, 1, -1 do
    local id = entries[i]
    local t = T.get(uuid(id) or id)
    if t and t.id and t.description then
      if not t.ordinal then T.takeIn(t, false) end
      -- One that has ended, or that is listed already, needs no second place.
      if T.listed(t) then redis.call('LPUSH', P .. 'backlog', t.id) end
      redis.call('LREM', old, -1, id)
      moved, written = moved + 1, true
    else
      unknown[#unknown + 1] = id
    end
  end
  return {whole(moved), unknown, whole(redis.call('LLEN', old) - skip - #unknown)}
end
