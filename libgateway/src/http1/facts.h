// What the fields of a head say about the message's own framing and about the connection, gathered in one pass, and the
// rules of RFC 9112 6.3 on top: where does the content end, and may we trust that?
#pragma once

#include <cstdint>

#include "http1/http1.h"
#include "http1/refusal.h"
#include "http1/syntax.h"

namespace gw::http1 {

struct Facts {
    std::uint64_t length = 0;  // of Content-Length, when length_valid
    std::uint32_t hosts = 0;   // lines with that name
    std::uint32_t lengths = 0;
    std::uint32_t encodings = 0;
    std::uint32_t codings = 0;  // elements of all Transfer-Encoding lines
    std::uint32_t chunked = 0;  // how many of them are "chunked"
    bool host_valid = true;
    bool length_valid = true;
    bool codings_valid = true;  // every coding is a token
    bool chunked_last = false;
    bool connection_close = false;
    bool connection_keep_alive = false;
    bool connection_upgrade = false;
    bool upgrade = false;
    bool expect_continue = false;
    bool expect_other = false;
};
[[nodiscard]] Facts gather_facts(Headers headers) noexcept;

// Where the content of a received message ends.
enum class Content : std::uint8_t { none, length, chunked, until_close };

// The rules for a request; `content` is set when there is no refusal.
[[nodiscard]] Refusal judge_request(const RequestLine& line, const Facts& facts, Content& content) noexcept;

// The same for a response. `no_content`: it answers HEAD or has a status without content.
[[nodiscard]] Refusal judge_response(const StatusLine& line, const Facts& facts, bool no_content,
                                     Content& content) noexcept;

// True for the statuses that never have content: 1xx, 204 and 304 (RFC 9112 6.3, rule 1).
[[nodiscard]] constexpr bool status_without_content(int status) noexcept {
    return status < 200 || status == 204 || status == 304;
}

// Fields that must not come in a trailer: framing, routing, authentication, how to read the content (RFC 9110 6.5.1).
[[nodiscard]] bool forbidden_in_trailer(std::string_view name) noexcept;

// Whether the connection outlives the message, as far as the message says (RFC 9112 9.3).
[[nodiscard]] constexpr bool wants_keep_alive(const Facts& facts, std::uint8_t minor) noexcept {
    return !facts.connection_close && (minor >= 1 || facts.connection_keep_alive);
}

}  // namespace gw::http1
