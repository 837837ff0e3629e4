-- The log, and the town as a whole.

-- Arguments: count, then per event: type, message, time, record.
function V.append()
  for _ = 1, int() do
    local kind, text, now = arg(), arg(), int()
    log(kind, text, now, record())
  end
end
-- Arguments: from id, most to look at, most to return, backwards, agent, types.
-- Reply: last sequence that was looked at or nothing, events that fit.
function V.events()
  local from, window, limit, back, agent, types = arg(), int(), int(), flag(), opt(), opt()
  local allowed
  if types then allowed = {}; for _, s in ipairs(words(types)) do allowed[s] = true end end
  local entries = back and call('XREVRANGE', P .. 'log', from, '-', 'COUNT', window)
    or call('XRANGE', P .. 'log', from, '+', 'COUNT', window)
  local found, last = {}, false
  for _, entry in ipairs(entries) do
    local e = {}
    for i = 1, #entry[2], 2 do e[entry[2][i]] = entry[2][i + 1] end
    last = entry[1]:match('%d+$')
    if (not agent or e.agent == agent) and (not allowed or allowed[e.type]) then
      e.sequence = last
      found[#found + 1] = said(e)
      if #found == limit then return {last, found} end
    end
  end
  return {#entries == window and last or false, found}
end
-- Whether an id is among the first or last thousand of the backlog's list.
local function isListed(id)
  local key = P .. 'backlog'
  return call('LPOS', key, id, 'MAXLEN', 1000) or call('LPOS', key, id, 'RANK', -1, 'MAXLEN', 1000)
end
-- Takes a page of agents and tasks of another program into our indexes, in this order. What is in them already
-- stays as it is, so that it may be begun anew.
-- Arguments: count of agents, ids, count of tasks, per task its id and '1' where the backlog listed it when it was
-- read, '1' after the last page.
function V.index()
  for _ = 1, int() do agentOf(arg()) end
  for _ = 1, int() do
    local id, listed = arg(), flag()
    local t = load('task:', id)
    if t and t.id and t.description then
      -- An agent that has claimed it since has said so, or is about to; where the record says that somebody has it, the
      -- list decides.
      listed = listed and (t.state == 'pending' or isListed(id))
      if not t.ordinal then T.takeIn(t, listed) elseif listed then T.listed(t) end
    end
  end
  if flag() then meta().indexed = MODEL.format end
end
