-- Append one event to an activity log: fenced by the token, once only by its id, numbered, trimmed.
-- KEYS  1 logs:network:<name>   2 {logs:network:<name>}:meta
-- ARGV  1 event id  2 token  3 'instance' or 'watcher'  4 retention in ms  5 storm cap in entries
--       6 id of this instance's event before this one, or '' to append whatever stands there
--       7 least number of the entry  8 kind of event  9... further fields and values
-- Gives APPENDED, stream id, number   |   REPEATED, stream id of the first time   |   FENCED, largest token seen
--       FORGOTTEN: the event before this one is not the latest of an instance any more; nothing is appended
-- Fenced is an instance behind a later lease, and one whose own death is written down.
local meta = redis.call('HMGET', KEYS[2], 'token', 'event_id', 'event_at', 'death_token', 'death_at', 'seq', 'history',
  'copied')
if meta[6] and not string.match(meta[6], '^%d+$') then
  return redis.error_reply('WRONGTYPE this log is not numbered by numbers')
end
local is_death = ARGV[3] == 'watcher'
if is_death and meta[4] == ARGV[2] then
  return {'REPEATED', meta[5]}
end
if not is_death and meta[2] == ARGV[1] then
  return {'REPEATED', meta[3]}
end
if meta[1] and tonumber(ARGV[2]) < tonumber(meta[1]) or (not is_death and meta[4] == ARGV[2]) then
  return {'FENCED', meta[1]}
end
-- A repeat may come late, behind newer events: a request that its sender gave up and a bad network then delivered.
for _, entry in ipairs(redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 64)) do
  if entry[2][3] == 'eventId' and entry[2][4] == ARGV[1] then
    return {'REPEATED', entry[1]}
  end
end

if ARGV[6] ~= '' and meta[2] ~= ARGV[6] then
  return {'FORGOTTEN'}
end

-- The first entry after a failover says so: what the old primary confirmed last may be missing before it. A promoted
-- replica that was restarted no longer tells what it was: where there ever were replicas each new history counts.
local told = redis.pcall('INFO', 'replication')
local history = type(told) == 'string' and string.match(told, 'master_replid:(%w+)') or ''
local is_copied = meta[8] == '1' or history ~= '' and string.find(told, 'repl_backlog_active:1')
local entry = {unpack(ARGV, 9)}
local is_another = history ~= '' and meta[7] ~= history
if is_another and (string.find(told, 'master_replid2:0*[^0%c]') or is_copied and meta[7]) then
  entry[#entry + 1], entry[#entry + 2] = 'afterFailover', '1'
end

local time = redis.call('TIME')
local now = math.floor((time[1] * 1000000 + time[2]) / 1000)
local seq = math.max((tonumber(meta[6] or '0') or 0) + 1, tonumber(ARGV[7]))
local id = redis.call('XADD', KEYS[1], '*', 'event', ARGV[8], 'eventId', ARGV[1], 'seq', seq, unpack(entry))
redis.call('HSET', KEYS[2], 'seq', seq, 'history', history)
if is_copied then
  redis.call('HSET', KEYS[2], 'copied', '1')
end
if is_death then
  redis.call('HSET', KEYS[2], 'token', ARGV[2], 'death_token', ARGV[2], 'death_at', id)
else
  redis.call('HSET', KEYS[2], 'token', ARGV[2], 'event_id', ARGV[1], 'event_at', id)
end

redis.call('XTRIM', KEYS[1], 'MINID', '=', string.format('%.0f', now - tonumber(ARGV[4])))
if redis.call('XLEN', KEYS[1]) > tonumber(ARGV[5]) then
  redis.call('XTRIM', KEYS[1], 'MAXLEN', '=', ARGV[5])
  local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
  redis.call('HSET', KEYS[2], 'cut_before_ms', string.match(oldest[1][1], '^%d+'))
end
-- A hint for who waits; a store that forbids it costs them a second, and the log nothing.
redis.pcall('PUBLISH', 'channel:network', KEYS[1])
return {'APPENDED', id, seq}
