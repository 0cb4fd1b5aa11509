-- wrk's request: a chat completion. Arguments: token, body, and the value of x-openclaw-model, if any.
function init(args)
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json"
    wrk.headers["Authorization"] = "Bearer " .. args[1]
    if args[3] then
        wrk.headers["x-openclaw-model"] = args[3]
    end
    wrk.body = args[2]
    request_bytes = wrk.format()
end

function request()
    return request_bytes
end

-- One line for run.py: everything in microseconds.
function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format("RESULT requests=%d duration=%d p50=%d p99=%d failed=%d\n", summary.requests, summary.duration,
        latency:percentile(50), latency:percentile(99),
        errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
