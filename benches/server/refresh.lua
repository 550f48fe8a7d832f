-- wrk: each thread (with its one connection) refreshes a session of its own, over and over, with what the last answer brought.
-- Argument: a file with one cookie a line.
local count = 0

function setup(thread)
  thread:set("number", count)
  count = count + 1
end

function init(args)
  local n = 0
  for line in io.lines(args[1]) do
    if n == number then cookie = line end
    n = n + 1
  end
  headers = { ["Idempotency-Key"] = "bench" }
end

function request()
  headers["Cookie"] = cookie
  return wrk.format("POST", "/auth/refresh", headers)
end

function response(status, answered)
  local next = answered["Set-Cookie"] or answered["set-cookie"]
  if next then cookie = next:match("^[^;]+") end
end
