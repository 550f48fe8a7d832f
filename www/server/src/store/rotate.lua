-- One rotation: the rules of the contract, on the one record of a session, so that nothing can come in between.
-- KEYS[1]: the session. ARGV: presented generation, hash of the Idempotency-Key or '', idle seconds, grace seconds, now.
-- Answers {what, record}. The record is the text that redis.rs writes and reads:
-- state|generation|rotated by|created|used|idle until|absolute until|user|user agent
local record = redis.call('GET', KEYS[1])
if not record then return {'unknown', ''} end
local state, generation, by, created, used, idle, absolute, user, agent =
  string.match(record, '^(%a+)|(%d+)|([^|]*)|(%d+)|(%d+)|(%d+)|(%d+)|([^|]*)|(.*)$')
local presented, key, ttl, grace, now = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
if tonumber(idle) <= now then return {'unknown', ''} end
-- Its end was begun and not finished; whoever asked finishes it.
if state ~= 'live' then return {'ended', record} end

if presented >= tonumber(generation) then
  local ends = math.min(now + ttl, tonumber(absolute))
  record = string.format('live|%d|%s|%s|%d|%d|%s|%s|%s', presented + 1, key, created, now, ends, absolute, user, agent)
  redis.call('SET', KEYS[1], record, 'EX', ends - now)
  return {'rotated', record}
end
local same_key = key ~= '' and key == by
local in_grace = key == '' and by == '' and now < tonumber(used) + grace
if presented + 1 == tonumber(generation) and (same_key or in_grace) then return {'repeated', record} end
redis.call('SET', KEYS[1], 'ended' .. string.sub(record, 5), 'KEEPTTL')
return {'reused', record}
