-- Marks a session as ended: no refresh token opens it from now on. The record remains until the revocation is logged.
-- KEYS[1]: the session. Returns its record, or '' if there is none.
local record = redis.call('GET', KEYS[1])
if not record then return '' end
if string.sub(record, 1, 4) == 'live' then
  redis.call('SET', KEYS[1], 'ended' .. string.sub(record, 5), 'KEEPTTL')
end
return record
