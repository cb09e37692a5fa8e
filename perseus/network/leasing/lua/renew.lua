-- One heartbeat: renew the lease and write the payload, only while it is still ours.
-- KEYS  1 exchange:<id>:status   2 {exchange:<id>:status}:last
-- ARGV  1 nonce  2 instance id  3 token  4 payload  5 TTL in ms
--       6 store time in ms until which a vanished key may be put back, or '' while the lease is held off
-- Gives RENEWED or PUT_BACK, now, end of the lease   |   TAKEN, payload of the holder or '', ms left   |   GONE, now
--       REVOKED, by whom: it is neither made longer nor put back any more
local time = redis.call('TIME')
local now = math.floor((time[1] * 1000000 + time[2]) / 1000)
local ttl = tonumber(ARGV[5])
local held = redis.call('GET', KEYS[1])
local is_held_off = ARGV[6] == ''
local may_put_back = not is_held_off and now < tonumber(ARGV[6])

-- Tokens of one history only grow: a smaller one is from before our claim, and the store has forgotten that.
local function is_older(token)
  return type(token) == 'string' and string.match(token, '^%d+$') and tonumber(token) < tonumber(ARGV[3])
end

-- Asked and read at every heartbeat: found without a pattern, which takes several times as long.
local told = redis.pcall('INFO', 'replication')
local _, before = string.find(type(told) == 'string' and told or '', 'master_replid:', 1, true)
local history = before and string.match(told, '^%w+', before + 1)
local is_copied = history and string.find(told, 'repl_backlog_active:1', 1, true)

local function keep(how)
  redis.call('SET', KEYS[1], ARGV[4], 'PX', ttl)
  local added
  if may_put_back and history then
    -- Who is valid knows of no later lease that this store has forgotten: nobody need wait for one.
    added = redis.call('HSET', KEYS[2], 'token', ARGV[3], 'nonce', ARGV[1], 'until_ms', now + ttl, 'beat_ms', now,
      'closed', '0', 'payload', ARGV[4], 'history', history, 'doubtful_ms', 0)
  else
    added = redis.call('HSET', KEYS[2], 'token', ARGV[3], 'nonce', ARGV[1], 'until_ms', now + ttl, 'beat_ms', now,
      'closed', '0', 'payload', ARGV[4])
  end
  if added > 0 then
    redis.call('HSETNX', KEYS[2], 'recorded_ms', now)
  end
  if is_copied then
    redis.call('HSET', KEYS[2], 'copied', '1')
  end
  if how == 'PUT_BACK' then
    redis.call('HDEL', KEYS[2], 'closed_ms', 'reason')
  end
  return {how, now, now + ttl}
end

if held then
  local readable, holder = pcall(cjson.decode, held)
  if readable and type(holder) == 'table' and holder.instanceId == ARGV[2] and holder.fencingToken == ARGV[3] then
    if redis.call('HGET', KEYS[2], 'revoked') == ARGV[3] then
      return {'REVOKED', redis.call('HGET', KEYS[2], 'revoked_by') or ''}
    end
    if is_held_off and history then
      local known = redis.call('HMGET', KEYS[2], 'history', 'copied')
      local was_replica = string.find(told, 'master_replid2:0*[^0%c]')
      local was_copied = known[1] and (is_copied or known[2] == '1')
      if known[1] ~= history and (was_replica or was_copied) then
        -- The older holder that it waits for may have been back on the old primary.
        return {'GONE', now}
      end
    end
    return keep('RENEWED')
  end
  local is_ghost = readable and type(holder) == 'table' and is_older(holder.fencingToken)
  if not (is_ghost and may_put_back) then
    return {'TAKEN', held, redis.call('PTTL', KEYS[1])}
  end
end

local last = redis.call('HMGET', KEYS[2], 'token', 'closed', 'revoked', 'revoked_by')
if last[1] and last[1] ~= ARGV[3] and not is_older(last[1]) then
  return {'TAKEN', '', 0}
end
if last[3] == ARGV[3] and last[2] ~= '1' then
  return {'REVOKED', last[4] or ''}
end
if not may_put_back or last[1] == ARGV[3] and last[2] == '1' then
  return {'GONE', now}
end
return keep('PUT_BACK')
