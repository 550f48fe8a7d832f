-- Changes a user, if there is one; returns whether there is.
-- KEYS[1]: the user. ARGV: by how much the credential version rises, then fields and their values.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if #ARGV > 1 then redis.call('HSET', KEYS[1], unpack(ARGV, 2)) end
redis.call('HINCRBY', KEYS[1], 'version', ARGV[1])
return 1
