-- Arguments, times, ids and JSON.

local call, format  -- of the server; a library has neither while it is loaded, so that `begin` sets them
local P, words_, position  -- those of this verb; set by `begin`
local function arg() position = position + 1; return words_[position] end
-- Optional arguments: '-' for nothing, '+' before everything else.
local function opt() local v = arg(); if v:sub(1, 1) == '+' then return v:sub(2) end; return nil end
local function int() return tonumber(arg()) end
local function flag() return arg() == '1' end
local function record()
  local r, last = {}, position + 1 + 2 * tonumber(words_[position + 1])
  for i = position + 2, last, 2 do r[words_[i]] = words_[i + 1] end
  position = last
  return r
end
local function whole(n) return format('%d', n) end
local function num(v) return v and tonumber(v) or 0 end
local function copy(t) local c = {}; for k, v in pairs(t) do c[k] = v end; return c end
local function words(s) local t = {}; for w in (s or ''):gmatch('%S+') do t[#t + 1] = w end; return t end
local function short(id) return id:sub(1, 4) end
local function flat(t)
  local f, n = {}, 0
  for k, v in pairs(t) do f[n + 1], f[n + 2], n = k, v, n + 2 end
  return f
end
local function fail(code, text) error({code = code, text = text}, 0) end
local SUPERVISOR = MODEL.supervisor

-- Days since 1970 in years that begin in March, so that the leap day is last.
local function days(y, m, d)
  if m <= 2 then y = y - 1 end
  local era = math.floor(y / 400)
  local yoe = y - era * 400
  local doy = math.floor((153 * (m > 2 and m - 3 or m + 9) + 2) / 5) + d - 1
  return era * 146097 + yoe * 365 + math.floor(yoe / 4) - math.floor(yoe / 100) + doy - 719468
end
-- Microseconds since 1970 of an RFC 3339 time with any offset, or nil.
local function micros(s)
  local y, mo, d, h, mi, sec, rest =
    (s or ''):match('^(%d%d%d%d)%-(%d%d)%-(%d%d)[Tt ](%d%d):(%d%d):(%d%d)(.+)$')
  if not y then return nil end
  local fraction, zone = rest:match('^%.(%d+)(.+)$')
  zone = zone or rest
  local offset = 0
  if zone ~= 'Z' and zone ~= 'z' then
    local sign, oh, om = zone:match('^([+-])(%d%d):(%d%d)$')
    if not sign then return nil end
    offset = (oh * 60 + om) * (sign == '-' and -60 or 60)
  end
  local seconds = days(tonumber(y), tonumber(mo), tonumber(d)) * 86400 + h * 3600 + mi * 60 + sec - offset
  return seconds * 1000000 + (fraction and tonumber((fraction .. '000000'):sub(1, 6)) or 0)
end
local function second(n)
  local day = math.floor(n / 86400)
  local s = n - day * 86400
  local z = day + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local m = mp < 10 and mp + 3 or mp - 9
  return format('%04d-%02d-%02dT%02d:%02d:%02d', yoe + era * 400 + (m <= 2 and 1 or 0), m,
    doy - math.floor((153 * mp + 2) / 5) + 1, math.floor(s / 3600), math.floor(s / 60) % 60, s % 60)
end
local lastSecond, secondText, lastTime, lastText  -- verbs write the same times again and again
local function rfc(us, suffix)
  if us ~= lastTime then
    local n = math.floor(us / 1000000)
    if n ~= lastSecond then lastSecond, secondText = n, second(n) end
    lastTime, lastText = us, format('%s.%06d', secondText, us - n * 1000000)
  end
  return lastText .. suffix
end

-- The canonical form of a UUID written in any of the usual ways, or nil.
local function uuid(s)
  if type(s) ~= 'string' then return nil end
  s = s:lower():gsub('^urn:uuid:', ''):gsub('^{(.*)}$', '%1')
  if s:match('^%x+$') and #s == 32 then
    return s:sub(1, 8) .. '-' .. s:sub(9, 12) .. '-' .. s:sub(13, 16) .. '-' .. s:sub(17, 20) .. '-' .. s:sub(21)
  end
  local a, b, c, d, e = s:match('^(%x+)%-(%x+)%-(%x+)%-(%x+)%-(%x+)$')
  if a and #a == 8 and #b == 4 and #c == 4 and #d == 4 and #e == 12 then return s end
  return nil
end
-- An id that follows from others: a verb that is carried out again writes the same message.
local function derived(...)
  local h = redis.sha1hex(table.concat({...}, ' '))
  return h:sub(1, 8) .. '-' .. h:sub(9, 12) .. '-8' .. h:sub(14, 16) .. '-a' .. h:sub(18, 20) .. '-' .. h:sub(21, 32)
end
-- A record as a reply has it.
local function said(r) return cjson.encode(r) end
-- JSON text; the encoder puts a backslash before every slash, which Tinytown does not.
local function quoted(s) return (cjson.encode(s):gsub('\\/', '/')) end
local function firstLine(s)
  local line, n, at = s:match('^[^\r\n]*'), 0, 1
  while at <= #line and n < 100 do
    local stop = select(2, line:find('^[%z\1-\127\192-\255][\128-\191]*', at)) or at
    n, at = n + 1, stop + 1
  end
  line = line:sub(1, at - 1)
  if line == '' then return '' end
  return ' — ' .. line .. (#line < #s and '…' or '')
end
