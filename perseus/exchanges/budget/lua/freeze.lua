-- The exchange has refused us: nobody sends anything from this address until then.
-- KEYS  1 {weight:<exchange id>:<address>}:book
-- ARGV  1 exchange time in ms until which   2 why
-- Gives until when it is frozen: a longer freeze stays
local LATEST_MS = 253370764800000
local until_ms = tonumber(ARGV[1])
if not (until_ms and until_ms >= 0 and until_ms < LATEST_MS) then
  return redis.error_reply('ERR no time of an exchange')
end
local frozen = tonumber(redis.call('HGET', KEYS[1], 'frozen') or '0') or 0
if not (math.abs(frozen) < LATEST_MS) then
  frozen = 0
end
if until_ms > frozen then
  frozen = until_ms
  redis.call('HSET', KEYS[1], 'frozen', string.format('%.0f', frozen), 'why', ARGV[2])
end
redis.call('PEXPIRE', KEYS[1], 345600000)
return {frozen}
