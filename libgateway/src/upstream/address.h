// Addresses: what kind one is, however it is spelled, and which may be dialled.
//
//     text ── read_address() ──> Address ── classify ──> global | loopback | private ...
//                                        ── may_dial(reach, allow-list) ──> yes | no
//
// A resolver reads more spellings than an RFC does: 0x7f.1, 2130706433 and 017700000001 are all 127.0.0.1 to
// getaddrinfo(3). Who decides by the text of a host has to read it as the resolver will.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace gw::upstream {

enum class AddressKind : std::uint8_t {
    not_an_address,  // a name
    global,
    loopback,     // 127.0.0.0/8, ::1
    private_use,  // RFC 1918, RFC 4193, shared 100.64.0.0/10
    link_local,   // 169.254.0.0/16 (cloud metadata lives there), fe80::/10
    unspecified,  // 0.0.0.0/8, ::
    reserved,     // multicast, broadcast, documentation, benchmarking, 6to4 and the like: nothing one talks to
};

// Sixteen bytes in network order; IPv4 as ::ffff:a.b.c.d. What wraps an IPv4 address (mapped, compatible, NAT64, 6to4)
// is unwrapped, so that one place has one Address.
using Address = std::array<std::uint8_t, 16>;

// A text in canonical form: dotted quad, or RFC 4291 text without zone.
[[nodiscard]] std::optional<Address> read_address(std::string_view text) noexcept;
[[nodiscard]] AddressKind classify(const Address& address) noexcept;
[[nodiscard]] AddressKind classify_address(std::string_view text) noexcept;

// What kind of address a URL's host is when it is written out in any spelling that inet_aton(3) or getaddrinfo(3)
// reads: fewer than four parts, octal, hexadecimal, a zone, a dot at the end. `localhost` and the names below it count
// as loopback (RFC 6761 6.3). A host that looks like a number and is none is `reserved`: nobody knows what a resolver
// makes of it.
[[nodiscard]] AddressKind classify_host(std::string_view host) noexcept;

// A block of addresses that the configuration names.
struct Network {
    Address address{};
    std::uint8_t bits = 128;  // of the sixteen bytes

    [[nodiscard]] bool contains(const Address& other) const noexcept;
};
// "10.0.0.0/8", "fd00::/8", or one address; nothing when the text is none, or has bits set behind its prefix.
[[nodiscard]] std::optional<Network> parse_network(std::string_view text) noexcept;

// How far an upstream's configuration trusts its own name.
enum class Reach : std::uint8_t {
    global_only,    // the name must lead to public addresses, or to private ones that the allow-list names
    loopback_only,  // a model server on this machine
    local,          // public, private and loopback addresses, but nothing that hands out credentials to its neighbours
    named,          // the configuration names a loopback or private address itself, or says that it may be one
};
// "localhost", names below it, and addresses that are written out are meant as they stand.
[[nodiscard]] Reach reach_of(std::string_view host, bool allow_private_network) noexcept;

// Whether an address that a name resolved to may be dialled. The allow-list opens private_use alone, and never the
// metadata services that clouds put there.
[[nodiscard]] bool may_dial(std::string_view address, Reach reach, std::span<const Network> allowed = {}) noexcept;

}  // namespace gw::upstream
