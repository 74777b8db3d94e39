-- Each thread is one connection with turns of its own, read from <folder>/<number>.tsv: expected reply, tab, form.
-- A turn is sent once, the next one only after its reply was checked.

local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function init(args)
  requests, expected, at = {}, {}, 1
  wrong, ran_out = "", 0
  local headers = { ["Content-Type"] = "application/x-www-form-urlencoded" }
  for line in io.lines(args[1] .. "/" .. number .. ".tsv") do
    local reply, form = line:match("^(.-)\t(.*)$")
    table.insert(expected, reply)
    table.insert(requests, wrk.format("POST", nil, headers, form))
  end
end

-- wrk asks once more than it sends, to learn whether requests differ: only a reply moves on.
function request()
  if at > #requests then
    ran_out = 1
    wrk.thread:stop()
    return requests[#requests]
  end
  return requests[at]
end

function response(status, headers, body)
  if wrong == "" and at <= #requests and (status ~= 200 or body:sub(1, #expected[at]) ~= expected[at]) then
    wrong = status .. " " .. body .. " instead of " .. expected[at]
  end
  at = at + 1
end

function done(summary, latency)
  local first_wrong, any_out, errors = "", 0, 0
  for _, thread in ipairs(threads) do
    if first_wrong == "" then first_wrong = thread:get("wrong") end
    any_out = math.max(any_out, thread:get("ran_out"))
  end
  for _, kind in ipairs({ "connect", "read", "write", "timeout" }) do
    errors = errors + summary.errors[kind]
  end
  io.write(string.format(
    '{"requests": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "errors": %d, "ran_out": %d, "wrong": "%s"}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors, any_out, (first_wrong:gsub('[%c"\\]', " "))
  ))
end
