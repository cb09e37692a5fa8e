-- The exchange has said how much of a limit is used: by us and by whatever else has our address.
-- KEYS  1 {weight:<exchange id>:<address>}:book
-- ARGV  1 exchange time in ms at which it said so   2 kind of the limit   3 its interval in ms   4 used
--       5 share of a limit that is used, in %   6 ms after which an answer is surely a later one
--       7 limits while the exchange has told none
-- Gives own charges and those of others as they are now   |   nothing for an unknown limit
local book = KEYS[1]
local at, interval, used = tonumber(ARGV[1]), tonumber(ARGV[3]), tonumber(ARGV[4])
local limit = ARGV[2] .. ':' .. ARGV[3]

local LATEST_MS = 253370764800000
local function number(field)
  local value = tonumber(redis.call('HGET', book, field) or '0')
  return value and math.abs(value) < LATEST_MS and value or 0
end
local function text(value)
  return string.format('%.0f', value)
end

if not (at and interval and used and at >= 0 and at < LATEST_MS and interval >= 1) then
  return redis.error_reply('ERR no time of an exchange')
end

local known = redis.call('HGET', book, 'limits') or ARGV[7]
local amount, is_calendar
for kind, ms, most, calendar in string.gmatch(known, '(%a+):(%d+):(%d+):(%d)') do
  if kind == ARGV[2] and ms == ARGV[3] then
    amount, is_calendar = tonumber(most), calendar == '1'
  end
end
if not amount then
  return {}
end

if not is_calendar then
  if used >= math.max(1, math.floor(amount * tonumber(ARGV[5]) / 100)) then
    redis.call('HSET', book, limit .. ':next', text(math.max(number(limit .. ':next'), at + interval)))
  end
  return {0, used}
end

local window = math.floor(at / interval)
local slot = limit .. ':' .. (window % 4)
local own, more, raised = 0, 0, 0
local there = number(slot .. ':n')
if there > window then
  return {}
end
if there == window then
  own, more, raised = number(slot .. ':own'), number(slot .. ':more'), number(slot .. ':at')
end
-- What is above our own charges is others'. It rises at once; it falls by a later answer alone, for answers overtake
-- each other, and never below nothing.
local others = math.max(0, used - own)
if others > more or (others < more and at - raised >= tonumber(ARGV[6])) or there ~= window then
  more, raised = others, at
end
redis.call('HSET', book, slot .. ':n', text(window), slot .. ':own', text(own), slot .. ':more', text(more),
  slot .. ':at', text(raised))
return {own, more}
