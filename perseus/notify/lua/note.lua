-- Note what happened to a destination: numbered as the events of an exchange are, so that a reader knows of a gap.
-- KEYS  1 logs:dispatch
-- ARGV  1 entries to keep   2... fields and values
-- Gives its stream id
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local seq = 1
if last then
  for at = 1, #last[2], 2 do
    if last[2][at] == 'seq' then
      seq = tonumber(last[2][at + 1]) + 1
    end
  end
end
local id = redis.call('XADD', KEYS[1], '*', 'seq', string.format('%.0f', seq), unpack(ARGV, 2))
redis.call('XTRIM', KEYS[1], 'MAXLEN', '=', ARGV[1])
redis.pcall('PUBLISH', 'channel:network', KEYS[1])
return {id}
