extension LuaParts {
    /// Reading and replacing a whole town.
    static let wholeTown = #"""
        -- Reply: limit of agents, agents, tasks, messages, events; turns under way are shown as put back.
        function V.export()
          local agents, tasks, letters, events = {}, {}, {}, {}
          for _, id in ipairs(zall('agents')) do
            local agent = copy(agentOf(id))
            if agent.state == 'working' then agent.state = 'idle' end
            agent.pinned_to = nil
            agents[#agents + 1] = flat(agent)
          end
          for _, id in ipairs(zall('tasks')) do tasks[#tasks + 1] = flat(T.get(id)) end
          adoptAll(int())
          for _, id in ipairs(zall('messages')) do
            local m = copy(M.get(id))
            if m.state == 'leased' then m.state = 'queued' end
            m.id, m.body = id, bodyOf(id)
            letters[#letters + 1] = flat(m)
          end
          for _, entry in ipairs(redis.call('XRANGE', P .. 'log', '-', '+')) do
            local e = entry[2]
            e[#e + 1] = 'sequence'; e[#e + 1] = entry[1]:match('^%d+')
            events[#events + 1] = e
          end
          return {meta().maxAgents or false, agents, tasks, letters, events}
        end
        -- Arguments: overwrites, count of dead hosts, their ids.
        local function checkReplacement()
          local overwrites, dead = flag(), {}
          for _ = 1, int() do dead[arg()] = true end
          for _, id in ipairs(zall('hosts')) do
            if not dead[id] then
              local pid = (load('host:' .. id).process or ''):match('^%d+') or '0'
              fail('in_use', 'a host works in this town (process ' .. pid .. '); end it first: tt stop')
            end
          end
          if overwrites then return end
          local agents, tasks = #zall('agents'), redis.call('ZCARD', P .. 'tasks')
          if agents > 0 or tasks > 0 or redis.call('ZCARD', P .. 'messages') > 0 then
            fail('not_empty', 'this town has ' .. agents .. ' agents and ' .. tasks .. ' tasks already')
          end
        end
        V.checkReplacement = checkReplacement
        -- Arguments: those of checkReplacement, then the key under which the new town was put down, word by word.
        function V.replaceAll()
          checkReplacement()
          local staged = P .. arg()
          local n, at, chunk, first = redis.call('LLEN', staged), 0, {}, 1
          local function word()
            if first > #chunk then chunk, first = redis.call('LRANGE', staged, at, at + 999), 1 end
            first, at = first + 1, at + 1
            return chunk[first - 1]
          end
          local function pairs_()
            local r = {}
            for _ = 1, tonumber(word()) do local k = word(); r[k] = word() end
            return r
          end
          local function each(body)
            at, chunk, first = 0, {}, 1
            while at < n do
              local kind = word()
              if kind == 'limit' then body(kind, {limit = word()})
              elseif kind == 'message' then
                local text = word()
                local fields = pairs_()
                body(kind, fields, text)
              else body(kind, pairs_()) end
            end
          end
          local seen, lastMessage, lastEvent = {}, 0, 0
          each(function(kind, r)
            local id = r.id
            if id then
              if seen[kind .. id] then fail('corrupt', kind .. ' ' .. id .. ' is there twice') end
              seen[kind .. id] = true
            end
            if kind == 'message' then
              if r.state == 'leased' then fail('corrupt', 'message ' .. id .. ' belongs to a turn that is not there') end
              if num(r.seq) <= lastMessage then fail('corrupt', 'message ' .. id .. ' is out of order') end
              lastMessage = num(r.seq)
            elseif kind == 'event' then
              if num(r.sequence) <= lastEvent then fail('corrupt', 'event ' .. r.sequence .. ' is out of order') end
              lastEvent = num(r.sequence)
            end
          end)
          -- Nothing is refused from here on.
          forget()
          for _, id in ipairs(zall('hosts')) do redis.call('DEL', P .. 'host:' .. id) end
          redis.call('DEL', P .. 'hosts', P .. 'meta', P .. 'log', P .. 'events')
          records, order, undos, later = {}, {}, {}, {}
          meta().indexed = '1'
          local n_ = 0
          each(function(kind, r, text)
            if kind == 'limit' then meta().maxAgents = r.limit
            elseif kind == 'agent' then A.insert(r)
            elseif kind == 'task' then T.insert(r)
            elseif kind == 'message' then
              local id = r.id
              r.id = nil
              store('message:' .. id, r)
              meta().message = r.seq
              zadd('messages', r.seq, id)
              count(id, r, 1)
              defer('SET', 'body:' .. id, text)
              if r.key then defer('HSET', 'keys', r.key, id) end
              if r.state == 'queued' then M.enlist(r, text) end
            else
              meta().event = r.sequence
              local entry = {'XADD', 'log', r.sequence .. '-0'}
              for k, v in pairs(r) do if k ~= 'sequence' then entry[#entry + 1] = k; entry[#entry + 1] = v end end
              later[#later + 1] = entry
            end
            n_ = n_ + 1
            if n_ % 200 == 0 then
              flush()
              records, order, undos, later = {}, {}, {}, {}
            end
          end)
          redis.call('DEL', staged)
          written = true
        end
        """#
}
