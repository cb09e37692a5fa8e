-- May this be sent now? If so it is charged, before it is sent.
-- KEYS  1 {weight:<exchange id>:<address>}:book
-- ARGV  1 exchange time in ms, or '' when the caller does not know it   2 `request`, `connect` or `message`   3 its weight
--       4 class, 1 the first   5 1 when more of this class waits with the caller   6 share of a limit that is used, in %
--       7 shares of that for the classes, in %, `100 95 85 60`   8 limits while the exchange has told none
--       9, 10 ms by which a request may arrive earlier or later than its charge says
--       11 1 when the caller has told the limits before   12 a name for the request, or '' when its end is not told
--       13, 14 share of a limit by the second that may be under way, and that may be unanswered in all, in %
--       15 ms after which a request without a word is overdue   16 ms after which it is surely gone
--       17 ms for which any answer is waited for   18 longest ms between two requests to a silent exchange
--       19 ms between two signs of life that are followed   20 longest interval that is counted by the second, in ms
-- Gives GRANTED, now, ms for which its answer is to be waited for where the exchange holds it, else 0   |   EMPTIED, now   |   WAIT, now, ms, what for   |   FROZEN, now, ms, why   |   NEVER, now, cap, limit
local book = KEYS[1]
local class, weight = tonumber(ARGV[4]), tonumber(ARGV[3])
local is_connect, is_message = ARGV[2] == 'connect', ARGV[2] == 'message'
local KEPT_MS = 345600000
local SLOTS = 4
-- Above 2^53 one more is no more, and a loop over windows has no end.
local LATEST_MS = 253370764800000
local LONGEST_WISH_MS = 61000

local function number(field)
  local value = tonumber(redis.call('HGET', book, field) or '0')
  return value and math.abs(value) < LATEST_MS and value or 0
end
local function text(value)
  return string.format('%.0f', value)
end

local time = redis.call('TIME')
local here = math.floor((time[1] * 1000000 + time[2]) / 1000)
local now = tonumber(ARGV[1])
if ARGV[1] ~= '' and not (now and now >= 0 and now < LATEST_MS) then
  return redis.error_reply('ERR no time of an exchange')
end
if now then
  redis.call('HSET', book, 'offset', text(now - here))
else
  now = here + number('offset')
end

local frozen = number('frozen')
if frozen > now and not is_message then
  return {'FROZEN', now, frozen - now, redis.call('HGET', book, 'why') or ''}
end

