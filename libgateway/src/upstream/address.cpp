#include "upstream/address.h"

#include <arpa/inet.h>

#include <cstring>

#include "core/text.h"

namespace gw::upstream {

namespace {

constexpr Address mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0};

Address mapped(std::uint32_t v4) noexcept {
    Address out = mapped_prefix;
    for (unsigned i = 0; i < 4; ++i) out[12 + i] = static_cast<std::uint8_t>(v4 >> (24U - 8U * i));
    return out;
}

AddressKind classify_v4(std::uint32_t a) noexcept {
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

// Credentials are handed out here to whoever asks: AWS over IPv6, Alibaba, Google over IPv6. Those of the others are
// link-local or reserved anyway.
bool is_metadata_service(const Address& a) noexcept {
    constexpr Address services[] = {
        {0xFD, 0x00, 0x0E, 0xC2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54},  // fd00:ec2::254
        {0xFD, 0x20, 0x00, 0xCE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54},  // fd20:ce::254
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 100, 100, 100, 200},      // 100.100.100.200
    };
    for (const Address& service : services) {
        if (a == service) return true;
    }
    return false;
}

// One part of what inet_aton(3) reads: decimal, 0 octal, 0x hexadecimal.
std::optional<std::uint64_t> read_part(std::string_view text) noexcept {
    unsigned base = 10;
    if (text.size() > 1 && text[0] == '0') {
        base = 8;
        text.remove_prefix(1);
        if (ascii_lower(text[0]) == 'x') {
            base = 16;
            text.remove_prefix(1);
        }
    }
    if (text.empty()) return base == 16 ? std::optional<std::uint64_t>(0) : std::nullopt;  // "0x" alone is 0 to some
    std::uint64_t value = 0;
    for (const char c : text) {
        const int digit = hex_value(c);
        if (digit < 0 || static_cast<unsigned>(digit) >= base) return std::nullopt;
        value = value * base + static_cast<unsigned>(digit);
        if (value > 0xFFFFFFFFU) return std::nullopt;
    }
    return value;
}

// One to four parts; the last one fills the bytes that are left.
std::optional<std::uint32_t> read_loose_v4(std::string_view text) noexcept {
    std::uint64_t value = 0;
    for (unsigned count = 0; count < 4; ++count) {
        const std::size_t dot = text.find('.');
        const auto part = read_part(text.substr(0, dot));
        if (!part) return std::nullopt;
        if (dot == std::string_view::npos) {
            if (*part >= (std::uint64_t{1} << (8U * (4U - count)))) return std::nullopt;
            return static_cast<std::uint32_t>((value << (8U * (4U - count))) | *part);
        }
        if (*part > 0xFF) return std::nullopt;
        value = (value << 8U) | *part;
        text.remove_prefix(dot + 1);
    }
    return std::nullopt;
}

// The last label decides whether a host is a number to a resolver: the URL Standard, "ends in a number".
bool ends_in_number(std::string_view host) noexcept {
    const std::size_t dot = host.rfind('.');
    std::string_view last = dot == std::string_view::npos ? host : host.substr(dot + 1);
    if (last.empty()) return false;
    if (last.size() >= 2 && last[0] == '0' && ascii_lower(last[1]) == 'x') {
        last.remove_prefix(2);
        for (const char c : last) {
            if (hex_value(c) < 0) return false;
        }
        return true;
    }
    for (const char c : last) {
        if (!is_digit(c)) return false;
    }
    return true;
}

bool is_localhost(std::string_view host) noexcept {
    constexpr std::string_view below = ".localhost";
    return equals_ignoring_case(host, below.substr(1)) ||
           (host.size() > below.size() && equals_ignoring_case(host.substr(host.size() - below.size()), below));
}

}  // namespace

std::optional<Address> read_address(std::string_view text) noexcept {
    std::array<char, INET6_ADDRSTRLEN> name{};
    if (text.empty() || text.size() >= name.size()) return std::nullopt;
    std::memcpy(name.data(), text.data(), text.size());
    in_addr v4{};
    if (inet_pton(AF_INET, name.data(), &v4) == 1) return mapped(ntohl(v4.s_addr));
    in6_addr v6{};
    if (inet_pton(AF_INET6, name.data(), &v6) != 1) return std::nullopt;
    Address b;
    std::memcpy(b.data(), v6.s6_addr, b.size());
    const auto inner = [&b](std::size_t at) {
        return mapped((std::uint32_t{b[at]} << 24U) | (std::uint32_t{b[at + 1]} << 16U) |
                      (std::uint32_t{b[at + 2]} << 8U) | b[at + 3]);
    };
    static constexpr std::uint8_t zeros[15] = {};
    static constexpr std::uint8_t nat64[12] = {0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0};
    if (std::memcmp(b.data(), zeros, 15) == 0 && b[15] <= 1) return b;  // :: and ::1 wrap nothing
    if (std::memcmp(b.data(), zeros, 12) == 0 || std::memcmp(b.data(), nat64, 12) == 0) return inner(12);
    if (b[0] == 0x20 && b[1] == 0x02) return inner(2);  // 6to4
    return b;
}

