-- Load for wrk: each thread has one connection and refreshes one session, with the cookie of the last response.
-- Argument: a file with one cookie per line.
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

function response(status, headers_received)
  local next = headers_received["Set-Cookie"] or headers_received["set-cookie"]
  if next then cookie = next:match("^[^;]+") end
end
