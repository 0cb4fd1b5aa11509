// Which header fields a proxy passes on: those of the request to the provider, those of its answer to the client.
//
//     client's fields ── forward_request() ──> fields for the provider | 400, 413
//     provider's fields ── forward_response() ──> fields for the client
//
// What is about one connection stays on it (RFC 9110 7.6.1), what is between client and gateway stays between them, and
// an answer may not speak for the gateway.
#pragma once

#include <memory_resource>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "http1/http1.h"

namespace gw::upstream {

struct ForwardFailure {
    int status = 400;          // or 413
    std::string_view message;  // begins "invalid forwarded headers: "
};

struct ForwardRules {
    // llm.forward_custom_headers. Off: only what describes the content and the dialect's version.
    bool custom_headers = true;
};

inline constexpr std::size_t forwarded_count_max = 64;
inline constexpr std::size_t forwarded_bytes_max = 32U << 10U;  // names and values of what is passed on

// Appends the fields that go on to `out`, views into `fields`, and `Accept-Encoding: identity`: what cannot be read
// cannot be inspected. Host, credentials and framing are the caller's to add.
[[nodiscard]] std::optional<ForwardFailure> forward_request(std::span<const http1::Header> fields,
                                                            const ForwardRules& rules,
                                                            std::pmr::vector<http1::Header>& out);

// Appends the fields that go back. Date, framing and Content-Encoding are the caller's: it knows whether the content is
// still what was sent.
void forward_response(std::span<const http1::Header> fields, std::pmr::vector<http1::Header>& out);

}  // namespace gw::upstream
