-- Asks with the lines of a file, one request each, from a line on and around: "token" or "token etag". A third argument
-- that is not "-" is the Accept-Encoding of every request, a fourth is the path.
-- At the end prints one line of JSON: what wrk counted, latencies in microseconds.
local requests, position = {}, 0

function init(arguments)
   local first = tonumber(arguments[2])
   for line in io.lines(arguments[1]) do
      local token, tag = line:match("^(%S+)%s*(%S*)$")
      local headers = { ["Authorization"] = "Bearer " .. token }
      if arguments[3] ~= "-" then headers["Accept-Encoding"] = arguments[3] end
      if tag ~= "" then headers["If-None-Match"] = tag end
      requests[#requests + 1] = wrk.format("GET", arguments[4], headers)
   end
   position = first % #requests
end

function request()
   position = position % #requests + 1
   return requests[position]
end

function done(summary, latency, _)
   local errors = summary.errors
   io.write(string.format(
      '{"requests": %d, "seconds": %f, "bytes": %d, "failed": %d, "p50": %d, "p99": %d, "longest": %d}\n',
      summary.requests, summary.duration / 1e6, summary.bytes,
      errors.status + errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50), latency:percentile(99), latency.max))
end
