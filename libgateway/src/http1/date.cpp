#include <algorithm>
#include <cstring>

#include "http1/http1.h"

namespace gw::http1 {

namespace {

struct Day {
    std::uint64_t year;
    unsigned month;  // from 0
    unsigned day;    // from 1
};

// The proleptic Gregorian date of a day since 1970-01-01. Years are counted from March, so that the leap day is the
// last of its year; 400 such years are an era of 146097 days.
constexpr Day day_of(std::uint64_t days_since_epoch) noexcept {
    const std::uint64_t days = days_since_epoch + 719468;  // since 0000-03-01
    const std::uint64_t era = days / 146097;
    const std::uint64_t day_of_era = days % 146097;
    const std::uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const std::uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::uint64_t month_from_march = (5 * day_of_year + 2) / 153;
    const std::uint64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    const std::uint64_t month = (month_from_march + 2) % 12;
    const std::uint64_t year = era * 400 + year_of_era + (month < 2 ? 1 : 0);
    return {year, static_cast<unsigned>(month), static_cast<unsigned>(day)};
}

void put_two(char* at, std::uint64_t value) noexcept {
    at[0] = static_cast<char>('0' + value / 10);
    at[1] = static_cast<char>('0' + value % 10);
}

}  // namespace

DateText format_date(std::uint64_t unix_ms) noexcept {
    static constexpr char days[] = "ThuFriSatSunMonTueWed";  // 1970-01-01 was a Thursday
    static constexpr char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    constexpr std::uint64_t last_second = 253402300799;  // of the year 9999: the format has four digits

    const std::uint64_t seconds = std::min(unix_ms / 1000, last_second);
    const std::uint64_t of_day = seconds % 86400;
    const Day day = day_of(seconds / 86400);
    DateText out;
    std::memcpy(out.text, "Thu, 01 Jan 1970 00:00:00 GMT", sizeof out.text);
    std::memcpy(out.text, days + seconds / 86400 % 7 * 3, 3);
    put_two(out.text + 5, day.day);
    std::memcpy(out.text + 8, months + day.month * 3, 3);
    put_two(out.text + 12, day.year / 100);
    put_two(out.text + 14, day.year % 100);
    put_two(out.text + 17, of_day / 3600);
    put_two(out.text + 20, of_day / 60 % 60);
    put_two(out.text + 23, of_day % 60);
    return out;
}

}  // namespace gw::http1
