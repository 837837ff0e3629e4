-- The function that the server keeps: short ways where there is one.

local function serveShort(names, arguments)
  local way = short_[arguments[1]]
  -- The second argument says more where a turn's own command asks.
  if not way or #arguments[2] > 1 then return serve(names, arguments) end
  call, format, P = redis.call, string.format, names[1]
  local reply = way(arguments)
  if not reply then return serve(names, arguments) end
  if arguments[2] == '1' then call('PUBLISH', P .. 'changes', '') end
  return {'ok', reply}
end
