// Hexadecimal text: lower case when written, either case when read.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "core/text.h"

namespace gw::crypto {

inline constexpr std::string_view hex_digits = "0123456789abcdef";

// Writes two digits per byte; `out` holds twice as many characters as there are bytes.
constexpr void hex_encode(std::span<const std::byte> bytes, std::span<char> out) noexcept {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto byte = std::to_integer<unsigned>(bytes[i]);
        out[2 * i] = hex_digits[byte >> 4U];
        out[2 * i + 1] = hex_digits[byte & 15U];
    }
}

template <std::size_t size>
[[nodiscard]] constexpr std::array<char, 2 * size> hex(const std::array<std::byte, size>& bytes) noexcept {
    std::array<char, 2 * size> out{};
    hex_encode(bytes, out);
    return out;
}

// Reads exactly `out.size()` bytes; false when the text has another length or another character.
[[nodiscard]] constexpr bool hex_decode(std::string_view text, std::span<std::byte> out) noexcept {
    if (text.size() % 2 != 0 || text.size() / 2 != out.size()) return false;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const int high = hex_value(text[2 * i]);
        const int low = hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        out[i] = static_cast<std::byte>(high * 16 + low);
    }
    return true;
}

template <std::size_t size>
[[nodiscard]] constexpr std::optional<std::array<std::byte, size>> hex_decode(std::string_view text) noexcept {
    std::array<std::byte, size> out{};
    if (!hex_decode(text, out)) return std::nullopt;
    return out;
}

}  // namespace gw::crypto
