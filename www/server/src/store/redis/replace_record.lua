-- Replaces a record if its value is the expected one; returns whether it did.
-- KEYS[1]: the record. ARGV: the expected value, the new value, its lifetime in seconds.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
