// One entry of the provider list against one host and path.
#pragma once

#include <string_view>

namespace gw::upstream {

// Whether `host` is `domain` or a subdomain of it; case is ignored. Of a domain without a dot, or one that is an
// address, only itself: "com" must not mean half the internet.
[[nodiscard]] bool is_within(std::string_view host, std::string_view domain) noexcept;

// `entry` is lower case: "api.example.com", "example.com/v1", "llm.*.example.com".
[[nodiscard]] bool entry_matches(std::string_view entry, std::string_view host, std::string_view path) noexcept;

// Why a text is no entry; "" when it is one.
[[nodiscard]] std::string_view entry_fault(std::string_view entry) noexcept;

}  // namespace gw::upstream
