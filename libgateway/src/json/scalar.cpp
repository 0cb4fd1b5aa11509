#include "json/scalar.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "core/text.h"
#include "json/utf8.h"

namespace gw::json {

NumberScan scan_number(std::string_view text) noexcept {
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    const char* at = begin;
    const auto digits = [&] {
        const char* first = at;
        while (at != end && is_digit(*at)) ++at;
        return static_cast<std::size_t>(at - first);
    };
    const auto result = [&](bool valid, bool may_overflow = false) {
        return NumberScan{static_cast<std::size_t>(at - begin), valid, may_overflow};
    };

    if (at != end && *at == '-') ++at;
    const char* const first = at;
    const std::size_t whole = digits();
    if (whole == 0) return result(false);
    if (whole > 1 && *first == '0') {
        at = first + 1;
        return result(false);
    }
    if (at != end && *at == '.') {
        ++at;
        if (digits() == 0) return result(false);
    }
    bool exponent = false;
    if (at != end && (*at == 'e' || *at == 'E')) {
        exponent = true;
        ++at;
        if (at != end && (*at == '+' || *at == '-')) ++at;
        if (digits() == 0) return result(false);
    }
    return result(true, exponent || whole > 300);
}

namespace {

// A number out of range is huge or tiny: it is 0.ddd times ten to the power of where its first digit that counts stands
// plus its exponent.
bool is_huge(std::string_view number) noexcept {
    if (number.starts_with('-')) number.remove_prefix(1);
    const std::size_t e = number.find_first_of("eE");
    const std::string_view digits = number.substr(0, e);
    constexpr std::int64_t exponent_max = std::int64_t{1} << 40U;  // more than a text has digits to make up for
    std::int64_t exponent = 0;
    if (e != std::string_view::npos) {
        std::string_view text = number.substr(e + 1);
        if (text.starts_with('+')) text.remove_prefix(1);
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), exponent);
        if (failure != std::errc{}) exponent = text.starts_with('-') ? -exponent_max : exponent_max;
        exponent = std::clamp(exponent, -exponent_max, exponent_max);
    }
    const auto point = static_cast<std::int64_t>(std::min(digits.find('.'), digits.size()));
    const auto first = static_cast<std::int64_t>(digits.find_first_of("123456789"));
    return exponent + point - first > 0;
}

}  // namespace

std::optional<double> to_double(std::string_view number) noexcept {
    double value = 0;
    const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (failure == std::errc{}) {
        if (std::isinf(value)) return std::nullopt;
        return value;
    }
    if (is_huge(number)) return std::nullopt;
    return number.starts_with('-') ? -0.0 : 0.0;
}

std::optional<std::int64_t> to_int(std::string_view number) noexcept {
    std::int64_t value = 0;
    const char* const last = number.data() + number.size();
    const auto [end, failure] = std::from_chars(number.data(), last, value);
    if (end == last) {
        if (failure != std::errc{}) return std::nullopt;
        return value;
    }
    constexpr double exact_max = 9007199254740992.0;  // 2^53: up to here a double is the number that was written
    const std::optional<double> approximate = to_double(number);
    if (!approximate || std::fabs(*approximate) > exact_max || std::trunc(*approximate) != *approximate)
        return std::nullopt;
    return static_cast<std::int64_t>(*approximate);
}

std::optional<char32_t> read_hex4(std::string_view text) noexcept {
    if (text.size() < 4) return std::nullopt;
    char32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const int digit = hex_value(text[i]);
        if (digit < 0) return std::nullopt;
        value = value << 4U | static_cast<char32_t>(digit);
    }
    return value;
}

Unescaped unescape(char* text, std::size_t size) noexcept {
    const char* from = text;
    const char* const end = text + size;
    char* to = text;
    const auto left = [&] { return static_cast<std::size_t>(end - from); };
    const auto broken = [&] { return Unescaped{size - left(), false}; };

    while (from != end) {
        const auto* backslash = static_cast<const char*>(std::memchr(from, '\\', left()));
        const std::size_t run = backslash == nullptr ? left() : static_cast<std::size_t>(backslash - from);
        if (to != from) std::memmove(to, from, run);
        to += run;
        from += run;
        if (from == end) break;
        if (left() < 2) return broken();
        switch (from[1]) {
        case '"': *to++ = '"'; break;
        case '\\': *to++ = '\\'; break;
        case '/': *to++ = '/'; break;
        case 'b': *to++ = '\b'; break;
        case 'f': *to++ = '\f'; break;
        case 'n': *to++ = '\n'; break;
        case 'r': *to++ = '\r'; break;
        case 't': *to++ = '\t'; break;
        case 'u': {
            const std::optional<char32_t> unit = read_hex4({from + 2, left() - 2});
            if (!unit || is_low_surrogate(*unit)) return broken();
            char32_t character = *unit;
            if (is_high_surrogate(*unit)) {
                if (left() < 12 || from[6] != '\\' || from[7] != 'u') return broken();
                const std::optional<char32_t> low = read_hex4({from + 8, 4});
                if (!low || !is_low_surrogate(*low)) return broken();
                character = join_surrogates(*unit, *low);
                from += 6;
            }
            to += write_utf8(character, to);
            from += 4;
            break;
        }
        default: return broken();
        }
        from += 2;
    }
    return {static_cast<std::size_t>(to - text), true};
}

}  // namespace gw::json
