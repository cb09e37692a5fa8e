-- Carry out commands on the keys of one destination, all or none, only while its lease is ours, and only once.
-- KEYS  1 {perseus:dest:<id>}:lease   2 {perseus:dest:<id>}:state   3... its other keys
-- ARGV  1 worker and token   2 mark of this commit, '' for one that may be repeated
--       3... commands: name, number of its key, count of its arguments, arguments
-- Gives DONE   |   LOST
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return {'LOST'}
end
if ARGV[2] ~= '' and redis.call('HGET', KEYS[2], 'commit') == ARGV[2] then
  return {'DONE'}
end
local at = 3
while at <= #ARGV do
  local count = tonumber(ARGV[at + 2])
  redis.call(ARGV[at], KEYS[tonumber(ARGV[at + 1])], unpack(ARGV, at + 3, at + 2 + count))
  at = at + 3 + count
end
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[2], 'commit', ARGV[2])
end
return {'DONE'}
