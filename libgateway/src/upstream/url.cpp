#include "upstream/url.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

#include "core/text.h"

namespace gw::upstream {

namespace {

bool is_host_char(char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_'; }

AddressKind classify_v4(std::uint32_t a) {
    const auto in = [a](std::uint32_t network, unsigned bits) {
        return (a >> (32U - bits)) == (network >> (32U - bits));
    };
    if (in(0x7F000000U, 8)) return AddressKind::loopback;
    if (in(0x00000000U, 8)) return AddressKind::unspecified;
    if (in(0x0A000000U, 8) || in(0xAC100000U, 12) || in(0xC0A80000U, 16) || in(0x64400000U, 10))
        return AddressKind::private_use;
    if (in(0xA9FE0000U, 16)) return AddressKind::link_local;
    if (in(0xC0000000U, 24) || in(0xC0000200U, 24) || in(0xC0586300U, 24) || in(0xC6120000U, 15) ||
        in(0xC6336400U, 24) || in(0xCB007100U, 24) || in(0xE0000000U, 3)) {
        return AddressKind::reserved;
    }
    return AddressKind::global;
}

}  // namespace

std::optional<Url> parse_url(std::string_view text) noexcept {
    Url url;
    if (starts_with_ignoring_case(text, "https://")) {
        url.tls = true;
        text.remove_prefix(8);
    } else if (starts_with_ignoring_case(text, "http://")) {
        text.remove_prefix(7);
    } else {
        return std::nullopt;
    }
    for (const char c : text) {
        if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F || c == '#' || c == '\\')
            return std::nullopt;
    }
    const std::size_t slash = text.find_first_of("/?");
    std::string_view authority = text.substr(0, slash);
    if (slash != std::string_view::npos) url.path = text.substr(slash);
    if (authority.find('@') != std::string_view::npos) return std::nullopt;
    url.authority = authority;
    std::string_view rest;
    if (!authority.empty() && authority.front() == '[') {
        const std::size_t close = authority.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        url.host = authority.substr(1, close - 1);
        if (classify_address(url.host) == AddressKind::not_an_address) return std::nullopt;
        rest = authority.substr(close + 1);
    } else {
        const std::size_t colon = authority.find(':');
        url.host = authority.substr(0, colon);
        for (const char c : url.host) {
            if (!is_host_char(c)) return std::nullopt;
        }
        rest = colon == std::string_view::npos ? std::string_view{} : authority.substr(colon);
    }
    if (url.host.empty() || url.host.size() > 253) return std::nullopt;
    const std::uint16_t default_port = url.tls ? 443 : 80;
    url.port = default_port;
    if (!rest.empty()) {
        if (rest.front() != ':') return std::nullopt;
        const auto port = parse_decimal(rest.substr(1));
        if (!port || *port == 0 || *port > 65535) return std::nullopt;
        url.port = static_cast<std::uint16_t>(*port);
        if (url.port == default_port) url.authority.remove_suffix(rest.size());
    }
    return url;
}

AddressKind classify_address(std::string_view text) noexcept {
    std::array<char, INET6_ADDRSTRLEN> name{};
    if (text.empty() || text.size() >= name.size()) return AddressKind::not_an_address;
    std::memcpy(name.data(), text.data(), text.size());
    in_addr v4{};
    if (inet_pton(AF_INET, name.data(), &v4) == 1) return classify_v4(ntohl(v4.s_addr));
    in6_addr v6{};
    if (inet_pton(AF_INET6, name.data(), &v6) != 1) return AddressKind::not_an_address;
    const unsigned char* b = v6.s6_addr;
    const auto inner = [b](int at) {
        return classify_v4((std::uint32_t{b[at]} << 24U) | (std::uint32_t{b[at + 1]} << 16U) |
                           (std::uint32_t{b[at + 2]} << 8U) | b[at + 3]);
    };
    static constexpr unsigned char zeros[12] = {};
    static constexpr unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    static constexpr unsigned char nat64[12] = {0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0};
    if (std::memcmp(b, zeros, 12) == 0 && b[12] == 0 && b[13] == 0 && b[14] == 0) {
        if (b[15] == 1) return AddressKind::loopback;
        if (b[15] == 0) return AddressKind::unspecified;
    }
    if (std::memcmp(b, mapped, 12) == 0 || std::memcmp(b, zeros, 12) == 0 || std::memcmp(b, nat64, 12) == 0)
        return inner(12);
    if ((b[0] & 0xFEU) == 0xFC) return AddressKind::private_use;
    if (b[0] == 0xFE && (b[1] & 0xC0U) == 0x80) return AddressKind::link_local;
    if (b[0] == 0xFE && (b[1] & 0xC0U) == 0xC0) return AddressKind::private_use;  // site-local, RFC 3879
    if (b[0] == 0x20 && b[1] == 0x02) return inner(2);                            // 6to4
    if (b[0] == 0xFF || (b[0] & 0xE0U) != 0x20 ||
        (b[0] == 0x20 && b[1] == 0x01 && (b[2] == 0 || (b[2] == 0x0D && b[3] == 0xB8)))) {
        return AddressKind::reserved;
    }
    return AddressKind::global;
}

Reach reach_of(std::string_view host, bool allow_private_network) noexcept {
    constexpr std::string_view below = ".localhost";
    const bool local_name =
        equals_ignoring_case(host, "localhost") ||
        (host.size() > below.size() && equals_ignoring_case(host.substr(host.size() - below.size()), below));
    return allow_private_network || local_name || classify_address(host) != AddressKind::not_an_address
               ? Reach::named
               : Reach::global_only;
}

bool may_dial(std::string_view address, Reach reach) noexcept {
    switch (classify_address(address)) {
    case AddressKind::global: return true;
    case AddressKind::loopback:
    case AddressKind::private_use:
    case AddressKind::link_local: return reach == Reach::named;
    case AddressKind::not_an_address:
    case AddressKind::unspecified:
    case AddressKind::reserved: return false;
    }
    return false;
}

}  // namespace gw::upstream
