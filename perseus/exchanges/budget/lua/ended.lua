-- What became of a request that was charged under a name.
-- KEYS  1 {weight:<exchange id>:<address>}:book
-- ARGV  1 exchange time in ms, or '' when the caller does not know it   2 its name
--       3 `answered`, `silent` (its sender gave up, and it may still arrive) or `gone` (it never will)
--       4, 5 ms until a silent exchange is asked again: at first, and at most; twice as long each time it stays silent
--       6 ms without any request once it answers   7 ms after which a request without a word is overdue
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

local sent, kept = now, {}
for entry, lost, name, at in string.gmatch(redis.call('HGET', book, 'unanswered') or '', '((!?)([^%s:]+):(%d+):%d+ )') do
  local is_overdue = lost == '!' or math.abs(now - tonumber(at)) >= tonumber(ARGV[7])
  if name == ARGV[2] then
    sent = tonumber(at)
    if ARGV[3] == 'silent' then
      kept[#kept + 1] = (lost == '' and '!' or '') .. entry
    end
  elseif ARGV[3] ~= 'answered' or not is_overdue then
    kept[#kept + 1] = entry
  end
end
redis.call('HSET', book, 'unanswered', table.concat(kept))

local probe, pause, since = number('probe'), number('pause'), number('silent')
if ARGV[3] == 'answered' then
  if probe > 0 then
    redis.call('HDEL', book, 'probe', 'pause', 'silent')
    redis.call('HSET', book, 'rest', text(now + tonumber(ARGV[6])))
  end
  return {0}
end
if probe == 0 and ARGV[3] == 'silent' then
  pause, since = tonumber(ARGV[4]), now
elseif probe > 0 and sent >= since then
  pause = ARGV[3] == 'silent' and math.min(2 * pause, tonumber(ARGV[5])) or pause
else
  return {math.max(0, probe - now)}
end
redis.call('HSET', book, 'probe', text(now + pause), 'pause', text(pause), 'silent', text(since))
return {pause}
