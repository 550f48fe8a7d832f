-- Appends to the log of revocations. KEYS[1]: the log. ARGV: id, the second until which it matters.
return redis.call('XADD', KEYS[1], '*', 'id', ARGV[1], 'until', ARGV[2])
