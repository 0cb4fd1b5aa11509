// Numbers and escapes, reading side: RFC 8259 sections 6 and 7.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gw::json {

struct NumberScan {
    std::size_t size = 0;       // bytes of the number, or where it went wrong
    bool valid = false;         // follows the grammar of RFC 8259
    bool may_overflow = false;  // has an exponent or very many digits: worth asking to_double()
};

// Scans the number at the front of `text`, which begins with '-' or a digit; what comes behind is not looked at.
[[nodiscard]] NumberScan scan_number(std::string_view text) noexcept;

// The nearest double of a valid number; nothing beyond the range. What is too small becomes 0.
[[nodiscard]] std::optional<double> to_double(std::string_view number) noexcept;

// A whole number in range, as Value::as_int() has it.
[[nodiscard]] std::optional<std::int64_t> to_int(std::string_view number) noexcept;

struct Unescaped {
    std::size_t size = 0;  // bytes written, or where the broken escape begins
    bool valid = false;
};

// Resolves the escapes of a string's inside, in place: the result is never longer.
[[nodiscard]] Unescaped unescape(char* text, std::size_t size) noexcept;

// Four hexadecimal digits at the front of `text`, or nothing.
[[nodiscard]] std::optional<char32_t> read_hex4(std::string_view text) noexcept;

[[nodiscard]] constexpr bool is_high_surrogate(char32_t unit) noexcept { return unit >= 0xD800 && unit <= 0xDBFF; }
[[nodiscard]] constexpr bool is_low_surrogate(char32_t unit) noexcept { return unit >= 0xDC00 && unit <= 0xDFFF; }
[[nodiscard]] constexpr char32_t join_surrogates(char32_t high, char32_t low) noexcept {
    return 0x10000 + ((high - 0xD800) << 10U) + (low - 0xDC00);
}

}  // namespace gw::json
