// How the mock upstream should behave for one request, as one short text: "gap=2ms+cut=3+crlf".
//
//     X-Mock: gap=2ms+cut=3          a header, for clients that talk to the mock directly
//     /+gap=2ms+cut=3/v1/...         the first part of the path, so that a provider's base URL carries it
//     "model": "any+gap=2ms+cut=3"   behind the model's name
//
// All three are read, in this order; tests/support/mock_upstream.cpp lists the words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mock {

enum class LineEnd { lf, crlf, cr };
enum class Framing { automatic, chunked, until_close };
enum class Ending { keep, close, reset, stall };

struct Options {
    // Time.
    std::uint64_t first_ns = 0;  // before the first byte of the answer
    std::uint64_t gap_ns = 0;    // between two writes
    bool by_clock = false;       // a write that came late does not delay the next one
    // The bytes of the answer.
    std::size_t cut = 0;       // SSE bytes per write and per HTTP chunk; 0: one event each
    std::size_t wire_cut = 0;  // bytes per write, whatever they are
    bool split_utf8 = false;   // every character of several bytes is cut behind its first
    bool coalesce = false;     // one write for everything
    LineEnd line_end = LineEnd::lf;
    bool comments = false;
    bool byte_order_mark = false;
    Framing framing = Framing::automatic;
    bool gzip = false;
    bool connection_close = false;  // "Connection: close", and closes
    bool early_hints = false;       // a 103 answer before the real one
    // What it says.
    std::size_t delta_count = 31;
    std::size_t text_bytes = 0;  // of the whole answer, or of each delta; 0: as the benchmark has it
    bool utf8 = false;
    bool prose = false;  // a word of English each, with the space in front, as models send them
    bool words = false;  // likewise, but with the space behind: every delta ends with its word
    bool stamp = false;  // every chat event says when it was written
    bool odd = false;    // fields and white space that no other server sends
    bool tools = false;
    bool echo = false;
    bool no_done = false;
    bool bad_event = false;    // one event in the middle is not JSON
    bool error_event = false;  // an error object in the middle, then the end
    bool nonsense = false;     // the answer is not HTTP
    int status = 200;
    std::string retry_after;
    // How it ends. `end_after` counts events of a stream, or bytes of a JSON body.
    Ending ending = Ending::keep;
    std::size_t end_after = SIZE_MAX;
    // The first `fail_count` requests with this id are closed without an answer, or answered with `fail_status`.
    std::string fail_id;
    std::size_t fail_count = 1;
    int fail_status = 0;
};

// Adds the words of `text` to `options`. Says which word it does not know.
[[nodiscard]] std::optional<std::string> read_options(std::string_view text, Options& options);

}  // namespace mock
