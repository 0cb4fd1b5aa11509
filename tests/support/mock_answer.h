// What the mock upstream sends for one request, laid out completely before the first byte goes out.
//
//     Options, Request -- plan() --> Plan { pieces to write, pauses between them, how it ends }
//
// The same options give the same bytes, so the server keeps plans and a benchmark's request costs it no formatting.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/mock_options.h"

namespace mock {

struct Request {
    std::string method;
    std::string target;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    bool keep_alive = true;
    // From the JSON body.
    bool stream = false;
    bool include_usage = false;
    std::string model;
};

struct Plan {
    std::vector<std::string> pieces;  // one write each
    std::uint64_t first_ns = 0;
    std::uint64_t gap_ns = 0;
    Ending ending = Ending::keep;
    bool whole = true;  // the answer reaches its end
};

[[nodiscard]] Plan plan_chat(const Options& options, const Request& request);
[[nodiscard]] Plan plan_json(int status, std::string_view body, bool keep_alive);

// An error object as OpenAI's servers send it.
[[nodiscard]] std::string error_json(int status, std::string_view message);

// `text` between quotes.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace mock
