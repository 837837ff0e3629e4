-- The usual case of the three verbs that a message's life is made of, in as few steps as it takes: a message that is
-- about no task, to an agent that had some before; a turn that takes all that waits, none of it urgent; and its end
-- without anything unusual.
--
-- A short way writes what its verb would write, byte for byte, and replies the same (`RedisShortWays` compares
-- them). What is not of its case it leaves to the verb, before it has written anything: then it returns nil. Only a
-- function has them; a script would be built with them for each call.

local short_ = {}
do
local function agentFields(key)
  local fields, agent = call('HGETALL', key), {}
  for i = 1, #fields, 2 do agent[fields[i]] = fields[i + 1] end
  return agent
end
local function text(v) return v:sub(1, 1) == '+' and v:sub(2) or nil end

-- Arguments: as V.send.
function short_.send(a)
  if a[5] ~= '1' or a[18] ~= '-' or a[19] ~= '-' then return nil end
  local id, body, at, from, to, kind, lane = a[6], a[7], a[10], a[11], a[12], a[13], a[14]
  local verified = text(a[20])
  if verified == '0' then return nil end
  local boxKey, messageKey = P .. 'box:' .. to, P .. 'message:' .. id
  local found = call('MGET', P .. '~state', messageKey, boxKey, P .. 'lease:' .. from)
  if found[1] or found[2] or not found[3] then return nil end
  local hops, conv = text(a[16]), text(a[17])
  -- What a turn sends belongs to a chain.
  if found[4] and from ~= SUPERVISOR then return nil end
  if num(hops) > tonumber(a[3]) then return nil end
  local sender = from == SUPERVISOR and 'supervisor' or call('HGET', P .. 'agent:' .. from, 'name')
  local known = to == SUPERVISOR and {'supervisor'} or call('HMGET', P .. 'agent:' .. to, 'name', 'state')
  local name = known[1]
  if not sender or not name then return nil end
  local box, wakes, urgent = cjson.decode(found[3]), text(a[15]), lane == '0'
  -- The person in charge is told of mail for an agent that has ended.
  if wakes and from ~= SUPERVISOR and ended[known[2]] then return nil end
  if box.waiting >= (tonumber(text(a[4])) or math.huge) then return nil end
  box.listed, box.waiting, box.types[kind] = box.listed + 1, box.waiting + 1, (box.types[kind] or 0) + 1
  if wakes then box.waking = box.waking + 1 end
  call(urgent and 'LPUSH' or 'RPUSH', P .. (urgent and 'urgent:' or 'inbox:') .. to, body)
  local n = whole(call('HINCRBY', P .. 'meta', 'message', 1))
  call('ZADD', P .. 'messages', n, id)
  call('MSET', P .. 'body:' .. id, body, boxKey, writeBox(box), messageKey, writeMessage({id = id, seq = n,
    state = 'queued', changed = at, type = kind, from = from, to = to, lane = lane, wakes = wakes, hops = hops,
    conv = conv, verified = verified}))
  local event, said_ = MODEL.sentence('messageSent', {from = sender, to = name, kind = a[8], urgent = urgent,
    about = a[9]})
  call('XADD', P .. 'log', '0-*', 'type', event, 'message', said_, 'at', at, 'agent', to, 'letter', id)
  return {{id, '0'}}
end