AddressKind classify(const Address& b) noexcept {
    if (std::memcmp(b.data(), mapped_prefix.data(), 12) == 0) {
        return classify_v4((std::uint32_t{b[12]} << 24U) | (std::uint32_t{b[13]} << 16U) |
                           (std::uint32_t{b[14]} << 8U) | b[15]);
    }
    static constexpr std::uint8_t zeros[15] = {};
    if (std::memcmp(b.data(), zeros, 15) == 0 && b[15] <= 1)
        return b[15] == 1 ? AddressKind::loopback : AddressKind::unspecified;
    if ((b[0] & 0xFEU) == 0xFC) return AddressKind::private_use;
    if (b[0] == 0xFE && (b[1] & 0xC0U) == 0x80) return AddressKind::link_local;
    if (b[0] == 0xFE && (b[1] & 0xC0U) == 0xC0) return AddressKind::private_use;  // site-local, RFC 3879
    if (b[0] == 0xFF || (b[0] & 0xE0U) != 0x20 ||
        (b[0] == 0x20 && b[1] == 0x01 && (b[2] == 0 || (b[2] == 0x0D && b[3] == 0xB8)))) {
        return AddressKind::reserved;
    }
    return AddressKind::global;
}

AddressKind classify_address(std::string_view text) noexcept {
    const auto address = read_address(text);
    return address ? classify(*address) : AddressKind::not_an_address;
}

AddressKind classify_host(std::string_view host) noexcept {
    if (!host.empty() && host.back() == '.') host.remove_suffix(1);
    if (is_localhost(host)) return AddressKind::loopback;
    if (host.find(':') != std::string_view::npos) {
        const std::size_t zone = host.find('%');
        const AddressKind kind = classify_address(host.substr(0, zone));
        if (kind == AddressKind::not_an_address) return AddressKind::reserved;
        // A zone says that the address means something on this machine only (RFC 4007 6).
        return zone != std::string_view::npos && kind == AddressKind::global ? AddressKind::link_local : kind;
    }
    if (!ends_in_number(host)) return AddressKind::not_an_address;
    const auto v4 = read_loose_v4(host);
    return v4 ? classify_v4(*v4) : AddressKind::reserved;
}

bool Network::contains(const Address& other) const noexcept {
    const std::size_t whole = bits / 8U;
    if (std::memcmp(address.data(), other.data(), whole) != 0) return false;
    const unsigned rest = bits % 8U;
    return rest == 0 || ((address[whole] ^ other[whole]) >> (8U - rest)) == 0;
}

std::optional<Network> parse_network(std::string_view text) noexcept {
    const std::size_t slash = text.find('/');
    const std::string_view first = text.substr(0, slash);
    const auto address = read_address(first);
    if (!address) return std::nullopt;
    Network out{*address, 128};
    if (slash == std::string_view::npos) return out;
    const bool dotted = first.find(':') == std::string_view::npos;
    // Of an address that was unwrapped the prefix length would mean something else.
    if (!dotted && std::memcmp(address->data(), mapped_prefix.data(), 12) == 0) return std::nullopt;
    const auto bits = parse_decimal(text.substr(slash + 1));
    if (!bits || *bits > (dotted ? 32U : 128U)) return std::nullopt;
    out.bits = static_cast<std::uint8_t>(*bits + (dotted ? 96U : 0U));
    for (unsigned bit = out.bits; bit < 128; ++bit) {
        if (((out.address[bit / 8U] >> (7U - bit % 8U)) & 1U) != 0) return std::nullopt;
    }
    return out;
}

Reach reach_of(std::string_view host, bool allow_private_network) noexcept {
    return allow_private_network || is_localhost(host) || classify_address(host) != AddressKind::not_an_address
               ? Reach::named
               : Reach::global_only;
}

bool may_dial(std::string_view text, Reach reach, std::span<const Network> allowed) noexcept {
    const auto address = read_address(text);
    if (!address) return false;
    const AddressKind kind = classify(*address);
    switch (kind) {
    case AddressKind::global: return reach != Reach::loopback_only;
    case AddressKind::loopback: return reach != Reach::global_only;
    case AddressKind::link_local: return reach == Reach::named;
    case AddressKind::private_use:
        if (reach == Reach::named || reach == Reach::loopback_only) return reach == Reach::named;
        if (is_metadata_service(*address)) return false;
        if (reach == Reach::local) return true;
        for (const Network& network : allowed) {
            if (network.contains(*address)) return true;
        }
        return false;
    case AddressKind::not_an_address:
    case AddressKind::unspecified:
    case AddressKind::reserved: return false;
    }
    return false;
}

}  // namespace gw::upstream
