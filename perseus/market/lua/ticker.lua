-- Store one ticker for a while and tell it: fenced by the token, older never over newer.
-- KEYS  1 ticker:<id>:<symbol>
-- ARGV  1 fencing token  2 event time  3 seconds that it lives  4 channel  5 JSON, with both in it
-- Gives STORED   |   OLDER: a newer one is there   |   FENCED, larger token that has written
local found = redis.call('GET', KEYS[1])
if found then
  local is_read, old = pcall(cjson.decode, found)
  if not is_read or type(old) ~= 'table' or type(old.eventTime) ~= 'number' or not tonumber(old.fencingToken) then
    return redis.error_reply('WRONGTYPE this is no ticker of ours')
  end
  if tonumber(ARGV[1]) < tonumber(old.fencingToken) then
    return {'FENCED', old.fencingToken}
  end
  if tonumber(ARGV[2]) < old.eventTime then
    return {'OLDER'}
  end
end
redis.call('SET', KEYS[1], ARGV[5], 'EX', ARGV[3])
if found ~= ARGV[5] then
  redis.pcall('PUBLISH', ARGV[4], ARGV[5])
end
return {'STORED'}
