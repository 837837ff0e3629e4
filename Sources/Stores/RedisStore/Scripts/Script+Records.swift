extension LuaParts {
    /// Records in memory until the end of the verb, what is written then, and what is undone where it fails.
    static let records = #"""
        local records, order, undos, later, written, quiet = {}, {}, {}, {}, false, false
        local popped = {}  -- entries that this verb takes from the front of their list
        -- The record of a key, to be changed in place; nil where there is none.
        local function load(key)
          local r = records[key]
          if not r then
            local fields, old = redis.call('HGETALL', P .. key), {}
            for i = 1, #fields, 2 do old[fields[i]] = fields[i + 1] end
            r = {old = old, now = next(old) and copy(old) or nil}
            records[key] = r
            order[#order + 1] = key
          end
          return r.now
        end
        local function store(key, record) load(key); records[key].now = record end
        local function table_of(key)
          local r = load(key)
          if not r then r = {}; store(key, r) end
          return r
        end
        local function add(r, field, n)
          local sum = num(r[field]) + n
          r[field] = sum ~= 0 and whole(sum) or nil
        end
        -- What is written at the end, in this order: lists, texts, streams.
        local function defer(...) later[#later + 1] = {...} end

        local function zadd(key, score, member)
          local old = redis.call('ZSCORE', P .. key, member)
          redis.call('ZADD', P .. key, score, member)
          undos[#undos + 1] = old and {'ZADD', P .. key, old, member} or {'ZREM', P .. key, member}
        end
        local function zrem(key, member)
          local old = redis.call('ZSCORE', P .. key, member)
          if not old then return end
          redis.call('ZREM', P .. key, member)
          undos[#undos + 1] = {'ZADD', P .. key, old, member}
        end
        local function zall(key) return redis.call('ZRANGE', P .. key, 0, -1) end

        local function meta() return table_of('meta') end
        local function nextNumber(name) add(meta(), name, 1); return num(meta()[name]) end

        -- Takes one entry out of a list where it is within the first or last thousand; true where it did.
        local function unlist(key, entry)
          if redis.call('LPOS', P .. key, entry, 'MAXLEN', 1000) then
            redis.call('LREM', P .. key, 1, entry)
            return true
          elseif redis.call('LPOS', P .. key, entry, 'RANK', -1, 'MAXLEN', 1000) then
            redis.call('LREM', P .. key, -1, entry)
            return true
          end
          return false
        end
        local function flush()
          for _, step in ipairs(later) do
            if step[1] == 'UNLIST' then
              -- Where it is too deep to look for, it stays as an entry that a lease skips.
              local found = popped[step[3]] or unlist(step[2], step[3])
              local box, m = table_of(step[4]), load(step[5])
              if found then add(box, 'listed', -1) elseif m then m.tomb = '1' end
            else
              step[2] = P .. step[2]
              redis.call(unpack(step))
            end
            written = true
          end
          for _, key in ipairs(order) do
            local old, now = records[key].old, records[key].now
            if not now then
              if next(old) then redis.call('DEL', P .. key); written = true end
            else
              local set, gone = {'HSET', P .. key}, {'HDEL', P .. key}
              for k, v in pairs(now) do if old[k] ~= v then set[#set + 1] = k; set[#set + 1] = v end end
              for k in pairs(old) do if now[k] == nil then gone[#gone + 1] = k end end
              if #set > 2 then redis.call(unpack(set)); written = true end
              if #gone > 2 then redis.call(unpack(gone)); written = true end
            end
          end
          if #undos > 0 then written = true end
        end
        local function undo()
          for i = #undos, 1, -1 do redis.call(unpack(undos[i])) end
        end

        -- What Tinytown's readers know of events; the others stay in our own log.
        local shared = {
          agent_state_changed = 1, agent_spawned = 1, agent_stopped = 1, agent_interrupted = 1, agent_resumed = 1,
          agent_completed = 1, agent_failed = 1, task_assigned = 1, task_completed = 1, task_failed = 1}
        local function capital(s) return (s:gsub('^%l', string.upper)) end
        local function log(kind, text, now, about)
          about = about or {}
          local entry = {'XADD', 'log', whole(nextNumber('event')) .. '-0', 'type', kind, 'message', text, 'at', whole(now)}
          for _, k in ipairs({'agent', 'task', 'turn', 'letter', 'old', 'new'}) do
            if about[k] then entry[#entry + 1] = k; entry[#entry + 1] = about[k] end
          end
          later[#later + 1] = entry
          if not shared[kind] then return end
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
        """#
}
