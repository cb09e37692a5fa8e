-- Claim an exchange. Repeating it with the same instance id is safe: a lost reply is answered again.
-- KEYS  1 exchange:<id>:status   2 {exchange:<id>:status}:last
-- ARGV  1 nonce  2 instance id  3 nonce of the process before this one on this host, or ''
--       4 payload (a JSON object without fencingToken)  5 TTL in ms  6 settle time in ms
--       7 name of the process that claims, by which a successor is known, or ''
-- Gives GRANTED, kind, token, now, end of the lease, and the predecessor that nobody closed:
--               token, end of its lease, its last heartbeat, its payload, reason ('' where there is none)
--               kind: recorded; unrecorded: this store's first record of the exchange is younger than the TTL, so a
--               lease from before the store was emptied may still be believed in, whoever has held and released it
--               since; doubtful: the same of a store that was a replica, that has or had replicas and began a new
--               history, or, where there is a settle time, that has restarted: it may have forgotten the newest
--               lease; untold: there is a settle time, and this store does not tell a script whether it was a replica
--       HELD, payload of the holder, ms left   |   PENDING, ms until it is free, and for whom it is kept until then or ''
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
local now = math.floor(now_us / 1000)
local ttl = tonumber(ARGV[5])
local held = redis.call('GET', KEYS[1])
local last = redis.call('HMGET', KEYS[2], 'token', 'nonce', 'until_ms', 'beat_ms', 'closed', 'payload', 'recorded_ms',
  'history', 'doubtful_ms', 'copied', 'revoked', 'heir', 'heir_for_ms', 'closed_ms', 'revoked_by')
local token, nonce, until_ms, beat_ms, closed = last[1], last[2], tonumber(last[3] or '0'), last[4], last[5] == '1'
if token and (#token > 16 or not string.match(token, '^%d+$')) then
  return redis.error_reply('WRONGTYPE the last record holds no token')
end
local is_revoked = token and last[11] == token
local is_restart = ARGV[3] ~= '' and nonce == ARGV[3] and not closed and not is_revoked
local recorded_ms = token and (tonumber(last[7] or '0') or 0) or now

-- A replica that is promoted begins a new history under a new id. It lacks what the old primary confirmed last: a
-- claim, or a release and the claim after it, so a restart is no proof either. It keeps the id of the old history until
-- it is restarted: where there ever were replicas each new history is doubted. One server's after a restart is not.
local function info(section)
  local told = redis.pcall('INFO', section)
  return type(told) == 'string' and told or ''
end
local told = info('replication')
local history, doubtful_ms = string.match(told, 'master_replid:(%w+)') or '', tonumber(last[9] or '0') or 0
local was_replica = string.find(told, 'master_replid2:0*[^0%c]')
local is_copied = last[10] == '1' or string.find(told, 'repl_backlog_active:1')
local uptime = tonumber(ARGV[6]) > 0 and tonumber(string.match(info('server'), 'uptime_in_seconds:(%d+)') or '')
if not held or is_restart then
  local found_ms = doubtful_ms
  if history ~= '' and last[8] ~= history and (was_replica or is_copied and token) then
    doubtful_ms = now
  elseif uptime and uptime * 1000 <= ttl then
    doubtful_ms = math.max(doubtful_ms, now - uptime * 1000)
  end
  if token and doubtful_ms ~= found_ms then
    redis.call('HSET', KEYS[2], 'history', history, 'doubtful_ms', doubtful_ms)
  end
end

local function grant(new_token)
  local payload = '{"fencingToken":"' .. new_token .. '",' .. string.sub(ARGV[4], 2)
  redis.call('SET', KEYS[1], payload, 'PX', ttl)
  redis.call('HSET', KEYS[2], 'token', new_token, 'nonce', ARGV[1], 'until_ms', now + ttl, 'beat_ms', now,
    'closed', '0', 'payload', payload, 'recorded_ms', recorded_ms, 'history', history, 'doubtful_ms', doubtful_ms)
  if is_copied then
    redis.call('HSET', KEYS[2], 'copied', '1')
  end
  local kind = history == '' and tonumber(ARGV[6]) > 0 and 'untold' or 'recorded'
  kind = now < doubtful_ms + ttl and 'doubtful' or now < recorded_ms + ttl and 'unrecorded' or kind
  redis.call('HDEL', KEYS[2], 'closed_ms', 'reason', 'revoked', 'revoked_by', 'revoked_ms', 'heir', 'heir_for_ms')
  local dead = redis.call('HMGET', KEYS[2], 'dead_token', 'dead_until_ms', 'dead_beat_ms', 'dead_payload', 'dead_reason')
  return {'GRANTED', kind, new_token, now, now + ttl, dead[1] or '',
    dead[2] or '', dead[3] or '', dead[4] or '', dead[5] or ''}
end

if held then
  local readable, holder = pcall(cjson.decode, held)
  if not readable or type(holder) ~= 'table' then
    return {'HELD', held, redis.call('PTTL', KEYS[1])}
  end
  if holder.instanceId == ARGV[2] and holder.fencingToken ~= last[11] then
    return grant(holder.fencingToken)
  end
  if not (is_restart and holder.fencingToken == token) then
    return {'HELD', held, redis.call('PTTL', KEYS[1])}
  end
end

-- Whom the last holder, or who revoked its lease, has named comes first, for so long.
local heir_for = last[12] and last[12] ~= '' and last[12] ~= (ARGV[7] or '') and tonumber(last[13] or '0') or 0
local is_unclosed = token and not closed
if is_unclosed and not is_restart then
  -- No lease ends later than its TTL from now, unless a clock jumped: then it is counted from now on.
  local readable, body = pcall(cjson.decode, last[6] or '')
  local longest = math.max(ttl, readable and type(body) == 'table' and (tonumber(body.ttlSeconds) or 0) * 1000 or 0)
  if until_ms > now + longest then
    until_ms = math.floor(now + longest)
    redis.call('HSET', KEYS[2], 'until_ms', until_ms)
  end
  local kept_for = is_revoked and heir_for or 0
  local free_at = until_ms + tonumber(ARGV[6]) + kept_for
  if now < free_at then
    return {'PENDING', free_at - now, kept_for > 0 and last[12] or ''}
  end
elseif closed and heir_for > 0 then
  local ago = now - (tonumber(last[14] or '0') or 0)
  if ago >= 0 and ago < heir_for then
    return {'PENDING', heir_for - ago, last[12]}
  end
end

if is_unclosed then
  redis.call('HSET', KEYS[2], 'dead_token', token, 'dead_until_ms', until_ms, 'dead_beat_ms', beat_ms,
    'dead_payload', last[6], 'dead_reason', is_restart and now < until_ms and 'restarted'
    or is_revoked and 'taken over by ' .. (last[15] or '') or 'lease_expired')
else
  redis.call('HDEL', KEYS[2], 'dead_token', 'dead_until_ms', 'dead_beat_ms', 'dead_payload', 'dead_reason')
end
-- Microseconds and not a counter: a store that lost the record still gives a larger token. Below 2^53, so exact here.
local new_token = math.max((tonumber(token) or 0) + 1, now_us)
return grant(string.format('%.0f', new_token))
