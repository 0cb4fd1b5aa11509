// The digits, or the letters and digits, of a match, without what people write between them.
//
//     "4539-1488 0343.6467" -- number_of(13, 19) --> 4 5 3 9 1 4 8 8 ...
//     "de89 3704 0044"      -- Letters --> D E 8 9 3 7 ...
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

#include "core/text.h"

namespace gw::guardrail::checks {

inline constexpr std::size_t npos = std::string_view::npos;

// The value of a decimal digit, -1 for anything else.
[[nodiscard]] constexpr int digit_value(char c) noexcept { return is_digit(c) ? c - '0' : -1; }

[[nodiscard]] constexpr char ascii_upper(char c) noexcept {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

[[nodiscard]] constexpr bool is_alnum(char c) noexcept { return is_digit(c) || is_alpha(c); }

// A few digits.
class Number {
public:
    static constexpr std::size_t size_max = 24;

    // False when there is no room.
    bool append(int digit) noexcept {
        if (size_ == size_max) return false;
        digits_[size_++] = static_cast<std::uint8_t>(digit);
        return true;
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] int operator[](std::size_t index) const noexcept { return digits_[index]; }
    [[nodiscard]] int last() const noexcept { return digits_[size_ - 1]; }
    [[nodiscard]] std::span<const std::uint8_t> digits() const noexcept { return {digits_.data(), size_}; }

    // The number that some of the digits make, at most 18 of them.
    [[nodiscard]] std::uint64_t part(std::size_t begin, std::size_t count) const noexcept {
        std::uint64_t value = 0;
        for (std::size_t i = begin; i < begin + count; ++i) value = value * 10 + digits_[i];
        return value;
    }

    // The first digits, each multiplied with its weight; there are at least as many digits as weights.
    [[nodiscard]] int weighted(std::initializer_list<int> weights) const noexcept {
        int sum = 0;
        std::size_t index = 0;
        for (const int weight : weights) sum += digits_[index++] * weight;
        return sum;
    }

    [[nodiscard]] bool all_the_same() const noexcept {
        return std::all_of(digits_.begin(), digits_.begin() + static_cast<std::ptrdiff_t>(size_),
                           [this](std::uint8_t d) { return d == digits_[0]; });
    }

private:
    std::array<std::uint8_t, size_max> digits_{};
    std::size_t size_ = 0;
};

// All digits of a text; nothing when there are not between `digits_min` and `digits_max` of them, or when they are one
// digit repeated: that is somebody's sample, whatever its check digit says.
[[nodiscard]] inline std::optional<Number> number_of(std::string_view text, std::size_t digits_min,
                                                     std::size_t digits_max) noexcept {
    Number number;
    for (const char c : text) {
        if (!is_digit(c)) continue;
        if (number.size() == digits_max || !number.append(c - '0')) return std::nullopt;
    }
    if (number.size() < digits_min || number.all_the_same()) return std::nullopt;
    return number;
}

[[nodiscard]] inline std::optional<Number> number_of(std::string_view text, std::size_t digits) noexcept {
    return number_of(text, digits, digits);
}

// The last `count` digits of a text, if it has as many and they are not one digit repeated.
[[nodiscard]] inline std::optional<Number> last_digits(std::string_view text, std::size_t count) noexcept {
    std::size_t begin = text.size();
    for (std::size_t left = count; left > 0; --begin) {
        if (begin == 0) return std::nullopt;
        if (is_digit(text[begin - 1])) --left;
    }
    return number_of(text.substr(begin), count);
}

// The letters and digits of a text, letters in upper case; too long a text has none.
class Letters {
public:
    static constexpr std::size_t size_max = 40;

    explicit Letters(std::string_view text) noexcept {
        for (const char c : text) {
            if (!is_alnum(c)) continue;
            if (size_ == size_max) {
                size_ = 0;
                return;
            }
            letters_[size_++] = ascii_upper(c);
        }
    }

    [[nodiscard]] std::string_view view() const noexcept { return {letters_.data(), size_}; }

private:
    std::array<char, size_max> letters_{};
    std::size_t size_ = 0;
};

// A text of digits alone, of the given size.
[[nodiscard]] inline std::optional<Number> number_only(std::string_view text, std::size_t digits) noexcept {
    if (text.size() != digits || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
    return number_of(text, digits);
}

// The remainder of a long decimal number that comes digit by digit.
[[nodiscard]] constexpr int append_digit(int remainder, int digit, int modulus) noexcept {
    return (remainder * 10 + digit) % modulus;
}

// The Luhn sum (ISO/IEC 7812-1 annex B) of some digits, taken from the right.
[[nodiscard]] inline int luhn_sum(std::span<const std::uint8_t> digits) noexcept {
    int sum = 0;
    bool twice = false;
    for (std::size_t i = digits.size(); i-- > 0; twice = !twice) {
        const int value = twice ? digits[i] * 2 : digits[i];
        sum += value > 9 ? value - 9 : value;
    }
    return sum;
}

// Whether the day exists in the Gregorian calendar, in the life of somebody alive or lately so.
[[nodiscard]] constexpr bool is_birth_date(int year, int month, int day) noexcept {
    constexpr std::array days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1850 || year > 2100 || month < 1 || month > 12 || day < 1) return false;
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= (month == 2 && leap ? 29 : days[static_cast<std::size_t>(month - 1)]);
}

}  // namespace gw::guardrail::checks