-- What is unanswered may still arrive, all of it at once: `name:at:weight`, each ended by a space; `!` before a name:
-- its sender has given up.
local is_tracked = ARGV[12] ~= ''
local list = is_connect and 'handshakes' or 'unanswered'
local waiting, weighs, count, oldest, kept = 0, 0, 0, now, {}
for entry, lost, at, heavy in string.gmatch(redis.call('HGET', book, list) or '', '((!?)[^%s:]+:(%d+):(%d+) )') do
  local age = math.abs(now - tonumber(at))
  if age < tonumber(ARGV[16]) then
    kept[#kept + 1] = entry
    oldest, count, weighs = math.min(oldest, tonumber(at)), count + 1, weighs + tonumber(heavy)
    waiting = waiting + (lost == '' and age < tonumber(ARGV[15]) and 1 or 0)
  end
end
local is_probe, is_hinted = false, false
if is_tracked then
  local probe, rest = is_connect and 0 or number('probe'), number(is_connect and 'calm' or 'rest')
  if rest > now and rest <= now + 60000 then
    return {'WAIT', now, rest - now, 'silence'}
  end
  -- The exchange is silent: one request at a time finds out whether it is back, at once after a sign of life.
  is_probe = probe > 0
  if is_probe and (waiting > 0 or probe > now and probe <= now + 600000) then
    is_hinted = redis.call('HGET', book, 'hint') == '1' and math.abs(now - number('hinted')) >= tonumber(ARGV[19])
    if not is_hinted then
      return {'WAIT', now, math.max(250, math.min(probe - now, 1000)), 'silence'}
    end
  end
end

-- Who has a more urgent wish that must wait goes first, in whichever process it is.
for above = 1, class - 1 do
  local wished = number(ARGV[2] .. ':wish:' .. above)
  if wished > now and wished <= now + LONGEST_WISH_MS then
    return {'WAIT', now, math.min(wished - now, 250), 'class ' .. above}
  end
end

local shares = {}
for share in string.gmatch(ARGV[7], '%d+') do
  shares[#shares + 1] = tonumber(share) / 100
end
local share = shares[class]
local charges, wait, what = {}, 0, ''
local pause = number('pause')
local hold = is_connect and tonumber(ARGV[17]) or math.max(tonumber(ARGV[17]), pause)

local function until_then(ms, limit)
  if ms > wait then
    wait, what = math.ceil(ms), limit
  end
end

-- Counted anew at each multiple of the interval: charged to each one in which the exchange may count it.
local function calendar(limit, interval, cap, amount)
  local early, late = math.min(tonumber(ARGV[9]), interval / 4), math.min(tonumber(ARGV[10]), interval / 4)
  local first, last = math.floor((now - early) / interval), math.floor((now + late) / interval)
  for window = first, math.min(last, first + SLOTS - 1) do
    local slot = limit .. ':' .. (window % SLOTS)
    local own, more = 0, 0
    if number(slot .. ':n') == window then
      own, more = number(slot .. ':own'), number(slot .. ':more')
    end
    local used = own + more
    if used + amount > math.floor(cap * share) and not (used == 0 and amount <= cap) then
      until_then((window + 1) * interval + early - now, limit)
    end
    charges[#charges + 1] = {slot .. ':n', text(window), slot .. ':own', text(own + amount), slot .. ':more', text(more)}
  end
end

-- When the next may go, at most `latest`: what was charged by a clock that was ahead must not bar the way until then.
local function next_of(field, latest)
  local at = number(field)
  if at > latest then
    redis.call('HSET', book, field, text(latest))
  end
  return math.min(at, latest)
end

-- Counted over any span of the interval: `next` is when the one after all that were granted is due. A short interval
-- spreads them evenly, so that what the way here or there delays does not arrive as a burst.
local function rolling(limit, interval, cap, amount)
  local burst = interval <= 2000 and 1 or math.max(1, math.floor(cap / 3))
  local gap = math.ceil(interval / (cap - burst + 1))
  local due = math.max(now, next_of(limit .. ':next', now + 2 * interval))
  until_then(due + (amount - 1) * gap - now - (burst - 1) * gap * share, limit)
  charges[#charges + 1] = {limit .. ':next', text(due + amount * gap)}
  if burst == 1 and share < 1 then
    local field = limit .. ':next:' .. class
    until_then(next_of(field, now + 2 * interval) - now, limit)
    charges[#charges + 1] = {field, text(now + amount * math.ceil(gap / share))}
  end
  return burst
end

local limits = redis.call('HGET', book, 'limits')
if not limits and ARGV[11] == '1' then
  return {'EMPTIED', now}
end
limits = limits or ARGV[8]
for interval in string.gmatch(limits, '%a+:(%d+)') do
  if tonumber(interval) < 1 or tonumber(interval) >= LATEST_MS then
    limits = ARGV[8]
  end
end
for kind, interval, amount, is_calendar in string.gmatch(limits, '(%a+):(%d+):(%d+):(%d)') do
  local asked = 0
  if kind == 'connects' then
    asked = is_connect and 1 or 0
  elseif kind == 'messages' then
    asked = is_message and 1 or 0
  elseif not is_connect and not is_message then
    asked = kind == 'weight' and weight or 1
  end
  if asked > 0 then
    local limit = kind .. ':' .. interval
    local cap = math.max(1, math.floor(tonumber(amount) * tonumber(ARGV[6]) / 100))
    local most = cap
    if is_calendar == '1' then
      calendar(limit, tonumber(interval), cap, asked)
    else
      most = rolling(limit, tonumber(interval), cap, asked)
    end
    if asked > most then
      return {'NEVER', now, most, limit}
    end
    -- What is counted by the minute leaves so much beside what is charged; what is counted by the second leaves all.
    local is_long = is_calendar == '1' or tonumber(interval) > tonumber(ARGV[20])
    if is_tracked and count > 0 then
      local most_waiting = is_long and 100 or tonumber(ARGV[13])
      local most_held = is_long and 100 - tonumber(ARGV[6]) or tonumber(ARGV[14])
      local held = kind == 'weight' and weighs or count
      -- So long that of those that may be unanswered one is always left, for a sign of life.
      local gone = oldest + tonumber(ARGV[16]) - now
      local room = math.floor(tonumber(amount) * most_held / 100) - held - 2 * asked
      if not is_long then
        hold = math.max(hold, math.min(gone, gone / math.max(1, room)))
      end
      if is_hinted and room < 0 then
        until_then(1000, 'silence')
      end
      if waiting > 0 and waiting + 1 > tonumber(amount) * most_waiting / 100 then
        until_then(100, 'unanswered')
      end
      if held + asked > tonumber(amount) * most_held / 100 then
        until_then(waiting > 0 and 100 or math.max(100, oldest + tonumber(ARGV[16]) - now), 'unanswered')
      end
    end
  end
end

hold = math.ceil(math.min(hold, tonumber(ARGV[16]) - 60000))
local wish = ARGV[2] .. ':wish:' .. class
if wait > 0 then
  redis.call('HSET', book, wish, text(now + math.min(wait + 1000, LONGEST_WISH_MS)))
  redis.call('PEXPIRE', book, KEPT_MS)
  return {'WAIT', now, wait, what}
end
for _, charge in ipairs(charges) do
  redis.call('HSET', book, unpack(charge))
end
if is_tracked then
  kept[#kept + 1] = string.format('%s:%.0f:%d ', ARGV[12], now, is_connect and 1 or weight)
  redis.call('HSET', book, list, table.concat(kept))
end
if is_probe then
  redis.call('HDEL', book, 'hint')
  redis.call('HSET', book, 'probe', text(now + hold + 1000), 'prober', ARGV[12],
    'pause', text(math.min(2 * pause, tonumber(ARGV[18]))))
  if is_hinted then
    redis.call('HSET', book, 'hinted', text(now))
  end
end
if ARGV[5] == '0' then
  redis.call('HDEL', book, wish)
end
redis.call('PEXPIRE', book, KEPT_MS)
return {'GRANTED', now, (is_probe or is_connect and count > waiting) and hold or 0}
