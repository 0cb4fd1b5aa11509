// Small questions about text that every protocol asks: ASCII case, trimming, numbers, lists, UTF-8.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gw {

[[nodiscard]] constexpr char ascii_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_alpha(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Value of a hexadecimal digit, -1 for anything else.
[[nodiscard]] constexpr int hex_value(char c) noexcept {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Equal but for the case of ASCII letters: header names, tokens, schemes (RFC 9110 5.1).
[[nodiscard]] constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
}

[[nodiscard]] constexpr bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) noexcept {
    return text.size() >= prefix.size() && equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

// Without spaces and tabs at both ends: OWS of RFC 9110 5.6.3.
[[nodiscard]] constexpr std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// The next element of a comma-separated list, trimmed, empty elements skipped (RFC 9110 5.6.1.2); nothing at the end.
// `list` shrinks to what is left. Not for lists whose elements may be quoted strings.
[[nodiscard]] constexpr std::optional<std::string_view> next_element(std::string_view& list) noexcept {
    while (!list.empty()) {
        const std::size_t comma = list.find(',');
        const std::string_view element = trim(list.substr(0, comma));
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
        if (!element.empty()) return element;
    }
    return std::nullopt;
}

// True when a comma-separated list has the token, case ignored: `Connection: keep-alive, Upgrade`.
[[nodiscard]] constexpr bool list_has(std::string_view list, std::string_view token) noexcept {
    while (const auto element = next_element(list)) {
        if (equals_ignoring_case(*element, token)) return true;
    }
    return false;
}

// All of the text as a decimal number: digits only, no sign, no space, no overflow.
[[nodiscard]] inline std::optional<std::uint64_t> parse_decimal(std::string_view text) noexcept {
    if (text.empty() || !is_digit(text.front())) return std::nullopt;
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// Checks UTF-8 that arrives in pieces: no overlong forms, no surrogates, nothing above U+10FFFF (RFC 3629).
class Utf8Checker {
public:
    // Takes the next piece; false from the first byte on that cannot be part of valid UTF-8.
    [[nodiscard]] bool feed(std::string_view piece) noexcept;
    // True when no sequence is open: the text may end here.
    [[nodiscard]] bool complete() const noexcept { return needed_ == 0; }
    void reset() noexcept { *this = {}; }

private:
    std::uint8_t needed_ = 0;                // continuation bytes still to come
    std::uint8_t low_ = 0x80, high_ = 0xBF;  // range of the next one
};

[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

// The longest prefix of at most `bytes_max` bytes that does not end inside a UTF-8 sequence.
[[nodiscard]] std::string_view cut_utf8(std::string_view text, std::size_t bytes_max) noexcept;

}  // namespace gw
