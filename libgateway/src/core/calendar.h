// Dates without a time zone of their own: days, RFC 3339 timestamps, and back.
//
//     unix_ms  <->  "2026-11-21T15:04:05.678Z"        days since 1970-01-01  <->  "2026-11-21"
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gw {

inline constexpr std::int64_t ms_per_day = 86400000;

// RFC 3339 with milliseconds, UTC: "2026-11-21T15:04:05.678Z".
struct Timestamp {
    char text[24];
    [[nodiscard]] std::string_view view() const noexcept { return {text, sizeof text}; }
};
// Times after the year 9999 are its end.
[[nodiscard]] Timestamp format_timestamp(std::uint64_t unix_ms) noexcept;

// The same back, with any number of digits behind the second, and with an offset instead of Z. Nothing for other
// texts, for dates that no calendar has, and before 1970.
[[nodiscard]] std::optional<std::uint64_t> parse_timestamp(std::string_view text) noexcept;

// "2026-11-21" as days since 1970-01-01 (years 1970 to 9999), and back.
struct Date {
    char text[10];
    [[nodiscard]] std::string_view view() const noexcept { return {text, sizeof text}; }
};
[[nodiscard]] Date format_date(std::int64_t days) noexcept;
[[nodiscard]] std::optional<std::int64_t> parse_date(std::string_view text) noexcept;

// The day of a moment where clocks are `offset_minutes` ahead of UTC.
[[nodiscard]] constexpr std::int64_t day_of(std::uint64_t unix_ms, int offset_minutes = 0) noexcept {
    const std::int64_t local = static_cast<std::int64_t>(unix_ms) + std::int64_t{offset_minutes} * 60000;
    return local >= 0 ? local / ms_per_day : (local + 1) / ms_per_day - 1;
}

}  // namespace gw
