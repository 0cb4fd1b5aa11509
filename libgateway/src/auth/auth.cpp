#include "auth/auth.h"

#include "core/text.h"
#include "crypto/compare.h"

namespace gw::auth {

std::optional<std::string_view> bearer_token(std::string_view authorization) noexcept {
    constexpr std::string_view scheme = "bearer ";
    if (!starts_with_ignoring_case(authorization, scheme)) return std::nullopt;
    const std::string_view token = trim(authorization.substr(scheme.size()));
    if (token.empty()) return std::nullopt;
    return token;
}

Outcome check_bearer(std::string_view secret, std::optional<std::string_view> authorization) noexcept {
    const auto token = authorization ? bearer_token(*authorization) : std::nullopt;
    if (!token) return Outcome::missing;
    return !secret.empty() && crypto::equal_secrets(*token, secret) ? Outcome::allowed : Outcome::wrong;
}

}  // namespace gw::auth
