// Which key goes to the provider, and in which header: it comes in several, the provider reads one.
//
//     X-AI-Auth | api-key | x-api-key | Authorization ── choose ──> x-api-key | api-key | Authorization: Bearer
//
// A credential of the gateway itself never leaves, wherever a client put it.
#pragma once

#include <string_view>

#include "http1/http1.h"

namespace gw::upstream {

struct Credential {
    std::string_view header;  // "Authorization", "x-api-key", "api-key"
    std::string_view prefix;  // "Bearer " or "": the value is prefix and key
    std::string_view key;     // a view into the request; "" when the client sent none

    [[nodiscard]] bool exists() const noexcept { return !key.empty(); }
};

// Chat requests that are forwarded as they are: X-AI-Auth alone, and only with the word Bearer.
[[nodiscard]] Credential forwarded_credential(const http1::Headers& headers, std::string_view provider,
                                              std::string_view gateway_token) noexcept;
// All other paths: the first usable of X-AI-Auth, api-key, x-api-key and Authorization.
[[nodiscard]] Credential passthrough_credential(const http1::Headers& headers, std::string_view provider,
                                                std::string_view gateway_token) noexcept;
// A key from the configuration, in the form that the provider reads.
[[nodiscard]] Credential configured_credential(std::string_view key, std::string_view provider) noexcept;

}  // namespace gw::upstream
