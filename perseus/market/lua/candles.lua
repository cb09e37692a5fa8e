-- Store states of candles of one pair, and its coverage: fenced by the token, older never over newer, open never over
-- closed. The rule is that of perseus.market.precedence.
-- KEYS  1 candles:<id>:<symbol>:<timeframe>   2 {candles:<id>:<symbol>:<timeframe>}:meta
-- ARGV  1 fencing token  2 channel for finished candles, or '' to tell nobody  3 how many candles to keep
--       4 coverage, or '' to leave it  5, 6 how many writes and candles the caller knows to have been here
--       7 where the candles come from, or '' when nobody says
--       8... by four: open time, event time, '0' when it is open, '1' when it is closed, '2' when that was told, JSON
-- Gives STORED, number of states that stand now, refused, closed, corrected, then how many writes and candles are here
--   now, and 1 when there were fewer than the caller knows of: some were lost, and the coverage is left as it is
--   |   FENCED, largest token seen
local seen, source = unpack(redis.call('HMGET', KEYS[2], 'token', 'source'))
if seen and tonumber(ARGV[1]) < tonumber(seen) then
  redis.call('HINCRBY', KEYS[2], 'fenced', 1)
  return {'FENCED', seen}
end
if seen ~= ARGV[1] then
  redis.call('HSET', KEYS[2], 'token', ARGV[1])
end

-- What another source gave says nothing of this one.
if ARGV[7] ~= '' and source ~= ARGV[7] then
  if source then
    redis.call('DEL', KEYS[1])
    redis.call('HDEL', KEYS[2], 'coverage')
  end
  redis.call('HSET', KEYS[2], 'source', ARGV[7])
end

-- A decimal as its digits and exponent, one text for each number.
local function number(text)
  if type(text) ~= 'string' then
    return text
  end
  local whole, part, exponent = string.match(text, '^(%d+)%.?(%d*)[eE]?([+-]?%d*)$')
  local digits = string.gsub(whole .. part, '^0+', '')
  local significant = string.gsub(digits, '0+$', '')
  if significant == '' then
    return '0'
  end
  return string.format('%se%d', significant, (tonumber(exponent) or 0) - #part + #digits - #significant)
end

local function same(one, other)
  for _, field in ipairs({'open', 'high', 'low', 'close', 'volume', 'quoteVolume', 'trades'}) do
    if one[field] ~= other[field] and number(one[field]) ~= number(other[field]) then
      return false
    end
  end
  return true
end

-- What a state does to the one that stands: 'refused', '' for nothing, or how it is counted.
local function change(old, event, is_closed, text)
  if not old then
    return is_closed and 'closed' or 'written'
  end
  if not old.closed then
    return is_closed and 'closed' or event >= old.eventTime and 'written' or 'refused'
  end
  if not is_closed or event < old.eventTime then
    return 'refused'
  end
  if same(old, cjson.decode(text)) then
    return event > old.eventTime and 'written' or ''
  end
  return event > old.eventTime and 'corrected' or 'refused'
end

local keep, oldest = tonumber(ARGV[3]), 0
local writes, size = tonumber(redis.call('HGET', KEYS[2], 'writes') or '0') or 0, redis.call('ZCARD', KEYS[1])
local is_lost = writes < tonumber(ARGV[5]) or size < tonumber(ARGV[6])
if size >= keep then
  oldest = tonumber(redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2])
end
local counts = {written = 0, refused = 0, closed = 0, corrected = 0}
for at = 8, #ARGV, 4 do
  local open, text = ARGV[at], ARGV[at + 3]
  local found = redis.call('ZRANGEBYSCORE', KEYS[1], open, open)
  if found[1] ~= text or found[2] then
    local is_read, old = pcall(cjson.decode, found[1] or 'null')
    if found[2] or not is_read or found[1] and not (type(old) == 'table' and type(old.eventTime) == 'number') then
      return redis.error_reply('WRONGTYPE no candle of ours opens at ' .. open)
    end
    local what = change(found[1] and old, tonumber(ARGV[at + 1]), ARGV[at + 2] ~= '0', text)
    -- The cache has forgotten what is older than its oldest, so it cannot tell whether it had been there.
    if not found[1] and tonumber(open) < oldest then
      what = 'refused'
    end
    if what == 'refused' then
      counts.refused = counts.refused + 1
    elseif what ~= '' then
      counts.written = counts.written + 1
      if found[1] then
        redis.call('ZREM', KEYS[1], found[1])
      end
      redis.call('ZADD', KEYS[1], open, text)
    end
    if what == 'closed' or what == 'corrected' then
      counts[what] = counts[what] + 1
      if ARGV[2] ~= '' and not (what == 'closed' and ARGV[at + 2] == '2') then
        local told = what == 'closed' and text or string.sub(text, 1, -2) .. ',"corrected":true}'
        redis.pcall('PUBLISH', ARGV[2], told)
      end
    end
  end
end
if counts.written > 0 then
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -keep - 1)
end
for name, count in pairs(counts) do
  if count > 0 then
    redis.call('HINCRBY', KEYS[2], name, count)
  end
end
if ARGV[4] ~= '' and not is_lost then
  redis.call('HSET', KEYS[2], 'coverage', ARGV[4])
end
redis.call('HSET', KEYS[2], 'writes', string.format('%.0f', writes + 1))
return {'STORED', counts.written, counts.refused, counts.closed, counts.corrected, writes + 1,
  redis.call('ZCARD', KEYS[1]), is_lost and 1 or 0}
