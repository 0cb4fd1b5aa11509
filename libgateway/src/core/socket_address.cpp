#include "core/socket_address.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <array>
#include <cstring>

namespace gw {

namespace {

constexpr std::size_t v4_at = 12;  // in IpAddress::bytes

// Of "fe80::1%eth0" the number of the interface; 0 for none.
std::uint32_t scope_of(std::string_view text) noexcept {
    const std::size_t percent = text.find('%');
    std::array<char, IF_NAMESIZE> name{};
    if (percent == std::string_view::npos || text.size() - percent > name.size()) return 0;
    std::memcpy(name.data(), text.data() + percent + 1, text.size() - percent - 1);
    return ::if_nametoindex(name.data());
}

}  // namespace

SocketAddress::SocketAddress(std::string_view address, std::uint32_t port) noexcept {
    const auto ip = read_ip(address);
    if (!ip || port > 65535) return;
    if (ip->is_v4()) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(static_cast<std::uint16_t>(port));
        std::memcpy(&v4.sin_addr, ip->bytes.data() + v4_at, sizeof v4.sin_addr);
        std::memcpy(&storage_, &v4, size_ = sizeof v4);
    } else {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(static_cast<std::uint16_t>(port));
        v6.sin6_scope_id = scope_of(address);
        std::memcpy(&v6.sin6_addr, ip->bytes.data(), sizeof v6.sin6_addr);
        std::memcpy(&storage_, &v6, size_ = sizeof v6);
    }
}

SocketAddress SocketAddress::local(std::string_view path) noexcept {
    SocketAddress out;
    sockaddr_un local{};
    if (path.empty() || path.size() >= sizeof local.sun_path) return out;
    local.sun_family = AF_UNIX;
    std::memcpy(local.sun_path, path.data(), path.size());
    std::memcpy(&out.storage_, &local, out.size_ = sizeof local);
    return out;
}

IpText text_of(const sockaddr* from, std::uint32_t* port) noexcept {
    IpAddress out;
    std::uint16_t network_port = 0;
    if (from->sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, from, sizeof v4);
        out.bytes[v4_at - 2] = out.bytes[v4_at - 1] = 0xFF;
        std::memcpy(out.bytes.data() + v4_at, &v4.sin_addr, sizeof v4.sin_addr);
        network_port = v4.sin_port;
    } else if (from->sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, from, sizeof v6);
        std::memcpy(out.bytes.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
        network_port = v6.sin6_port;
    } else {
        return {};
    }
    if (port != nullptr) *port = ntohs(network_port);
    return IpText(out);
}

}  // namespace gw
