-- Rotates a session. One script on one key, so that no other command can run in between.
-- KEYS[1]: the session.
-- ARGV: presented generation, hash of the Idempotency-Key or '', idle lifetime, grace, now (all times in seconds).
-- Returns {outcome, record}. The record is the text that redis.rs writes and reads:
-- state|generation|hash of the key that rotated|created|used|idle expiry|absolute expiry|user|user agent
local record = redis.call('GET', KEYS[1])
if not record then return {'unknown', ''} end
local state, generation, rotated_by, created, used, idle, absolute, user, agent =
  string.match(record, '^(%a+)|(%d+)|([^|]*)|(%d+)|(%d+)|(%d+)|(%d+)|([^|]*)|(.*)$')
local presented, key, ttl, grace, now = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
if tonumber(idle) <= now then return {'unknown', ''} end
-- A server marked the session as ended and did not finish; the caller finishes.
if state ~= 'live' then return {'ended', record} end

if presented >= tonumber(generation) then
  local expires = math.min(now + ttl, tonumber(absolute))
  record = string.format('live|%d|%s|%s|%d|%d|%s|%s|%s', presented + 1, key, created, now, expires, absolute, user, agent)
  redis.call('SET', KEYS[1], record, 'EX', expires - now)
  return {'rotated', record}
end
local same_key = key ~= '' and key == rotated_by
local in_grace = key == '' and rotated_by == '' and now < tonumber(used) + grace
if presented + 1 == tonumber(generation) and (same_key or in_grace) then return {'repeated', record} end
redis.call('SET', KEYS[1], 'ended' .. string.sub(record, 5), 'KEEPTTL')
return {'reused', record}
