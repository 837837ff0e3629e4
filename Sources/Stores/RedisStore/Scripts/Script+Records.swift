extension LuaParts {
    /// Records in memory until the end of the verb, what is written then, and what is undone where it fails.
    static let records = #"""
        local records, order, undos, later, written, quiet  -- those of this verb; set by `begin`
        local atBegin = {}  -- what makes the parts' own state anew for each verb
        local popped  -- entries that this verb takes from the front of their list
        -- The record of a key, to be changed in place; nil where there is none.
        local function load(key)
          local r = records[key]
          if not r then
            local fields, now = call('HGETALL', P .. key), nil
            if fields[1] then
              now = {}
              for i = 1, #fields, 2 do now[fields[i]] = fields[i + 1] end
            end
            r = {old = fields, now = now}
            records[key] = r
            order[#order + 1] = key
          end
          return r.now
        end
        -- One field of a record that is only read.
        local function peek(key, field)
          local r = records[key]
          if r then return r.now and r.now[field] or nil end
          return call('HGET', P .. key, field) or nil
        end
        local function store(key, record) load(key); records[key].now = record end
        local function table_of(key)
          local r = load(key)
          if not r then r = {}; store(key, r) end
          return r
        end
        -- A count that has come to nothing stays: it will be needed again, and to write it is as cheap as to delete it.
        local function add(r, field, n) r[field] = whole(num(r[field]) + n) end
        -- What is written at the end, in this order: lists, texts, streams.
        local function defer(...) later[#later + 1] = {...} end

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

        local function meta() return table_of('meta') end
        local function nextNumber(name)
          local all = meta()
          local n = num(all[name]) + 1
          all[name] = whole(n)
          return n
        end

        -- Takes one entry out of a list where it is within the first or last thousand; true where it did.
        local function unlist(key, entry)
          if call('LPOS', P .. key, entry, 'MAXLEN', 1000) then
            call('LREM', P .. key, 1, entry)
            return true
          elseif call('LPOS', P .. key, entry, 'RANK', -1, 'MAXLEN', 1000) then
            call('LREM', P .. key, -1, entry)
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
        local function flush()
          if #undos > 0 or #later > 0 then writing() end
          for _, step in ipairs(later) do
            if step[1] == 'UNLIST' then
              -- Where it is too deep to look for, it stays as an entry that a lease skips.
              local found = popped[step[3]] or unlist(step[2], step[3])
              local box, m = table_of(step[4]), load(step[5])
              if found then add(box, 'listed', -1) elseif m then m.tomb = '1' end
            else
              step[2] = P .. step[2]
              call(unpack(step))
            end
          end
          for i = 1, #order do
            local key = order[i]
            local r = records[key]
            local old, now = r.old, r.now
            if not now then
              if old[1] then writing(); call('DEL', P .. key) end
            else
              local set, gone, n, same = nil, nil, 2, 0
              for j = 1, #old, 2 do
                local k = old[j]
                local v = now[k]
                if v == nil then
                  gone = gone or {'HDEL', P .. key}
                  gone[#gone + 1] = k
                else
                  same = same + 1
                  if v ~= old[j + 1] then
                    set = set or {'HSET', P .. key}
                    set[n + 1], set[n + 2], n = k, v, n + 2
                  end
                end
              end
              -- What is left are the fields that it did not have.
              for _ in pairs(now) do same = same - 1 end
              if same < 0 then
                local had = {}
                for j = 1, #old, 2 do had[old[j]] = true end
                set = set or {'HSET', P .. key}
                for k, v in pairs(now) do
                  if not had[k] then set[n + 1], set[n + 2], n = k, v, n + 2 end
                end
              end
              if set then writing(); call(unpack(set)) end
              if gone then writing(); call(unpack(gone)) end
            end
          end
        end
        local function undo()
          for i = #undos, 1, -1 do call(unpack(undos[i])) end
        end

        -- What Tinytown's readers know of events; the others stay in our own log.
        local shared = {
          agent_state_changed = 1, agent_spawned = 1, agent_stopped = 1, agent_interrupted = 1, agent_resumed = 1,
          agent_completed = 1, agent_failed = 1, task_assigned = 1, task_completed = 1, task_failed = 1}
        local subjects = {'agent', 'task', 'turn', 'letter', 'old', 'new'}
        local function capital(s) return (s:gsub('^%l', string.upper)) end
        local function log(kind, text, now, about)
          about = about or {}
          local entry = {'XADD', 'log', whole(nextNumber('event')) .. '-0', 'type', kind, 'message', text, 'at', whole(now)}
          local n = #entry
          for i = 1, 6 do
            local k = subjects[i]
            if about[k] then entry[n + 1], entry[n + 2], n = k, about[k], n + 2 end
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
