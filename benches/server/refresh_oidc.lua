-- As refresh.lua, for an OAuth 2 token endpoint: the refresh token is in the body.
local count = 0

function setup(thread)
  thread:set("number", count)
  count = count + 1
end

function init(args)
  local n = 0
  for line in io.lines(args[1]) do
    if n == number then token = line end
    n = n + 1
  end
  headers = { ["Content-Type"] = "application/x-www-form-urlencoded" }
end

function request()
  return wrk.format("POST", "/token", headers, "grant_type=refresh_token&client_id=app&refresh_token=" .. token)
end

function response(status, headers_received, body)
  token = body:match('"refresh_token":"([^"]+)"') or token
end
