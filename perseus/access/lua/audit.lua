-- Append one entry to the audit log, numbered by the store's clock and trimmed by it.
-- KEYS  1 logs:audit   2 {logs:audit}:strangers   3 what is there once an entry that may be written once is, or none
-- ARGV  1 retention in ms  2 cap in entries  3 cap of entries by strangers, 0 for an entry of a person
--       4 for how many ms that is known   5... fields and values
-- Strangers are held to a share of their own: whoever knocks a million times does not push out what people did.
-- Gives the id of the entry, or nothing where it was written before.
if KEYS[3] and redis.call('EXISTS', KEYS[3]) == 1 then
  return {}
end
local id = redis.call('XADD', KEYS[1], '*', unpack(ARGV, 5))
if KEYS[3] then
  redis.call('SET', KEYS[3], '1', 'PX', ARGV[4])
end
if tonumber(ARGV[3]) > 0 then
  redis.call('RPUSH', KEYS[2], id)
  while redis.call('LLEN', KEYS[2]) > tonumber(ARGV[3]) do
    redis.call('XDEL', KEYS[1], redis.call('LPOP', KEYS[2]))
  end
  redis.call('PEXPIRE', KEYS[2], ARGV[1])
end
local time = redis.call('TIME')
local now = math.floor((time[1] * 1000000 + time[2]) / 1000)
redis.call('XTRIM', KEYS[1], 'MINID', '=', string.format('%.0f', now - tonumber(ARGV[1])))
redis.call('XTRIM', KEYS[1], 'MAXLEN', '=', ARGV[2])
return {id}
