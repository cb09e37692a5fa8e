-- One heartbeat: renew the lease and write the payload, only while it is still ours.
-- KEYS  1 exchange:<id>:status   2 {exchange:<id>:status}:last
-- ARGV  1 nonce  2 instance id  3 token  4 payload  5 TTL in ms
--       6 store time in ms until which a vanished key may be put back, or '' for never
-- Gives RENEWED or PUT_BACK, now, end of the lease   |   TAKEN, payload of the holder or '', ms left   |   GONE, now
local time = redis.call('TIME')
local now = math.floor((time[1] * 1000000 + time[2]) / 1000)
local ttl = tonumber(ARGV[5])
local held = redis.call('GET', KEYS[1])

local function keep(how)
  redis.call('SET', KEYS[1], ARGV[4], 'PX', ttl)
  redis.call('HSET', KEYS[2], 'token', ARGV[3], 'nonce', ARGV[1], 'until_ms', now + ttl, 'beat_ms', now,
    'closed', '0', 'payload', ARGV[4])
  redis.call('HSETNX', KEYS[2], 'recorded_ms', now)
  return {how, now, now + ttl}
end

if held then
  local readable, holder = pcall(cjson.decode, held)
  if readable and type(holder) == 'table' and holder.instanceId == ARGV[2] and holder.fencingToken == ARGV[3] then
    return keep('RENEWED')
  end
  return {'TAKEN', held, redis.call('PTTL', KEYS[1])}
end

local last = redis.call('HMGET', KEYS[2], 'token', 'closed')
if last[1] and last[1] ~= ARGV[3] then
  return {'TAKEN', '', 0}
end
if ARGV[6] == '' or now >= tonumber(ARGV[6]) or last[2] == '1' then
  return {'GONE', now}
end
return keep('PUT_BACK')
