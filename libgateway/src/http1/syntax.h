// The grammar of single lines and words: RFC 9110 5 and 5.6, RFC 9112 3, 4 and 5.
//
// llhttp parses all of this too, but how much it lets pass depends on its version and on how it was built (bare LF,
// spaces in names, any byte for the LF behind a CR). What decides where a message ends must not depend on that, so each
// line is checked here before llhttp sees it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http1/refusal.h"

namespace gw::http1 {

[[nodiscard]] bool is_token_char(char c) noexcept;
[[nodiscard]] bool is_token(std::string_view text) noexcept;           // at least one tchar, nothing else
[[nodiscard]] bool is_field_value(std::string_view text) noexcept;     // no control character but HTAB
[[nodiscard]] bool is_request_target(std::string_view text) noexcept;  // visible ASCII without "#", not empty
[[nodiscard]] bool is_host(std::string_view text) noexcept;            // uri-host [ ":" port ], not empty

struct RequestLine {
    std::string_view method;
    std::string_view target;
    std::uint8_t minor = 1;
};

struct StatusLine {
    int status = 0;
    std::string_view reason;
    std::uint8_t minor = 1;
};

// The checks take a line with its line end, which must be CR LF, and fill `out` with views into it.
[[nodiscard]] Refusal parse_request_line(std::string_view line, RequestLine& out) noexcept;
[[nodiscard]] Refusal parse_status_line(std::string_view line, StatusLine& out) noexcept;
[[nodiscard]] Refusal check_field_line(std::string_view line) noexcept;

struct ChunkLine {
    std::uint64_t size = 0;
    std::size_t extension_bytes = 0;
};
[[nodiscard]] Refusal parse_chunk_line(std::string_view line, ChunkLine& out) noexcept;

}  // namespace gw::http1
