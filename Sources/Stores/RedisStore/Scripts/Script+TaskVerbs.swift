extension LuaParts {
    /// The verbs on tasks, and those that move an agent's work.
    static let taskVerbs = #"""
        -- Arguments: count, then per task: record, assignee or nothing, announcement, created.
        function V.create()
          local made = {}
          for _ = 1, int() do
            local t, assignee, announcement, created = record(), opt(), arg(), int()
            if not T.get(t.id) then
              if assignee then requireAgent(assignee) end
              T.insert(t)
              made[#made + 1] = {id = t.id, assignee = assignee, announcement = announcement, created = created,
                isOver = over[t.state]}
            end
          end
          local ids = {}
          for _, new in ipairs(made) do T.checkNeeds(T.get(new.id)); ids[#ids + 1] = new.id end
          T.checkCycles(ids)
          for _, new in ipairs(made) do
            local t = copy(T.get(new.id))
            log('task_created', 'task ' .. short(t.id) .. ' created' .. (t.in_backlog and ' in the backlog' or '') .. ': '
              .. T.title(t), new.created, {task = t.id, new = t.state})
            if not new.isOver then
              if T.isHeldBack(t) then t = copy(T.hold(t, new.created)) end
              if new.assignee then
                local owner = requireAgent(new.assignee)
                local assigned = T.after(t, 'assign', new.assignee, new.created)
                T.update(assigned, t)
                T.announce(assigned, t, owner, assigned.created_by or SUPERVISOR, new.announcement, new.created)
              end
            end
          end
          for _, new in ipairs(made) do
            if new.isOver then T.endGroup(T.get(new.id), new.created) end
          end
        end
        -- Arguments: task, move, value, by, announcement, now. Reply: the task.
        function V.move()
          local id, move, value, by, announcement, now = arg(), arg(), arg(), arg(), arg(), int()
          return said(T.move(id, move, value, by, announcement, now))
        end
        -- Arguments: task, agent, the message's id, which follows from both, now. Reply: what became of it.
        function V.offer()
          local id, aid, message, now = arg(), arg(), arg(), int()
          local candidate = requireAgent(aid)
          if M.get(message) then return 'known' end
          if not mayOffer(candidate, leaseOf(aid) ~= nil, M.hasWork(aid, now), now) then return 'busy' end
          local t = T.get(id)
          if not t or not t.in_backlog then return 'taken' end
          for _, offer in ipairs(zall('offers:' .. id)) do
            local m = M.get(offer)
            local agent = m and agentOf(m.to)
            if agent and not ended[agent.state] and (leaseOf(agent.id)
              or (canTakeTurns(agent) and not outOfRounds(agent) and not backsOff(agent, now))) then
              return 'taken'
            end
          end
          M.deliver(M.compose(message, SUPERVISOR, aid, 'custom', ',"kind":"backlog_offer","payload":"' .. id .. '"', now,
            {task = id, kind = 'backlog_offer'}), candidate.name, now)
          log('task_offered', 'task ' .. short(id) .. ' of the backlog was offered to ' .. candidate.name .. ': '
            .. T.title(t), now, {agent = aid, task = id, letter = message})
          return 'offered'
        end
        -- Arguments: now, count, then per revision: task, what it says.
        function V.revise()
          local now, changed = int(), {}
          local said = {'description', 'tags', 'parent_id', 'depends_on', 'is_group'}
          for _ = 1, int() do
            local id, says = arg(), record()
            local found = T.get(id)
            if not found then fail('task_not_found', 'there is no task ' .. id) end
            local old, t, isSame = copy(found), copy(found), true
            for _, k in ipairs(said) do
              local before = old[k] or (k == 'tags' and '[]' or nil)
              if before ~= says[k] then isSame = false end
              t[k] = says[k]
            end
            if not isSame then
              if says.is_group and old.assigned_to then
                fail('illegal_move', 'task ' .. short(id) .. ' has an owner and cannot be a group')
              end
              if old.state ~= 'pending' and old.state ~= 'assigned' then
                fail('illegal_move', 'task ' .. short(id) .. ' cannot be changed so: revise is not possible while '
                  .. old.state)
              end
              t.updated_at = rfc(now, '+00:00')
              if old.is_group then
                t.in_backlog = not says.is_group and not t.waiting and not t.assigned_to and '1' or nil
              end
              if says.is_group then t.in_backlog = nil end
              T.update(t, old)
              changed[#changed + 1] = {old = old, id = id}
            end
          end
          local ids = {}
          for _, c in ipairs(changed) do T.checkNeeds(T.get(c.id)); ids[#ids + 1] = c.id end
          T.checkCycles(ids)
          for _, c in ipairs(changed) do
            local t = copy(T.get(c.id))
            log('task_revised', 'task ' .. short(t.id) .. ' was changed: ' .. T.title(t), now,
              {agent = t.assigned_to, task = t.id})
            if not over[t.state] then
              local isHeld = T.isHeldBack(t)
              if isHeld and not t.waiting then t = T.hold(t, now) end
              if not isHeld and t.waiting then t = T.letGoOn(copy(t), now) end
              if c.old.is_group or t.is_group then T.reconsiderParts(t, now) end
            end
          end
        end
        function V.task()
          local t = T.get(arg())
          return t and said(t) or false
        end
        -- Arguments: source, first rank, most to look at, most to return, states, owner, backlog, prefix, waiting.
        -- Reply: next rank or nothing, tasks that fit.
        function V.tasks()
          local source, rank, window, limit = arg(), int(), int(), int()
          local states, owner, backlog, prefix, waiting = opt(), opt(), opt(), opt(), opt()
          local allowed
          if states then allowed = {}; for _, s in ipairs(words(states)) do allowed[s] = true end end
          if rank == 0 then T.lookAround() end
          local ids = call('ZRANGE', P .. source, rank, rank + window - 1)
          local found = {}
          for i, id in ipairs(ids) do
            local t = (not prefix or id:sub(1, #prefix) == prefix) and T.get(id)
            if t and (not allowed or allowed[t.state]) and (not owner or t.assigned_to == owner)
              and (not backlog or (t.in_backlog ~= nil) == (backlog == '1'))
              and (not waiting or (t.waiting ~= nil) == (waiting == '1')) then
              found[#found + 1] = said(t)
              if #found == limit then return {whole(rank + i), found} end
            end
          end
          return {#ids == window and whole(rank + window) or false, found}
        end
        function V.taskCounts()
          local replies = {}
          T.lookAround()
          for _, state in ipairs({'pending', 'assigned', 'running', 'completed', 'failed', 'cancelled'}) do
            replies[#replies + 1] = state
            replies[#replies + 1] = whole(call('ZCARD', P .. 'tasks:state:' .. state))
          end
          return {whole(call('ZCARD', P .. 'backlog:order')), replies}
        end
        local function openTasks(aid)
          local found = {}
          for _, id in ipairs(zall('open:' .. aid)) do
            local t = T.get(id)
            if t and not over[t.state] and t.assigned_to == aid then found[#found + 1] = id end
          end
          return found
        end
        local function requeueTasks(aid, now)
          local moved = openTasks(aid)
          for _, id in ipairs(moved) do T.move(id, 'requeue', nil, SUPERVISOR, '', now) end
          return moved
        end
        -- Ends a message that only points to a task which needs none any more. It is out of its list already.
        local function settlePointer(id, now)
          local m = M.get(id)
          if m.type == 'custom' and m.task then
            M.become(id, 'done', now)
            return true
          end
          local t = m.type == 'task_assign' and T.get(m.task)
          if not t or (not over[t.state] and t.assigned_to == m.to) then return false end
          M.become(id, 'done', now)
          return true
        end
        -- Arguments: agent, now. Reply: tasks, count of dead letters.
        function V.remove()
          local aid, now = arg(), int()
          local agent = requireAgent(aid)
          A.requireEnded(agent)
          M.adopt(aid, now)
          local tasks, dead = requeueTasks(aid, now), 0
          for _, id in ipairs(M.pull(aid, 1e9, now)) do
            if not settlePointer(id, now) then
              local m = M.get(id)
              m.error = 'its agent was removed'
              M.become(id, 'dead', now)
              dead = dead + 1
              log('message_dead', 'a ' .. m.type .. ' message to ' .. agent.name
                .. ' is a dead letter: its agent was removed', now, {agent = aid, task = m.task, letter = id})
              if m.wakes then
                M.notify(m, id, 'your ' .. m.type .. ' message was not worked on: ' .. agent.name
                  .. ' was removed from the town', 'death', num(m.seq), now)
              end
            end
          end
          local parts = {}
          if #tasks > 0 then parts[#parts + 1] = #tasks .. ' of its tasks are in the backlog again' end
          if dead > 0 then parts[#parts + 1] = dead .. ' of its messages are dead letters' end
          log('agent_removed', agent.name .. ' was removed from the town' .. (#parts > 0 and '; ' or '')
            .. table.concat(parts, ', '), now, {agent = aid, old = agent.state})
          store('agent:', aid, nil)
          zrem('agents', aid); zrem('live', aid)
          for _, key in ipairs({'stop:', 'activity:', 'events:agent:'}) do defer('DEL', key .. aid) end
          return {tasks, whole(dead)}
        end
        -- Arguments: agent, destination or nothing for the backlog, now. Reply: tasks, made, messages, count left.
        function V.reclaim()
          local aid, target, now = arg(), opt(), int()
          local name, source = nameOf(aid), agentOf(aid)
          if source then A.requireEnded(source) end
          M.adopt(aid, now)
          local tasks, made, messages, left, stay = {}, {}, {}, 0, {}
          if target then
            local owner = requireAgent(target)
            if target == aid then fail('illegal_move', name .. ' has this work already') end
            for _, id in ipairs(openTasks(aid)) do
              if T.get(id).state == 'running' then T.move(id, 'requeue', nil, SUPERVISOR, '', now) end
              -- A task may come back to an agent that had it before, and is announced anew.
              T.move(id, 'assign', target, SUPERVISOR, derived('reclaimed', id, target, whole(now)), now)
              tasks[#tasks + 1] = id
            end
            for _, id in ipairs(M.pull(aid, 1e9, now)) do
              local m = M.get(id)
              if not settlePointer(id, now) then
                if m.type == 'shutdown' then
                  stay[#stay + 1] = id
                else
                  count(id, m, -1)
                  m.to, m.attempts, m.error, m.changed = target, '0', nil, whole(now)
                  m.seq = whole(nextNumber('message'))
                  count(id, m, 1)
                  zadd('messages', m.seq, id)
                  M.enlist(m, M.bodyOf(id))
                  log('message_moved', 'a ' .. m.type .. ' message moved from ' .. name .. ' to ' .. owner.name, now,
                    {agent = target, task = m.task, letter = id})
                  messages[#messages + 1] = id
                end
              end
            end
          else
            tasks = requeueTasks(aid, now)
            for _, id in ipairs(M.pull(aid, 1e9, now)) do
              local m = M.get(id)
              if not settlePointer(id, now) then
                local ok, j = pcall(cjson.decode, m.type == 'task' and M.bodyOf(id) or '')
                if ok and type(j) == 'table' and type(j.description) == 'string' then
                  local t = {id = derived('reclaimed', id), description = j.description, state = 'pending', tags = '[]',
                    created_at = rfc(now, '+00:00'), updated_at = rfc(now, '+00:00'), created_by = m.from, in_backlog = '1'}
                  if not T.get(t.id) then
                    T.insert(t)
                    log('task_created', 'task ' .. short(t.id) .. ' created in the backlog: ' .. T.title(t), now,
                      {task = t.id, new = t.state})
                  end
                  M.become(id, 'done', now)
                  made[#made + 1] = t.id
                else
                  stay[#stay + 1] = id
                end
              end
            end
          end
          for i = #stay, 1, -1 do M.enlist(M.get(stay[i]), M.bodyOf(stay[i]), true) end
          return {tasks, made, messages, whole(#stay)}
        end
        """#

    /// The log, and the town as a whole.
    static let townVerbs = #"""
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
        -- Takes agents and tasks of another program into our indexes, in this order.
        -- Arguments: count of agents, ids, count of tasks, ids, '1' after the last.
        function V.index()
          for _ = 1, int() do
            local agent = agentOf(arg())
            if agent and agent.id and agent.name and not agent.ordinal then A.takeIn(agent) end
          end
          local listed = {}
          for _, id in ipairs(call('LRANGE', P .. 'backlog', 0, -1)) do listed[id] = true end
          for _ = 1, int() do
            local t = T.get(arg())
            if t and t.id and t.description and not t.ordinal then T.takeIn(t, listed[t.id]) end
          end
          if flag() then meta().indexed = FORMAT end
        end
        """#
}
