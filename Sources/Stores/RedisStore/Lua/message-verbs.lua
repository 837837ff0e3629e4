-- The verbs on messages.

local V = {}
-- Arguments: limit of hops, of the inbox or nothing, count, letters, limits of chains. Reply: per letter its id,
-- '1' for a duplicate, perhaps a refusal.
function V.send()
  local _, maxInbox, replies = int(), tonumber(opt()), {}
  M.setLimits(unpack(words(words_[#words_])))
  for _ = 1, int() do replies[#replies + 1] = M.send(M.readLetter(), maxInbox) end
  return replies
end
-- Arguments: agent, offset, limit, now. Reply: where it goes on or nothing at the end, messages. Entries of which
-- nothing is left are passed over, some thousand a call.
function V.inbox()
  local aid, offset, limit, now = arg(), int(), int(), int()
  M.adopt(aid, now)
  local replies, at, ids, passed = {}, offset, M.leased(aid), 0
  while at < #ids and #replies < limit do
    at = at + 1
    replies[#replies + 1] = M.reply(ids[at])
  end
  local first = #ids
  for _, lane in ipairs({'0', '1'}) do
    local key = P .. (lane == '0' and 'urgent:' or 'inbox:') .. aid
    local last = first + call('LLEN', key)
    while #replies < limit and passed < 2000 and at < last do
      local from, step = at - first, math.min(200, limit - #replies, last - at)
      local entries = lane == '1' and call('LRANGE', key, from, from + step - 1)
        or call('LRANGE', key, -from - step, -from - 1)
      for i = 1, #entries do
        local id = M.entry(aid, entries[lane == '1' and i or #entries + 1 - i], lane, now)
        if id then replies[#replies + 1] = M.reply(id) else passed = passed + 1 end
      end
      at = at + step
    end
    first = last
  end
  return {at < first and whole(at) or false, replies}
end
-- Arguments: agent, limit, now.
function V.take()
  local aid, limit, now = arg(), int(), int()
  M.adopt(aid, now)
  local replies = {}
  touched[aid] = nil
  for _, id in ipairs(M.pull(aid, limit, now)) do
    local m = M.become(id, 'done', now)
    m.deliveries = whole(num(m.deliveries) + 1)
    replies[#replies + 1] = M.reply(id)
  end
  M.settleMail(aid, now)
  return replies
end
-- Arguments: message, agent, now. Reply: '1' where it waited.
function V.acknowledge()
  local id, aid, now = arg(), arg(), int()
  M.adopt(aid, now)
  local m = M.get(id)
  if not m or m.state ~= 'queued' or m.to ~= aid then return '0' end
  M.finish(id, now)
  m.deliveries = whole(num(m.deliveries) + 1)
  return '1'
end
function V.delivery()
  local id = arg()
  return M.get(id) and M.reply(id) or false
end
-- Arguments: offset, limit. Reply: where it goes on or nothing at the end, messages.
function V.deadLetters()
  local offset, limit = int(), int()
  local replies = {}
  if limit < 1 then return {false, replies} end
  local members = call('ZREVRANGE', P .. 'dead', offset, offset + limit - 1)
  for _, member in ipairs(members) do
    local id = member:match(' (.+)$')
    if M.get(id) then replies[#replies + 1] = M.reply(id) end
  end
  return {#members == limit and whole(offset + limit) or false, replies}
end
local function requireDead(id)
  local m = M.get(id)
  if not m or m.state ~= 'dead' then fail('message_not_found', 'there is no dead letter ' .. id) end
  return m
end
-- Arguments: message, recipient or nothing, now.
function V.retryDead()
  local id, to, now = arg(), opt(), int()
  local m = requireDead(id)
  local recipient = to or m.to
  if recipient ~= SUPERVISOR then A.requireStaying(recipient) end
  local back = recipient == m.to
  M.settle('needs:letter:' .. id, now)
  count(id, m, -1)
  m.to, m.seq, m.attempts, m.deliveries, m.deaths = recipient, whole(nextNumber('message')), nil, nil, nil
  m.hops, m.root, m.path = nil, nil, nil  -- who sends it once more begins a chain
  m.state, m.changed = 'queued', whole(now)
  local body = M.bodyOf(id)
  if m.type == 'unreadable' then
    -- What could not be read goes on as a message that holds it.
    m.type, m.wakes, m.lane = 'custom', '1', '1'
    body = M.compose(id, m.from, m.to, 'custom', ',"kind":"unreadable","payload":' .. quoted(body), now).body
    defer('SET', 'body:' .. id, body)
    fresh[id] = body
  end
  count(id, m, 1)
  zadd('messages', m.seq, id)
  M.enlist(m, body)
  if m.type == 'task_assign' then T.reopen(m.task, id, recipient, now) end
  happened('messageRetried', {kind = m.type, to = nameOf(recipient), back = back}, now,
    {agent = recipient, task = m.task, letter = id})
end
-- Arguments: message, now.
function V.dropDead()
  local id, now = arg(), int()
  local m = requireDead(id)
  M.settle('needs:letter:' .. id, now)
  M.remove(id)
  happened('messageDropped', {kind = m.type, to = nameOf(m.to)}, now,
    {agent = m.to, task = m.task, letter = id})
end
-- Takes in what was pushed to agents, from the nth on. Returns where to go on where that was much.
local function adoptFrom(n, now)
  if n == 0 then M.adopt(SUPERVISOR, now) end
  for i, aid in ipairs(call('ZRANGE', P .. 'agents', n, -1)) do
    if M.hasLookedEnough() then return whole(n + i - 1) end
    M.adopt(aid, now)
  end
  return false
end
-- Arguments of both: now, which agent to begin with. Reply: the agent to go on with, or nothing and the counts.
function V.queueCounts()
  local now, first = int(), int()
  local next_ = adoptFrom(first, now)
  if next_ then return {next_} end
  local waiting, leased = 0, 0
  for _, aid in ipairs(zall('boxes')) do waiting = waiting + M.box(aid).waiting end
  for _, aid in ipairs(zall('leases')) do leased = leased + #M.leased(aid) end
  return {false, {whole(waiting), whole(leased), whole(call('ZCARD', P .. 'dead'))}}
end
function V.waitingCounts()
  local now, first = int(), int()
  local next_ = adoptFrom(first, now)
  if next_ then return {next_} end
  local replies = {}
  for _, aid in ipairs(zall('boxes')) do
    local types = {}
    for kind, n in pairs(M.box(aid).types) do
      if n > 0 then types[#types + 1] = kind; types[#types + 1] = whole(n) end
    end
    if #types > 0 then replies[#replies + 1] = {aid, types} end
  end
  return {false, replies}
end
-- Arguments: done before, limit, events to keep. Reply: '1' where there may be more.
function V.tidy()
  local before, limit, keep = arg(), int(), int()
  local old = call('ZRANGEBYSCORE', P .. 'done', '-inf', '(' .. before, 'LIMIT', 0, limit)
  for _, id in ipairs(old) do
    if M.get(id) then M.remove(id) else zrem('done', id) end
  end
  local surplus = call('XLEN', P .. 'log') - math.max(1, keep)
  if surplus > 0 then
    defer('XTRIM', 'log', 'MAXLEN', math.max(1, keep) + math.max(0, surplus - limit))
  end
  return (#old == limit or surplus > limit) and '1' or '0'
end
