// Where an upstream is: the parts of an http or https URL.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "upstream/address.h"

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

}  // namespace gw::upstream
