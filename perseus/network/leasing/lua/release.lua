-- Give an exchange back and close its last record. Safe to repeat.
-- KEYS  1 exchange:<id>:status   2 {exchange:<id>:status}:last
-- ARGV  1 nonce  2 instance id  3 token  4 reason  5 last payload
--       6 name of the process that shall be next, or ''  7 ms for which nobody else may claim then
-- Of a lease that was revoked the one who revoked it has said who is next.
-- Gives RELEASED, now   |   NOT_OURS, now
local time = redis.call('TIME')
local now = math.floor((time[1] * 1000000 + time[2]) / 1000)
local held = redis.call('GET', KEYS[1])
local ours = false
if held then
  local readable, holder = pcall(cjson.decode, held)
  ours = readable and type(holder) == 'table' and holder.instanceId == ARGV[2] and holder.fencingToken == ARGV[3]
  if not ours then
    return {'NOT_OURS', now}
  end
end
local last = redis.call('HMGET', KEYS[2], 'token', 'closed', 'revoked')
if last[1] and last[1] ~= ARGV[3] or (not last[1] and not ours) then
  return {'NOT_OURS', now}
end
redis.call('DEL', KEYS[1])
if last[2] ~= '1' then
  redis.call('HSET', KEYS[2], 'token', ARGV[3], 'nonce', ARGV[1], 'closed', '1', 'closed_ms', now, 'reason', ARGV[4],
    'payload', ARGV[5])
  if last[3] ~= ARGV[3] and (ARGV[6] or '') ~= '' then
    redis.call('HSET', KEYS[2], 'heir', ARGV[6], 'heir_for_ms', ARGV[7])
  elseif last[3] ~= ARGV[3] then
    redis.call('HDEL', KEYS[2], 'heir', 'heir_for_ms')
  end
  redis.call('HSETNX', KEYS[2], 'until_ms', now)
  redis.call('HSETNX', KEYS[2], 'beat_ms', now)
  redis.call('HSETNX', KEYS[2], 'recorded_ms', now)
end
return {'RELEASED', now}
