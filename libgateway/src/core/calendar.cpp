#include "core/calendar.h"

#include <algorithm>

#include "core/text.h"

namespace gw {

namespace {

constexpr std::int64_t last_day = 2932896;                 // 9999-12-31
constexpr std::uint64_t last_moment = 253402300799999ULL;  // its end

void put_number(char* out, std::int64_t value, int digits) noexcept {
    for (int i = digits - 1; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
}

struct CivilDate {
    std::int64_t year, month, day;
};

// Days to a date in the Gregorian calendar, whose leap day ends a year that begins in March.
CivilDate civil(std::int64_t days) noexcept {
    days += 719468;  // since 1 March of year 0
    const std::int64_t era = days / 146097;
    const std::int64_t day_of_era = days % 146097;
    const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t from_march = (5 * day_of_year + 2) / 153;
    const std::int64_t month = from_march < 10 ? from_march + 3 : from_march - 9;
    return {era * 400 + year_of_era + (month <= 2 ? 1 : 0), month, day_of_year - (153 * from_march + 2) / 5 + 1};
}

std::int64_t days_of(const CivilDate& date) noexcept {
    const std::int64_t year = date.month <= 2 ? date.year - 1 : date.year;
    const std::int64_t from_march = date.month > 2 ? date.month - 3 : date.month + 9;
    const std::int64_t year_of_era = year % 400;
    const std::int64_t day_of_year = (153 * from_march + 2) / 5 + date.day - 1;
    return year / 400 * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

// `size` digits at `at`, -1 when they are not digits.
std::int64_t digits(std::string_view text, std::size_t at, std::size_t size) noexcept {
    if (at + size > text.size()) return -1;
    std::int64_t value = 0;
    for (const char c : text.substr(at, size)) {
        if (!is_digit(c)) return -1;
        value = value * 10 + (c - '0');
    }
    return value;
}

}  // namespace

Timestamp format_timestamp(std::uint64_t unix_ms) noexcept {
    unix_ms = std::min(unix_ms, last_moment);
    const auto ms = static_cast<std::int64_t>(unix_ms);
    Timestamp out{{'0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 'T', '0',
                   '0', ':', '0', '0', ':', '0', '0', '.', '0', '0', '0', 'Z'}};
    const Date date = format_date(ms / ms_per_day);
    std::copy(date.view().begin(), date.view().end(), out.text);
    put_number(out.text + 11, ms / 3600000 % 24, 2);
    put_number(out.text + 14, ms / 60000 % 60, 2);
    put_number(out.text + 17, ms / 1000 % 60, 2);
    put_number(out.text + 20, ms % 1000, 3);
    return out;
}

Date format_date(std::int64_t days) noexcept {
    const CivilDate date = civil(std::clamp<std::int64_t>(days, 0, last_day));
    Date out{{'0', '0', '0', '0', '-', '0', '0', '-', '0', '0'}};
    put_number(out.text, date.year, 4);
    put_number(out.text + 5, date.month, 2);
    put_number(out.text + 8, date.day, 2);
    return out;
}

std::optional<std::int64_t> parse_date(std::string_view text) noexcept {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const CivilDate date{digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2)};
    if (date.year < 1970 || date.month < 1 || date.month > 12 || date.day < 1) return std::nullopt;
    const std::int64_t days = days_of(date);
    const CivilDate again = civil(days);  // 30 February comes back as a day of March
    if (again.month != date.month || again.day != date.day) return std::nullopt;
    return days;
}

std::optional<std::uint64_t> parse_timestamp(std::string_view text) noexcept {
    if (text.size() < 20 || (text[10] != 'T' && text[10] != 't' && text[10] != ' ') || text[13] != ':' ||
        text[16] != ':') {
        return std::nullopt;
    }
    const auto days = parse_date(text.substr(0, 10));
    const std::int64_t hours = digits(text, 11, 2);
    const std::int64_t minutes = digits(text, 14, 2);
    const std::int64_t seconds = digits(text, 17, 2);
    if (!days || hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 60) {
        return std::nullopt;
    }
    std::int64_t ms = 0;
    std::size_t at = 19;
    if (text[at] == '.') {
        std::int64_t unit = 100;
        const std::size_t first = ++at;
        for (; at < text.size() && is_digit(text[at]); ++at, unit /= 10) ms += (text[at] - '0') * unit;
        if (at == first) return std::nullopt;
    }
    std::int64_t offset_minutes = 0;
    const std::string_view zone = text.substr(at);
    if (zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') && zone[3] == ':') {
        const std::int64_t zone_hours = digits(zone, 1, 2);
        const std::int64_t zone_minutes = digits(zone, 4, 2);
        if (zone_hours < 0 || zone_hours > 23 || zone_minutes < 0 || zone_minutes > 59) return std::nullopt;
        offset_minutes = (zone[0] == '-' ? -1 : 1) * (zone_hours * 60 + zone_minutes);
    } else if (zone != "Z" && zone != "z") {
        return std::nullopt;
    }
    const std::int64_t all = *days * ms_per_day + ((hours * 60 + minutes - offset_minutes) * 60 + seconds) * 1000 + ms;
    if (all < 0) return std::nullopt;
    return static_cast<std::uint64_t>(all);
}

}  // namespace gw
