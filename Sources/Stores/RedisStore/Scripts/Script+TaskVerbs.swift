extension LuaParts {
    /// The verbs on tasks.
    static let taskVerbs = #"""
        -- Arguments: count, then per task: record, assignee or nothing, announcement, created.
        function V.create()
          local made = {}
          for _ = 1, int() do
            local t, assignee, announcement, created = record(), opt(), arg(), int()
            if not T.get(t.id) then
              if assignee then A.requireStaying(assignee) end
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
        -- Whether an id is among the first or last thousand of the backlog's list.
        local function isListed(id)
          return call('LPOS', P .. 'backlog', id, 'MAXLEN', 1000) or call('LPOS', P .. 'backlog', id, 'RANK', -1, 'MAXLEN', 1000)
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
          if flag() then meta().indexed = FORMAT end
        end
        """#
}
