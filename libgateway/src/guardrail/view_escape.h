// Characters written as something else: one escape at the beginning of a text.
//
//     \n \" \u0041 \ud835\udc00 \u{41} \U00000041 \x41 \xE2\x82\xAC      read_backslash
//     %41 %E2%82%AC %u0041                                                read_percent
//     &#65; &#x41 &lt; &period;                                           read_entity
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gw::guardrail {

// No escape is longer: a name of HTML that is in the table, or four bytes as \x41.
inline constexpr std::size_t escape_size_max = 20;

struct Escape {
    enum class State : std::uint8_t { none, more, found };  // more: what there is may be the beginning of one
    State state = State::none;
    std::size_t size = 0;
    char32_t character = 0;

    [[nodiscard]] static Escape none() noexcept { return {}; }
    [[nodiscard]] static Escape more() noexcept { return {State::more, 0, 0}; }
    [[nodiscard]] static Escape found(std::size_t size, char32_t character) noexcept {
        return {State::found, size, character};
    }
};

[[nodiscard]] Escape read_backslash(std::string_view rest) noexcept;
[[nodiscard]] Escape read_percent(std::string_view rest) noexcept;
// An entity without its semicolon ends where the text does, if it has `ended`.
[[nodiscard]] Escape read_entity(std::string_view rest, bool ended) noexcept;

}  // namespace gw::guardrail
