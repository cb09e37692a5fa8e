-- What became of a request or a connect that was charged under a name.
-- KEYS  1 {weight:<exchange id>:<address>}:book
-- ARGV  1 exchange time in ms, or '' when the caller does not know it   2 its name
--       3 `answered`, `silent` (its sender gave up, and it may still arrive), `unreached` (that long nobody took the
--         connection, so it was never sent) or `gone` (it never arrives, for a reason that was told at once)
--       4, 5 ms between two requests to a silent exchange: at first, and at most; twice as long each time
--       6 ms without any request once it answers   7 ms after which a request without a word is overdue
--       8 share by which a pause is shortened, in %   9 `request` or `connect`
-- Gives ms until a silent exchange is asked again, 0 where it is not silent
local book = KEYS[1]
local LATEST_MS = 253370764800000
local function number(field)
  local value = tonumber(redis.call('HGET', book, field) or '0')
  return value and math.abs(value) < LATEST_MS and value or 0
end
local function text(value)
  return string.format('%.0f', value)
end
local told = tonumber(ARGV[1])
if ARGV[1] ~= '' and not (told and told >= 0 and told < LATEST_MS) then
  return redis.error_reply('ERR no time of an exchange')
end
local time = redis.call('TIME')
local now = told or math.floor((time[1] * 1000000 + time[2]) / 1000) + number('offset')

local list = ARGV[9] == 'connect' and 'handshakes' or 'unanswered'
local kept, dropped = {}, false
for entry, lost, name, at in string.gmatch(redis.call('HGET', book, list) or '', '((!?)([^%s:]+):(%d+):%d+ )') do
  local is_overdue = lost == '!' or math.abs(now - tonumber(at)) >= tonumber(ARGV[7])
  if name == ARGV[2] then
    if ARGV[3] == 'silent' then
      kept[#kept + 1] = (lost == '' and '!' or '') .. entry
    end
  elseif ARGV[3] ~= 'answered' or not is_overdue then
    kept[#kept + 1] = entry
  else
    dropped = true
  end
end
redis.call('HSET', book, list, table.concat(kept))
if ARGV[9] == 'connect' then
  if dropped then  -- they come now, all at once
    redis.call('HSET', book, 'calm', text(now + tonumber(ARGV[6])))
  end
  return {0}
end

local probe, pause = number('probe'), number('pause')
if ARGV[3] == 'answered' then
  if probe > 0 then
    redis.call('HDEL', book, 'probe', 'prober', 'pause', 'hint', 'hinted')
    redis.call('HSET', book, 'rest', text(now + tonumber(ARGV[6])))
  end
  return {0}
end
if probe == 0 and ARGV[3] ~= 'gone' then
  pause = tonumber(ARGV[4])
elseif probe == 0 or redis.call('HGET', book, 'prober') ~= ARGV[2] then
  return {math.max(0, probe - now)}
end
local wait = math.floor(pause * (100 - tonumber(ARGV[8])) / 100)
if probe > 0 and ARGV[3] == 'silent' then
  wait = math.max(0, probe - 1000 - now)  -- its answer was to be waited for all that while
end
redis.call('HSET', book, 'probe', text(now + wait))
if probe == 0 then
  redis.call('HSET', book, 'pause', text(pause))
  redis.call('HDEL', book, 'prober', 'hint')
end
return {wait}
