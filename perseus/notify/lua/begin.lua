-- Note down a message before it is sent, only while the lease is ours. The lease is renewed with it, so that it outlasts
-- the deadline of the call.
-- KEYS  1 {perseus:dest:<id>}:lease   2 {perseus:dest:<id>}:inflight   3 {perseus:dest:<id>}:sent
-- ARGV  1 worker and token   2 life of the lease in ms   3 mark of this beginning   4 id of the message
--       5 its events (JSON)   6 attempt   7 worker   8 events that may have arrived before   9 requests to remember
-- Gives BEGUN, how often this message was begun without an outcome, now   |   LOST
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return {'LOST'}
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local time = redis.call('TIME')
local now = string.format('%.0f', math.floor((time[1] * 1000000 + time[2]) / 1000))
local last = redis.call('HMGET', KEYS[2], 'mark', 'notification', 'flights')
if last[1] == ARGV[3] then
  return {'BEGUN', tonumber(last[3]), now}
end
local flights = 1
if last[2] == ARGV[4] then
  flights = tonumber(last[3] or '0') + 1
end
redis.call('HSET', KEYS[2], 'mark', ARGV[3], 'notification', ARGV[4], 'events', ARGV[5], 'attempt', ARGV[6],
  'worker', ARGV[7], 'suspects', ARGV[8], 'flights', flights, 'sentMs', now)
redis.call('LPUSH', KEYS[3], now)
redis.call('LTRIM', KEYS[3], 0, tonumber(ARGV[9]) - 1)
return {'BEGUN', flights, now}
