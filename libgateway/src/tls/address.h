// Whom a certificate is for, where mbedTLS does not look: IP addresses. 2.28 compares host names only.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace gw::tls {

// The bytes of an iPAddress entry of subjectAltName (RFC 5280 4.2.1.6): 4 for IPv4, 16 for IPv6.
class Address {
public:
    // An IPv4 address of four numbers, or an IPv6 address without brackets and zone; nothing for anything else.
    static std::optional<Address> parse(std::string_view text) noexcept;

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return std::span{bytes_}.first(size_); }

private:
    std::array<std::byte, 16> bytes_{};
    std::size_t size_ = 0;
};

}  // namespace gw::tls
