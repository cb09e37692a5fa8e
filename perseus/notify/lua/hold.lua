-- Take the lease of a destination, or renew it while it is still ours.
-- KEYS  1 {perseus:dest:<id>}:lease   2 {perseus:dest:<id>}:token
-- ARGV  1 worker   2 life in ms
-- Gives HELD, token   |   ANEW, token, where nobody held it   |   TAKEN, worker and token of the holder
-- A worker's name is its own for good, so a lease in its name is one whose reply was lost.
local held = redis.call('GET', KEYS[1])
if held then
  local worker, token = string.match(held, '^(.*) (%d+)$')
  if worker ~= ARGV[1] then
    return {'TAKEN', held}
  end
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return {'HELD', token}
end
local token = string.format('%.0f', redis.call('INCR', KEYS[2]))
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. token, 'PX', ARGV[2])
return {'ANEW', token}
