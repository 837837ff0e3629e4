-- How a message is sent, composed, refused, told about and shown.

function M.known(id, key)
  if M.get(id) then return id end
  return key and M.withKey(key) or nil
end
-- What a message of a running turn inherits from it.
function M.inherit(m)
  local lease = m.from ~= SUPERVISOR and leaseOf(m.from)
  if not lease then return end
  local hops = math.max(num(m.hops), num(lease.hops) + 1)
  m.hops = whole(hops)
  m.conv = m.conv or lease.conv
  -- The longest of the chains that the turn works on.
  local most, root
  for _, id in ipairs(words(lease.messages)) do
    local other = M.get(id)
    if other and (not most or num(other.hops) > num(most.hops)) then most, root = other, other.root or id end
  end
  if not most then return end
  m.root = root
  local way = words(most.path)
  way[#way + 1] = m.from
  m.path = table.concat(way, ' ', math.max(1, #way - MODEL.longestPath + 1))
  -- That a task is completed goes back to where its giver was: that is progress, and no circle.
  if m.type == 'task_done' then m.hops, m.path = whole(math.max(0, num(lease.hops) - 1)), nil end
  if m.hops == '0' then m.hops = nil end
end
local maxHops, sameAgent, pingPong, perRoot, chains
function M.setLimits(a, b, c, d)
  maxHops, sameAgent, pingPong, perRoot = tonumber(a), tonumber(b), tonumber(c), tonumber(d)
end
function M.limits() return {maxHops, sameAgent, pingPong, perRoot} end
atBegin[#atBegin + 1] = function() chains = {}; M.setLimits(unpack(MODEL.limits)) end
local ordinals = {'first', 'second', 'third'}
-- Why a message with all that it inherits is held back, or nothing. Counts it. The same rules as `Storm`.
function M.judged(m)
  local n = 0
  if m.wakes and m.to ~= SUPERVISOR and m.root then
    n = (chains[m.root] or num(call('GET', P .. 'chain:' .. m.root))) + 1
    chains[m.root] = n
    defer('SET', 'chain:' .. m.root, whole(n), 'EX', 604800)
  end
  if num(m.hops) > maxHops then
    return MODEL.notice('tooManyHops', {number = m.hops, limit = whole(maxHops)})
  end
  if m.to == SUPERVISOR or not m.wakes or not m.path then return nil end
  local way, times, passes = words(m.path), 0, 1
  local from = way[#way]
  way[#way + 1] = m.to
  for i = 1, #way do if way[i] == m.to then times = times + 1 end end
  if times >= sameAgent then
    return MODEL.notice('sameAgent', {agent = nameOf(m.to), number = ordinals[times] or whole(times) .. 'th'})
  end
  if from == m.to then passes = 0 end
  while passes > 0 and #way - passes >= 2 and way[#way - passes - 1] == way[#way - passes + 1] do
    passes = passes + 1
  end
  if passes >= pingPong then
    return MODEL.notice('pingPong', {from = nameOf(from), to = nameOf(m.to), limit = whole(pingPong)})
  end
  if n > perRoot then
    return MODEL.notice('tooManyMessages', {id = short(m.root), limit = whole(perRoot)})
  end
end
-- The sender's name, and whether somebody else only gave it.
local function isOfTown(m)
  return m.from == SUPERVISOR and m.to == SUPERVISOR and (m.key or ''):sub(1, 6) == 'needs:'
end
local function senderOf(m)
  if isOfTown(m) then return 'the town' end
  return nameOf(m.from) .. (m.verified == '0' and ' (unverified)' or '')
end
-- `letter`: id, record, body, about (the end of its line in the log).
function M.deliver(letter, toName, now)
  local m = letter.record
  m.state = 'queued'
  M.insert(letter.id, m, letter.body, now)
  happened('messageSent', {from = senderOf(m), to = toName or nameOf(m.to), kind = letter.kind or m.type,
    urgent = m.lane == '0', about = letter.about}, now,
    {agent = m.to, task = m.task, letter = letter.id})
end
-- A message of the store's own. `payload` is its part of the JSON, `spoken` its text.
function M.compose(id, from, to, kind, payload, now, more)
  more = more or {}
  local priority = more.priority or 'normal'
  local m = {from = from, to = to, type = kind, task = more.task, conv = more.conv, hops = more.hops,
    root = more.root, path = more.path,
    lane = (priority == 'high' or priority == 'urgent') and '0' or '1',
    wakes = (MODEL.wakes[kind] or kind == 'custom') and '1' or nil}
  local body = '{"id":"' .. id .. '","from":"' .. from .. '","to":"' .. to .. '","type":"' .. kind .. '"' .. payload
    .. ',"priority":"' .. priority .. '","created_at":"' .. rfc(now, 'Z') .. '","correlation_id":'
    .. (more.correlation and '"' .. more.correlation .. '"' or 'null') .. (more.rest or '') .. '}'
  return {id = id, record = m, body = body, kind = more.kind, about = more.about}
end
function M.notify(about, id, text, purpose, number, now)
  if about.from == SUPERVISOR or not agentOf(about.from) then return end
  local notice = derived(purpose, id, whole(number))
  if M.get(notice) then return end
  M.deliver(M.compose(notice, SUPERVISOR, about.from, 'informational', ',"summary":' .. quoted(text), now,
    {correlation = id, conv = about.conv, about = firstLine(text)}), nil, now)
end
-- Makes a message a dead letter at once.
function M.refuse(letter, why, now)
  local m = letter.record
  m.state, m.error = 'dead', why
  M.insert(letter.id, m, letter.body, now)
  local to = nameOf(m.to)
  happened('messageRefused', {from = senderOf(m), to = to, kind = m.type, reason = why}, now,
    {agent = m.to, task = m.task, letter = letter.id})
  M.notify(m, letter.id, MODEL.notice('notDelivered', {kind = m.type, to = to, reason = why}), 'refusal', 0, now)
end
function M.readLetter()
  local letter = {id = arg(), body = arg(), kind = arg(), about = arg(), created = int()}
  letter.record = {from = arg(), to = arg(), type = arg(), lane = arg(), wakes = opt(), hops = opt(),
    conv = opt(), task = opt(), key = opt(), verified = opt()}
  return letter
end
-- Makes a message a dead letter that its chain has no business with, and tells the person, once for a root.
function M.hold(letter, why, now)
  local m = letter.record
  M.refuse(letter, why, now)
  -- A person who begins a chain too far on reads that in the receipt.
  if m.from == SUPERVISOR and not m.path then return end
  M.tellPerson('needs:root:' .. (m.root or letter.id), MODEL.notice('circle', {id = letter.id,
    kind = m.type, from = nameOf(m.from), to = nameOf(m.to), reason = why}), now, true)
end
-- `maxInbox`: nothing for any number.
function M.send(letter, maxInbox)
  local m = letter.record
  local known = M.known(letter.id, m.key)
  if known then return {known, '1'} end
  local toName = 'supervisor'
  if m.to ~= SUPERVISOR then
    toName = peek('agent:', m.to, 'name')
    if not toName then fail('agent_not_found', 'there is no agent ' .. m.to) end
  end
  M.inherit(m)
  local why = M.judged(m)
  if not why then
    if maxInbox then
      M.adopt(m.to, letter.created)
      if M.box(m.to).waiting >= maxInbox then
        fail('inbox_full', 'the inbox of ' .. toName .. ' is full: ' .. whole(maxInbox)
          .. ' messages wait, which is the limit (limits.max_inbox)')
      end
    end
    M.deliver(letter, toName, letter.created)
    M.noteMail(m, letter.created)
    return {letter.id, '0'}
  end
  M.hold(letter, why, letter.created)
  return {letter.id, '0', why}
end
function M.finish(id, now)
  local m = M.get(id)
  if m.state == 'queued' then withdraw(id, m) end
  M.become(id, 'done', now)
  M.settleMail(m.to, now)
end
-- Puts a message about a thing that needs the person in charge into their mailbox, unless one waits there already.
-- `once`: also not if there was one that has been read.
function M.tellPerson(key, text, now, once)
  local known = M.withKey(key)
  local m = known and M.get(known)
  local own = key
  if m then
    if not isOfTown(m) then
      own = nil  -- somebody else took the key: the person is told all the same
    elseif once or m.state == 'queued' then
      return
    else
      M.remove(known)
    end
  end
  local id = derived('needs', key, whole(now))
  if M.get(id) then return end
  local letter = M.compose(id, SUPERVISOR, SUPERVISOR, 'query', ',"question":' .. quoted(text), now,
    {priority = 'high', rest = own and ',"idempotency_key":' .. quoted(own) or '', about = firstLine(text)})
  letter.record.key = own
  M.deliver(letter, 'supervisor', now)
end
-- Takes the message about a thing that needs nobody any more out of the mailbox.
function M.settle(key, now)
  local known = M.withKey(key)
  local m = known and M.get(known)
  if m and m.state == 'queued' and isOfTown(m) then M.finish(known, now) end
end
-- A message became a dead letter, and no task failed with it.
function M.tellOfDeath(m, id, now)
  M.tellPerson('needs:letter:' .. id, MODEL.notice('messageDead', {id = id, kind = m.type,
    from = nameOf(m.from), to = nameOf(m.to), reason = m.error}), now)
end
M.enlist, M.bodyOf = enlist, bodyOf
function M.reply(id)
  return {writeMessage(M.get(id)), bodyOf(id)}
end
