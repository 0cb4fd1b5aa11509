// Numbers that the states of Asia, Australia and South Africa give to people.
#include <array>
#include <string_view>

#include "guardrail/validator_checks.h"
#include "guardrail/validator_number.h"

namespace gw::guardrail::checks {

namespace {

// Verhoeff, "Error Detecting Decimal Codes", 1969: the product of the dihedral group of order ten.
constexpr int dihedral(int a, int b) {
    const int rotation = a < 5 ? (a + b) % 5 : (a - b + 5) % 5;
    return (a < 5) == (b < 5) ? rotation : rotation + 5;
}

// The permutation of that code, applied 0 to 7 times.
constexpr auto verhoeff_powers = [] {
    constexpr std::array<int, 10> once = {1, 5, 7, 6, 2, 8, 3, 0, 9, 4};
    std::array<std::array<int, 10>, 8> powers{};
    for (int d = 0; d < 10; ++d) {
        int value = d;
        for (auto& power : powers) {
            power[static_cast<std::size_t>(d)] = value;
            value = once[static_cast<std::size_t>(value)];
        }
    }
    return powers;
}();

bool plausible_month_and_day(const Number& number) {
    const auto month = number.part(2, 2);
    const auto day = number.part(4, 2);
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

}  // namespace

// The Aadhaar of India ends in this check digit. A number of any length, so that no digit is kept.
bool verhoeff(std::string_view match) {
    int check = 0;
    int first = -1;
    bool differ = false;
    std::size_t index = 0;
    for (std::size_t i = match.size(); i-- > 0;) {
        const int digit = digit_value(match[i]);
        if (digit < 0) continue;
        if (first < 0) first = digit;
        differ = differ || digit != first;
        check = dihedral(check, verhoeff_powers[index++ % 8][static_cast<std::size_t>(digit)]);
    }
    return differ && check == 0;
}

// China, GB 11643: a birth date, and ISO/IEC 7064 MOD 11,2 where 10 is written X.
bool cn_id(std::string_view match) {
    const Letters letters(match);
    const std::string_view text = letters.view();
    if (text.size() != 18) return false;
    const auto number = number_only(text.substr(0, 17), 17);
    if (!number) return false;
    const int rest = number->weighted({7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}) % 11;
    return "10X98765432"[rest] == text[17] &&
           is_birth_date(static_cast<int>(number->part(6, 4)), static_cast<int>(number->part(10, 2)),
                         static_cast<int>(number->part(12, 2)));
}

// Japan, of people.
bool my_number(std::string_view match) {
    const auto number = number_of(match, 12);
    if (!number) return false;
    const int rest = number->weighted({6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2}) % 11;
    return (rest <= 1 ? 0 : 11 - rest) == number->last();
}

// South Korea. What followed the digit of the century was a check until October 2020 and is random since.
bool rrn(std::string_view match) {
    constexpr std::array<int, 10> centuries = {1800, 1900, 1900, 2000, 2000, 1900, 1900, 2000, 2000, 1800};
    const auto number = number_of(match, 13);
    if (!number) return false;
    const int year = centuries[static_cast<std::size_t>((*number)[6])] + static_cast<int>(number->part(0, 2));
    return is_birth_date(year, static_cast<int>(number->part(2, 2)), static_cast<int>(number->part(4, 2)));
}

// Taiwan: the letter is a county, numbered from 10 in an order of its own.
bool tw_id(std::string_view match) {
    constexpr std::string_view counties = "ABCDEFGHJKLMNPQRSTUVXYWZIO";
    const Letters letters(match);
    const std::string_view text = letters.view();
    if (text.size() != 10) return false;
    const std::size_t county = counties.find(text[0]);
    const auto number = number_only(text.substr(1), 9);
    if (county == std::string_view::npos || !number) return false;
    const int code = static_cast<int>(county) + 10;
    return (code / 10 + code % 10 * 9 + number->weighted({8, 7, 6, 5, 4, 3, 2, 1, 1})) % 10 == 0;
}

// Hong Kong: one or two letters, a missing one counting as 36, six digits and the check character.
bool hkid(std::string_view match) {
    const Letters letters(match);
    std::string_view text = letters.view();
    int sum = 36 * 9;
    if (text.size() == 9 && is_alpha(text[0])) {
        sum = (text[0] - 'A' + 10) * 9;
        text.remove_prefix(1);
    }
    if (text.size() != 8 || !is_alpha(text[0])) return false;
    const auto number = number_only(text.substr(1, 6), 6);
    if (!number) return false;
    sum += (text[0] - 'A' + 10) * 8 + number->weighted({7, 6, 5, 4, 3, 2});
    return "0A987654321"[sum % 11] == text[7];
}

// Singapore, NRIC and FIN: the first letter chooses the table of the last one.
bool nric(std::string_view match) {
    const Letters letters(match);
    const std::string_view text = letters.view();
    if (text.size() != 9) return false;
    const auto number = number_only(text.substr(1, 7), 7);
    if (!number) return false;
    const int sum = number->weighted({2, 7, 6, 5, 4, 3, 2});
    switch (text[0]) {
    case 'S': return "JZIHGFEDCBA"[sum % 11] == text[8];
    case 'T': return "JZIHGFEDCBA"[(sum + 4) % 11] == text[8];
    case 'F': return "XWUTRQPNMLK"[sum % 11] == text[8];
    case 'G': return "XWUTRQPNMLK"[(sum + 4) % 11] == text[8];
    case 'M': return "XWUTRQPNJLK"[10 - (sum + 3) % 11] == text[8];
    default: return false;
    }
}

// Australia, tax file number.
bool tfn(std::string_view match) {
    const auto number = number_of(match, 9);
    return number && number->weighted({1, 4, 3, 7, 5, 8, 6, 9, 10}) % 11 == 0;
}

// Australia: a tenth digit counts the cards, an eleventh the people on it.
bool medicare(std::string_view match) {
    const auto number = number_of(match, 10, 11);
    return number && (*number)[0] >= 2 && (*number)[0] <= 6 &&
           number->weighted({1, 3, 7, 9, 1, 3, 7, 9}) % 10 == (*number)[8];
}

// South Africa: birth date, sex, citizenship.
bool za_id(std::string_view match) {
    const auto number = number_of(match, 13);
    return number && luhn_sum(number->digits()) % 10 == 0 && plausible_month_and_day(*number) && (*number)[10] < 2;
}

}  // namespace gw::guardrail::checks
