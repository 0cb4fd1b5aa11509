// Addresses as the system's calls take them.
//
//     "192.0.2.7", 443  ── SocketAddress ──>  sockaddr  ── text_of ──>  "192.0.2.7", 443
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/ip_address.h"

namespace gw {

// For connect() and bind(). Its family is AF_UNSPEC, which they refuse, when the text was no address.
class SocketAddress {
public:
    SocketAddress() noexcept = default;
    // Of IPv4 or IPv6, a zone ("%eth0") included.
    SocketAddress(std::string_view address, std::uint32_t port) noexcept;
    // Of a socket in the file system.
    [[nodiscard]] static SocketAddress local(std::string_view path) noexcept;

    [[nodiscard]] const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    sockaddr_storage storage_{};
    std::size_t size_ = sizeof storage_;
};

// Empty, and `port` untouched, when it is neither IPv4 nor IPv6. `port` may be null.
[[nodiscard]] IpText text_of(const sockaddr* from, std::uint32_t* port) noexcept;

}  // namespace gw
