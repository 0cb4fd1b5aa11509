// What the mock upstream sends for one request, laid out completely before the first byte goes out.
//
//     Options, Request -- plan() --> Plan { pieces to write, pauses between them, how it ends }
//
// The same options give the same bytes, so the server keeps plans and a benchmark's request costs it no formatting.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/mock_dialect.h"

namespace mock {

struct Request {
    std::string method;
    std::string target;
    Headers headers;
    std::string body;
    bool keep_alive = true;
    // From the JSON body.
    std::optional<bool> stream;
    bool include_usage = false;
    std::string model;
};

struct Plan {
    Pieces pieces;  // one write each
    std::uint64_t first_ns = 0;
    std::uint64_t gap_ns = 0;
    bool by_clock = false;
    bool stamped = false;  // pieces may have a time stamp to fill in
    Ending ending = Ending::keep;
    bool whole = true;  // the answer reaches its end
};

// How a stamped event says when it was written: CLOCK_MONOTONIC in nanoseconds, which all processes of a machine share,
// plus stamp_zero, so that it always has the same number of digits and fits into bytes that were laid out long before.
inline constexpr std::string_view stamp_member = R"("created_ns":)";
inline constexpr std::uint64_t stamp_zero = 1'000'000'000'000'000'000;
inline constexpr std::size_t stamp_digits = 19;

[[nodiscard]] Plan plan_answer(const Route& route, const Options& options, const Request& request);
[[nodiscard]] Plan plan_json(int status, std::string_view body, bool keep_alive);

[[nodiscard]] bool streams(const Route& route, const Request& request);
// The body that says `speech` in the way that was asked for, one event a piece.
[[nodiscard]] Pieces speak(const Route& route, const Speech& speech, const Options& options, const Request& request);

// An error object as OpenAI's servers send it.
[[nodiscard]] std::string error_json(int status, std::string_view message);

}  // namespace mock
