-- Write to one key, unless a later lease has written to it.
-- KEYS  1 the key   2 {the key}:fence
-- ARGV  1 fencing token  2 command, such as SET  3... its arguments behind the key
-- Gives WRITTEN, the command's answer   |   FENCED, largest token that has written
local seen = redis.call('HGET', KEYS[2], 'token')
if seen and tonumber(ARGV[1]) < tonumber(seen) then
  redis.call('HINCRBY', KEYS[2], 'refused', 1)
  return {'FENCED', seen}
end
redis.call('HSET', KEYS[2], 'token', ARGV[1])
return {'WRITTEN', redis.call(ARGV[2], KEYS[1], unpack(ARGV, 3))}
