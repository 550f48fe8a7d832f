-- Adds a session to the index of its user, and removes expired ones. The index expires with the session that expires last.
-- KEYS[1]: the index. ARGV: sid, absolute expiry, now (seconds).
local now = tonumber(ARGV[3])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
redis.call('EXPIRE', KEYS[1], math.max(1, tonumber(last or ARGV[2]) - now))
