-- commit compares versions, writes the live state and appends one event, in one atomic step.
-- It knows nothing of conversations or agents: what may change into what is decided in Go.
-- Scripts do not roll back: every check stands before the first write.
--
-- KEYS  1 epoch  2 events  3 n  4 number  5..8 buckets of command keys, today's first
--       9.. the hashes that the changes name
-- ARGV  1 the caller's epoch  2 the event's token  3 the event's JSON
--       4 the short command key  5 how many numbers below its own the event takes for what it brings
--       then for each change: index into KEYS, field, expected, value
--         expected: ""  the field must be missing; else the present value must begin with it
--         value:    ""  removes the field
-- A byte 1 in the event or in a value stands for the new conversation's number, which only this
-- script can count (JSON never contains that byte).
--
-- Returns {"ok", id, number or 0} | {"dup", id of the first} | {"conflict", field} | {"epoch", the present one or ""}
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] then
  return {'epoch', epoch or ''}
end
for b = 5, 8 do
  local id = redis.call('HGET', KEYS[b], ARGV[4])
  if id then
    return {'dup', id}
  end
end
for i = 6, #ARGV, 4 do
  local present = redis.call('HGET', KEYS[tonumber(ARGV[i])], ARGV[i + 1])
  local expected = ARGV[i + 2]
  if expected == '' then
    if present then
      return {'conflict', ARGV[i + 1]}
    end
  elseif not present or string.sub(present, 1, #expected) ~= expected then
    return {'conflict', ARGV[i + 1]}
  end
end

local event, number = ARGV[3], 0
local counted = string.find(event, '\1', 1, true)
if counted then
  number = redis.call('INCR', KEYS[4])
  event = string.gsub(event, '\1', tostring(number))
end
for i = 6, #ARGV, 4 do
  local hash, value = KEYS[tonumber(ARGV[i])], ARGV[i + 3]
  if value == '' then
    redis.call('HDEL', hash, ARGV[i + 1])
  else
    if counted then
      value = string.gsub(value, '\1', tostring(number))
    end
    redis.call('HSET', hash, ARGV[i + 1], value)
  end
end
local id = string.format('%d-%s', redis.call('INCRBY', KEYS[3], 1 + tonumber(ARGV[5])), ARGV[2])
redis.call('XADD', KEYS[2], id, 'e', event)
redis.call('HSET', KEYS[5], ARGV[4], id)
return {'ok', id, number}
