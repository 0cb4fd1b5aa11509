// Loops whose index is a constant, so that arrays indexed by it live in registers.
#pragma once

#include <cstddef>
#include <utility>

namespace gw::guardrail {

// Calls body with 0, 1, ... count - 1.
template <std::size_t count, typename Body>
[[gnu::always_inline]] inline void each(Body&& body) {
    [&]<std::size_t... g>(std::index_sequence<g...>) __attribute__((always_inline)) {
        (body(std::integral_constant<std::size_t, g>{}), ...);
    }
    (std::make_index_sequence<count>{});
}

}  // namespace gw::guardrail
