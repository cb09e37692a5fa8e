-- Counts tries of signing in. KEYS[1]: the counter. ARGV: milliseconds that it lives from its first count, amount.
-- Gives the count and the milliseconds that are left. In one script, so that no counter is ever left without an end.
local count = redis.call('INCRBY', KEYS[1], ARGV[2])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {count, left}
