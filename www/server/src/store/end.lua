-- Begins the end of a session: from here on no token opens it, and the record stays until all servers can know.
-- KEYS[1]: the session. Answers its record, or '' where there is none.
local record = redis.call('GET', KEYS[1])
if not record then return '' end
if string.sub(record, 1, 4) == 'live' then
  redis.call('SET', KEYS[1], 'ended' .. string.sub(record, 5), 'KEEPTTL')
end
return record
