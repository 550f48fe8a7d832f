-- Rotates a session. One script on one key, so that no other command can run in between.
-- KEYS[1]: the session.
-- ARGV: presented generation, hash of the Idempotency-Key or '', idle lifetime, repeat window, grace, now (seconds).
-- Returns {outcome, record, seconds since the last rotation}. The record is the text that mod.rs writes and reads:
-- state|generation|replaced generation|hash of the key that rotated|repeats|created|used|idle expiry|absolute expiry|
-- credential version|user|user agent
local record = redis.call('GET', KEYS[1])
if not record then return {'unknown', '', 0} end
local state, generation, replaced, rotated_by, repeats, created, used, idle, absolute, rest =
  string.match(record, '^(%a+)|(%d+)|(%d*)|([^|]*)|(%d+)|(%d+)|(%d+)|(%d+)|(%d+)|(.*)$')
local presented, key, ttl = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local window, grace, now = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
if not state or tonumber(idle) <= now then return {'unknown', '', 0} end
-- The session has ended, or ended by reuse; the server that did so has not finished. The caller finishes.
if state == 'reused' then return {'alarm', record, 0} end
if state ~= 'live' then return {'ended', record, 0} end

local age = math.max(0, now - tonumber(used))
local function write(next_generation, replaces, by, count, last_used, expires)
  record = string.format('live|%d|%s|%s|%d|%s|%d|%d|%s|%s',
    next_generation, replaces, by, count, created, last_used, expires, absolute, rest)
  redis.call('SET', KEYS[1], record, 'EX', math.max(1, expires - now))
end
local expires = math.min(now + ttl, tonumber(absolute))

if presented >= tonumber(generation) then
  write(presented + 1, ARGV[1], key, repeats, now, expires)
  return {'rotated', record, 0}
end
local same_key = key ~= '' and key == rotated_by
local in_grace = key == '' and rotated_by == '' and age < grace
if presented == tonumber(replaced) and (same_key or in_grace) then
  if in_grace or age < window then
    write(generation, replaced, rotated_by, repeats + 1, used, tonumber(idle))
    return {'repeated', record, age}
  end
  write(generation + 1, replaced, rotated_by, repeats + 1, now, expires)
  return {'late', record, age}
end
redis.call('SET', KEYS[1], 'reused' .. string.sub(record, 5), 'KEEPTTL')
return {'reused', record, age}