-- Arguments: as V.lease.
function short_.lease(a)
  local aid, host, turn, at, expires, limit, proof = a[3], a[4], a[5], a[6], a[7], tonumber(a[8]), text(a[10])
  local boxKey, leaseKey = P .. 'box:' .. aid, P .. 'lease:' .. aid
  local agentKey, inbox = P .. 'agent:' .. aid, P .. 'inbox:' .. aid
  local found = call('MGET', P .. '~state', leaseKey, boxKey)
  if found[1] or found[2] or not found[3] then return nil end
  local box = cjson.decode(found[3])
  if box.waking < 1 or box.listed > limit or call('EXISTS', P .. 'urgent:' .. aid, P .. 'open:' .. aid) > 0 then
    return nil
  end
  local agent = agentFields(agentKey)
  local old = agent.state
  if (old ~= 'idle' and old ~= 'starting') or not agent.ordinal or not agent.name or agent.stop_request
    or agent.retry_at or agent.pinned_to or agent.current_task or outOfRounds(agent) then
    return nil
  end
  local entries = call('LRANGE', inbox, 0, limit)
  local n = #entries
  if n == 0 or n ~= box.listed then return nil end
  local ids, names, seen = {}, {}, {}
  for i = 1, n do
    local id = entries[i]:sub(8, 43)
    if entries[i]:sub(1, 7) ~= '{"id":"' or seen[id] then return nil end
    ids[i], names[i], seen[id] = id, P .. 'message:' .. id, true
  end
  local letters, hops, conv, set, deliveries = call('MGET', unpack(names)), 0, nil, {'MSET'}, {}
  for i = 1, n do
    local m = letters[i] and cjson.decode(letters[i])
    if not m or m.state ~= 'queued' or m.to ~= aid or m.lane ~= '1' or m.task or m.attempts or m.tomb
      or m.deaths then
      return nil
    end
    hops, conv = math.max(hops, num(m.hops)), conv or m.conv
    m.state, m.changed, m.deliveries = 'leased', at, whole(num(m.deliveries) + 1)
    box.types[m.type], box.waiting, box.listed = box.types[m.type] - 1, box.waiting - 1, box.listed - 1
    if m.wakes then box.waking = box.waking - 1 end
    local letter = writeMessage(m)
    set[2 * i], set[2 * i + 1], deliveries[i] = names[i], letter, {letter, entries[i]}
  end
  local epoch, time = whole(num(agent.epoch) + 1), rfc(tonumber(at), '+00:00')
  agent.epoch, agent.state, agent.last_active_at, agent.last_heartbeat = epoch, 'working', time, time
  local lease = writeLease({agent = aid, epoch = epoch, turn = turn, host = host, started = at, expires = expires,
    hops = whole(hops), conv = conv, proof = proof, messages = table.concat(ids, ' ')})
  local k = #set
  set[k + 1], set[k + 2], set[k + 3], set[k + 4] = boxKey, writeBox(box), leaseKey, lease
  call('LPOP', inbox, n)
  call(unpack(set))
  call('HSET', agentKey, 'epoch', epoch, 'state', 'working', 'last_active_at', time, 'last_heartbeat', time)
  call('ZADD', P .. 'leases', 0, aid)
  local event, said_ = MODEL.sentence('turnStarted', {agent = agent.name,
    number = whole(num(agent.rounds_completed) + 1), count = whole(n)})
  call('XADD', P .. 'log', '0-*', 'type', event, 'message', said_, 'at', at, 'agent', aid, 'turn', turn, 'old', old,
    'new', 'working')
  return {lease, said(agent), deliveries, {}}
end

-- Arguments: as V.commit.
function short_.commit(a)
  if a[8] ~= '0' or a[9] ~= '1' then return nil end
  local aid, at, last, session = a[3], a[7], 11, nil
  if a[10] == '1' then
    last = 12 + 2 * tonumber(a[11])
    session = {}
    for i = 12, last - 1, 2 do session[a[i]] = a[i + 1] end
  end
  if a[last] ~= '0' then return nil end
  local leaseKey, agentKey = P .. 'lease:' .. aid, P .. 'agent:' .. aid
  local found = call('MGET', P .. '~state', leaseKey)
  if found[1] or not found[2] then return nil end
  local lease = cjson.decode(found[2])
  if lease.epoch ~= a[4] or lease.turn ~= a[5] or lease.host ~= a[6] then return nil end
  local agent = agentFields(agentKey)
  if agent.state ~= 'working' or not agent.ordinal or not agent.name or agent.current_task or agent.stop_request
    or agent.failures or agent.retry_at or agent.attention or agent.host_deaths then
    return nil
  end
  local ids, names = words(lease.messages), {}
  for i = 1, #ids do names[i] = P .. 'message:' .. ids[i] end
  local letters, set, done = call('MGET', unpack(names)), {'MSET'}, {'ZADD', P .. 'done'}
  for i = 1, #ids do
    local m = letters[i] and cjson.decode(letters[i])
    if not m or m.state ~= 'leased' or m.task or m.type == 'shutdown' then return nil end
    m.state, m.changed = 'done', at
    set[2 * i], set[2 * i + 1], done[2 * i + 1], done[2 * i + 2] = names[i], writeMessage(m), at, ids[i]
  end
  local time = rfc(tonumber(at), '+00:00')
  local fields, n = {'HSET', agentKey, 'state', 'idle', 'last_active_at', time, 'last_heartbeat', time}, 8
  for _, k in ipairs({'rounds_completed', 'rounds_since_start'}) do
    agent[k] = whole(num(agent[k]) + 1)
    fields[n + 1], fields[n + 2], n = k, agent[k], n + 2
  end
  for i = 1, session and #sessionFields or 0 do
    local k = sessionFields[i]
    local v = session[k]
    if v then agent[k] = v; fields[n + 1], fields[n + 2], n = k, v, n + 2 elseif agent[k] then return nil end
  end
  agent.state, agent.last_active_at, agent.last_heartbeat = 'idle', time, time
  call(unpack(set))
  call(unpack(done))
  call('DEL', leaseKey)
  call('ZREM', P .. 'leases', aid)
  call(unpack(fields))
  local event, said_ = MODEL.sentence('turnFinished', {agent = agent.name, number = agent.rounds_completed,
    length = a[last + 1], cost = text(a[last + 2])})
  call('XADD', P .. 'log', '0-*', 'type', event, 'message', said_, 'at', at, 'agent', aid, 'turn', a[5],
    'detail', a[last + 3])
  return {said(agent), {}, {}, {}}
end
end
