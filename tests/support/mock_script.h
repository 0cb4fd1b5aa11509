// Answers that a test dictates byte by byte, and what the mock was asked.
//
//     POST /_mock/script     one script, or a list of them             -> {"scripts": how many wait}
//     GET  /_mock/requests   [{method, path, headers, body, ...}]      ?id=ID: only those of this script
//     POST /_mock/reset      forgets both
//
// A script with an "id" answers the request that carries it in the header X-Mock-Script; one without answers the next
// request, whatever it is. Once each, or "times" (0: for ever). Its members, all optional:
//     status, headers ({name: value})
//     one of: body (text, or JSON)   sse [data, ...]   sse_events [[name, data], ...]   ndjson [line, ...]
//             aws_events [[type, payload], ...] ("!type": an exception)   raw_base64
//             say [delta, ...] and tools [{name, arguments: [piece, ...]}]: in the dialect of the request's path,
//             streamed if it asks for that
//     crlf, cr, comments, bom, tight     other forms of events      gzip
//     framing   "chunked" (else), "length", "until_close"
//     cut       N: every N bytes of the body, or [positions], or "events" (else)     delay_ms, first_ms
//     stall_after, close_after, reset_after     so many bytes of the body are sent, then no more
// Data, lines and payloads are texts, which are sent as they are, or JSON.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/mock_answer.h"

namespace mock {

class Scripts {
public:
    struct Answer {
        std::shared_ptr<const Plan> plan;
        std::size_t record = 0;
    };

    // Answers a request to /_mock/...; nothing when it is none.
    [[nodiscard]] std::optional<Plan> control(const Request& request);

    // What is to be answered to `request`, if a script says so.
    [[nodiscard]] std::optional<Answer> take(const Request& request);

    enum class Outcome { open, complete, left_early, ended };  // ended: on purpose, before the end
    void finished(std::size_t record, Outcome outcome);

private:
    struct Script {
        std::string id, json;
        std::size_t times = 1;
    };
    struct Record {
        std::string id;
        Request request;
        Outcome outcome = Outcome::open;
    };

    [[nodiscard]] std::string add(std::string_view json);
    [[nodiscard]] std::string requests_json(std::string_view id) const;

    std::deque<Script> next_;
    std::map<std::string, Script, std::less<>> named_;
    std::vector<Record> records_;
};

}  // namespace mock
