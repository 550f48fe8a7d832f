-- Adds a user, unless there is one; returns whether it did.
-- KEYS[1]: the user. ARGV: fields and their values.
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1
