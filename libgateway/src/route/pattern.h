// A pattern of a route, taken apart: "/models/:id/*rest".
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace gw::route {

struct PatternSegment {
    enum class Kind : std::uint8_t { literal, parameter, wildcard } kind;
    std::string_view text;  // the literal, or the name
};

constexpr std::size_t segments_max = 64;  // of a pattern; bounds how deep a look-up goes

// Views into `pattern`. GW_ERR_ARGUMENT when it is malformed.
[[nodiscard]] Result<void> parse_pattern(std::string_view pattern, std::pmr::vector<PatternSegment>& out);

// RFC 9110 5.6.2: what a method is made of.
[[nodiscard]] bool is_token(std::string_view text) noexcept;

}  // namespace gw::route
