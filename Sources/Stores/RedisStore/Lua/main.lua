-- What a verb works on is made anew for each; all else stays as long as the server keeps the function.

local function empty(t) return t and next(t) == nil and t or {} end
local function begin(names, arguments)
  call, format = redis.call, string.format
  P, words_, position = names[1], arguments, 0
  records, order, undos, later, written, quiet = {}, {}, {}, {}, false, false
  texts, popped, fresh, touched, aside, adopting, keys =
    empty(texts), empty(popped), empty(fresh), empty(touched), empty(aside), empty(adopting), empty(keys)
  for i = 1, #atBegin do atBegin[i]() end
end
-- Those that look themselves at what happens to the whole town.
local own = {export = 1, letGo = 1, checkReplacement = 1, stage = 1, unstage = 1, switch = 1, advance = 1, reset = 1}
-- What precedes a verb of a turn's own commands: its lease, and what it sends. `turn`: '1' where a change is
-- announced, token, count of what is sent, now, limits ('-' for none).
local function beginTurn(turn)
  requireLease({agent = turn[2], epoch = turn[3], turn = turn[4], host = turn[5]})
  M.setLimits(turn[10], turn[11], turn[12], turn[13])
  local n, now, perTurn, perMinute = tonumber(turn[6]), tonumber(turn[7]), tonumber(turn[8]), tonumber(turn[9])
  if n == 0 or not (perTurn or perMinute) then return end
  local sends = load('sends:', turn[2])
  if not sends then sends = {}; put('sends:', turn[2], sends) end
  if sends.turn ~= turn[4] then sends.turn, sends.in_turn = turn[4], '0' end
  local since = tonumber(sends.since)
  if not since or now < since or now - since >= 60000000 then sends.since, sends.in_minute = whole(now), '0' end
  add(sends, 'in_turn', n); add(sends, 'in_minute', n)
  if perTurn and num(sends.in_turn) > perTurn then
    fail('too_many_sends', 'this turn has sent ' .. whole(perTurn)
      .. ' messages and tasks, which is its limit (limits.sends_per_turn)')
  end
  if perMinute and num(sends.in_minute) > perMinute then
    fail('too_many_sends', 'this agent has sent ' .. whole(perMinute)
      .. ' messages and tasks within a minute, which is its limit (limits.sends_per_minute)')
  end
end
local function serve(names, arguments)
  begin(names, arguments)
  local verb, asked = arg(), words(arg())
  local rings, turn = asked[1] == '1', asked[2] and asked
  local state = not own[verb] and call('GET', P .. '~state')
  if state and not state:match('^hold ') then return {'no', 'renewing', ''} end
  -- These write as they go.
  if state and verb:match('^bring') then return {'no', 'held', ''} end
  held = state and true or false
  local ok, reply = true, nil
  if turn then ok, reply = pcall(beginTurn, turn) end
  if ok then ok, reply = pcall(V[verb]) end
  if ok then
    local wrote, why = pcall(flush)
    if not wrote then ok, reply = false, why end
  end
  if not ok then
    undo()
    if type(reply) == 'table' and reply.code then return {'no', reply.code, reply.text} end
    local text = type(reply) == 'table' and (reply.err or 'unknown') or tostring(reply)
    return redis.error_reply(text:match('^%u+ ') and text or 'ERR ' .. text)
  end
  if written and rings and not quiet then call('PUBLISH', P .. 'changes', '') end
  return {'ok', reply}
end
