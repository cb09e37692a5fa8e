-- The exchange has refused us: nobody sends anything from this address until then.
-- KEYS  1 {weight:<exchange id>:<address>}:book
-- ARGV  1 exchange time in ms until which   2 why
-- Gives until when it is frozen: a longer freeze stays
local until_ms = tonumber(ARGV[1])
local frozen = tonumber(redis.call('HGET', KEYS[1], 'frozen') or '0') or 0
if until_ms > frozen then
  frozen = until_ms
  redis.call('HSET', KEYS[1], 'frozen', string.format('%.0f', frozen), 'why', ARGV[2])
end
redis.call('PEXPIRE', KEYS[1], 345600000)
return {frozen}
