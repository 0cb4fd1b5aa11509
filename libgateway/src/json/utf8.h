// One UTF-8 sequence at a time, for the places that need to know where it ends and what it means (RFC 3629).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gw::json {

struct Sequence {
    std::size_t size = 1;    // bytes; of an invalid one, how many can still belong together (Unicode 3.9, D93b)
    char32_t character = 0;  // the code point; 0xFFFFFFFF when invalid
    [[nodiscard]] bool valid() const noexcept { return character != 0xFFFFFFFF; }
};

// Reads the sequence at the front of `text`, which is not empty.
[[nodiscard]] inline Sequence read_utf8(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t lead = byte(0);
    if (lead < 0x80) return {1, lead};
    if (lead < 0xC2 || lead > 0xF4) return {1, 0xFFFFFFFF};
    const std::size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t character = lead & (0x7FU >> size);
    // Only the second byte has a narrower range: no overlong forms, no surrogates, nothing above U+10FFFF.
    std::uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    std::uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    for (std::size_t i = 1; i < size; ++i) {
        if (i == text.size() || byte(i) < low || byte(i) > high) return {i, 0xFFFFFFFF};
        character = character << 6U | (byte(i) & 0x3FU);
        low = 0x80;
        high = 0xBF;
    }
    return {size, character};
}

// Writes a code point that is not a surrogate, 1 to 4 bytes; gives the number of them.
inline std::size_t write_utf8(char32_t character, char* out) noexcept {
    const auto put = [&](std::size_t i, char32_t byte) { out[i] = static_cast<char>(static_cast<std::uint8_t>(byte)); };
    if (character < 0x80) {
        put(0, character);
        return 1;
    }
    if (character < 0x800) {
        put(0, 0xC0 | character >> 6U);
        put(1, 0x80 | (character & 0x3FU));
        return 2;
    }
    if (character < 0x10000) {
        put(0, 0xE0 | character >> 12U);
        put(1, 0x80 | (character >> 6U & 0x3FU));
        put(2, 0x80 | (character & 0x3FU));
        return 3;
    }
    put(0, 0xF0 | character >> 18U);
    put(1, 0x80 | (character >> 12U & 0x3FU));
    put(2, 0x80 | (character >> 6U & 0x3FU));
    put(3, 0x80 | (character & 0x3FU));
    return 4;
}

}  // namespace gw::json
