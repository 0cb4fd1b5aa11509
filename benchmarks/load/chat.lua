-- wrk's request: a chat completion. Arguments: the body, then headers as "Name: value".
function init(args)
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json"
    for index = 2, #args do
        local name, value = args[index]:match("^([^:]+): (.*)$")
        wrk.headers[name] = value
    end
    wrk.body = args[1]
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
