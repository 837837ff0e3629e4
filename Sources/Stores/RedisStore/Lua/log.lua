-- The town's log, and the events that Tinytown's readers follow.

-- What Tinytown's readers know of events; the others stay in our own log.
local shared = {
  agent_state_changed = 1, agent_spawned = 1, agent_stopped = 1, agent_interrupted = 1, agent_resumed = 1,
  agent_completed = 1, agent_failed = 1, task_assigned = 1, task_completed = 1, task_failed = 1}
local subjects = {'agent', 'task', 'turn', 'letter', 'old', 'new', 'detail'}
local function capital(s) return (s:gsub('^%l', string.upper)) end
local function share(kind, text, now, about)
  local data = '{"event_type":"' .. kind .. '"'
  if about.agent then data = data .. ',"agent_id":"' .. about.agent .. '"' end
  if about.task then data = data .. ',"task_id":"' .. about.task .. '"' end
  if about.old then data = data .. ',"old_state":"' .. capital(about.old) .. '"' end
  if about.new then data = data .. ',"new_state":"' .. capital(about.new) .. '"' end
  data = data .. ',"message":' .. quoted(text) .. ',"timestamp":"' .. rfc(now, 'Z') .. '"}'
  -- Tinytown's streams are numbered by the server, so that both programs can append to them.
  defer('XADD', 'events', 'MAXLEN', '~', 1000, '*', 'event_type', kind, 'data', data)
  if about.agent then
    defer('XADD', 'events:agent:' .. about.agent, 'MAXLEN', '~', 100, '*', 'event_type', kind, 'data', data)
  end
end
-- The server counts the events, 0-1, 0-2 and so on, unless it is said what number this one has.
local function log(kind, text, now, about, number)
  local id = number and '0-' .. whole(number) or '0-*'
  local entry, n = {'XADD', P .. 'log', id, 'type', kind, 'message', text, 'at', whole(now)}, 9
  if about then
    for i = 1, 7 do
      local k = subjects[i]
      local v = about[k]
      if v then entry[n + 1], entry[n + 2], n = k, v, n + 2 end
    end
  end
  later[#later + 1] = entry
  if shared[kind] then share(kind, text, now, about or {}) end
end
-- Logs a sentence of the model, with facts for its places.
local function happened(sentence, facts, now, about, number)
  if about and about.task then facts.task = short(about.task) end
  local kind, text = MODEL.sentence(sentence, facts)
  log(kind, text, now, about, number)
end
