// Which web pages may use the gateway: the Origin field of a browser against what is configured (RFC 6454).
//
// A browser sends a page's requests with whatever the machine it runs on can reach and knows: only the origin says who
// wrote the page.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gw::auth {

enum class OriginVerdict : std::uint8_t { allowed, not_allowed, missing_or_invalid };

struct OriginRules {
    std::span<const std::pmr::string> allowed;  // gateway.controlUi.allowedOrigins: lower case, or "*"
    bool host_fallback = false;                 // gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback
};

struct Origin {
    std::string_view scheme, authority;  // as written
};
// "https://chat.example.org:8443"; nothing for "null", for a path, for what is no origin.
[[nodiscard]] std::optional<Origin> read_origin(std::string_view text) noexcept;

// Allowed are: what the configuration names; pages of this machine for clients of this machine; pages that this gateway
// serves itself under an address or name that no stranger can claim (private and link-local addresses, *.local,
// *.ts.net); with the fall-back also under the name that the Host field has.
[[nodiscard]] OriginVerdict check_origin(std::optional<std::string_view> origin, std::string_view host,
                                         bool client_is_local, const OriginRules& rules) noexcept;

}  // namespace gw::auth
