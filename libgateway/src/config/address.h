// What a text says about an address: enough to know whether a port is open to others.
#pragma once

#include <string_view>

namespace gw::config {

[[nodiscard]] bool is_address(std::string_view text) noexcept;  // IPv4 or IPv6, written out
[[nodiscard]] bool is_loopback_address(
    std::string_view text) noexcept;  // 127.0.0.0/8, ::1, and the former mapped into IPv6
[[nodiscard]] bool is_address_block(std::string_view text) noexcept;  // an address, or one with "/<prefix length>"

// Why a text is no base URL of a provider; empty: it is one. The text itself is not repeated: it may hold a password.
[[nodiscard]] std::string_view base_url_fault(std::string_view text) noexcept;

// Whether a valid base URL sends everything, keys included, readable through a network.
[[nodiscard]] bool is_plain_text_url(std::string_view base_url) noexcept;

}  // namespace gw::config
