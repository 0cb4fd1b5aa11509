// Who is asking: the credential of a request against what is configured. Constant time, and no word about why.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gw::auth {

enum class Outcome : std::uint8_t { allowed, missing, wrong };

// The token of an `Authorization: Bearer <token>` value (RFC 6750 2.1); nothing for another scheme.
[[nodiscard]] std::optional<std::string_view> bearer_token(std::string_view authorization) noexcept;

// Checks the bearer of an HTTP request against the shared secret (gateway.auth.token or .password). An empty secret
// matches nothing.
[[nodiscard]] Outcome check_bearer(std::string_view secret, std::optional<std::string_view> authorization) noexcept;

}  // namespace gw::auth
