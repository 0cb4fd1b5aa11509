// Where an upstream is: the parts of an http or https URL, and which addresses may be dialled for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gw::upstream {

// Views into the text they were parsed from.
struct Url {
    bool tls = false;
    std::string_view host;       // a name or an address, an IPv6 one without its brackets
    std::uint16_t port = 0;      // explicit, or 80 and 443
    std::string_view authority;  // as it goes into Host: without the scheme's default port
    std::string_view path;       // from the first '/', "" when there is none; with query
};

// An absolute http(s) URL without credentials and fragment; nothing when it is not one.
[[nodiscard]] std::optional<Url> parse_url(std::string_view text) noexcept;

enum class AddressKind : std::uint8_t {
    not_an_address,  // a name
    global,
    loopback,     // 127.0.0.0/8, ::1
    private_use,  // RFC 1918, RFC 4193, shared 100.64.0.0/10
    link_local,   // 169.254.0.0/16 (cloud metadata lives there), fe80::/10
    unspecified,  // 0.0.0.0/8, ::
    reserved,     // multicast, broadcast, documentation, benchmarking, 6to4 and the like: nothing one talks to
};
// What kind of address a text in canonical form is: dotted quad, or RFC 4291 text without zone. IPv4-mapped,
// -compatible and NAT64 addresses count as the IPv4 address inside.
[[nodiscard]] AddressKind classify_address(std::string_view text) noexcept;

// How far an upstream's configuration trusts its own name.
enum class Reach : std::uint8_t {
    global_only,  // the name must lead to public addresses
    named,        // the configuration names a loopback or private address itself, or says that it may be one
};
// "localhost", names below it, and addresses that are written out are meant as they stand.
[[nodiscard]] Reach reach_of(std::string_view host, bool allow_private_network) noexcept;
// Whether an address that a name resolved to may be dialled.
[[nodiscard]] bool may_dial(std::string_view address, Reach reach) noexcept;

}  // namespace gw::upstream
