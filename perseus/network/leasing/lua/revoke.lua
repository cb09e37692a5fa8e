-- Take from a holder the right to renew: of the lease with this token, and of no other. Safe to repeat.
-- KEYS  1 exchange:<id>:status   2 {exchange:<id>:status}:last
-- ARGV  1 token  2 by whom, for people  3 name of the process that shall be next  4 ms for which nobody else may claim,
--       once the lease has ended
-- Gives REVOKED, ms until the lease ends   |   ALREADY, by whom, who shall be next: another revoked it first
--       NOT_HELD: that lease was released, or another one follows it, or this store does not know it
local time = redis.call('TIME')
local now = math.floor((time[1] * 1000000 + time[2]) / 1000)
local last = redis.call('HMGET', KEYS[2], 'token', 'closed', 'until_ms', 'revoked', 'revoked_by', 'heir')
if last[1] ~= ARGV[1] or last[2] == '1' then
  return {'NOT_HELD'}
end
local left = math.max(0, redis.call('PTTL', KEYS[1]), (tonumber(last[3] or '0') or 0) - now)
if last[4] ~= ARGV[1] then
  redis.call('HSET', KEYS[2], 'revoked', ARGV[1], 'revoked_by', ARGV[2], 'revoked_ms', now, 'heir', ARGV[3],
    'heir_for_ms', ARGV[4])
elseif last[6] ~= ARGV[3] then
  return {'ALREADY', last[5] or '', last[6] or ''}
end
return {'REVOKED', left}
