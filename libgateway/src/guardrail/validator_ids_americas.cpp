// Numbers that the states of the Americas give to people and to those who pay taxes.
#include <algorithm>
#include <array>
#include <string_view>

#include "guardrail/validator_checks.h"
#include "guardrail/validator_number.h"

namespace gw::guardrail::checks {

namespace {

// Numbers of wallet inserts and advertisements, and the rows of keys that people type for one.
constexpr std::array<std::uint64_t, 4> ssn_samples = {123'456'789, 78'051'120, 219'099'999, 987'654'321};

// A check digit that is 11 minus the remainder, where both 10 and 11 become 0.
bool check_digit_11(const Number& number, std::initializer_list<int> weights) {
    const int rest = number.weighted(weights) % 11;
    return (rest < 2 ? 0 : 11 - rest) == number[weights.size()];
}

// Place in the alphabet of the CURP, which has the Ñ between N and O; `text` loses that letter. -1: not in there.
int next_curp_letter(std::string_view& text) {
    const char c = ascii_upper(text.front());
    const bool with_tilde = text.starts_with("\xC3\x91") || text.starts_with("\xC3\xB1");
    text.remove_prefix(with_tilde ? 2 : 1);
    if (with_tilde) return 24;
    if (is_digit(c)) return c - '0';
    if (!is_alpha(c)) return -1;
    return c - 'A' + (c <= 'N' ? 10 : 11);
}

}  // namespace

// United States, Social Security number: areas, groups and serials that are never given out.
bool ssn(std::string_view match) {
    const auto number = number_of(match, 9);
    if (!number) return false;
    const auto area = number->part(0, 3);
    return area != 0 && area != 666 && area < 900 && number->part(3, 2) != 0 && number->part(5, 4) != 0 &&
           std::find(ssn_samples.begin(), ssn_samples.end(), number->part(0, 9)) == ssn_samples.end();
}

// Brazil, of people.
bool cpf(std::string_view match) {
    const auto number = number_of(match, 11);
    return number && check_digit_11(*number, {10, 9, 8, 7, 6, 5, 4, 3, 2}) &&
           check_digit_11(*number, {11, 10, 9, 8, 7, 6, 5, 4, 3, 2});
}

// Brazil, of companies.
bool cnpj(std::string_view match) {
    const auto number = number_of(match, 14);
    return number && check_digit_11(*number, {5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2}) &&
           check_digit_11(*number, {6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2});
}

// Argentina.
bool cuit(std::string_view match) {
    const auto number = number_of(match, 11);
    if (!number) return false;
    const int check = 11 - number->weighted({5, 4, 3, 2, 7, 6, 5, 4, 3, 2}) % 11;
    return (check == 11 ? 0 : check == 10 ? 9 : check) == number->last();
}

// Chile: weights 2 to 7 from the right, over and over; 10 is written K.
bool rut(std::string_view match) {
    const Letters letters(match);
    const std::string_view text = letters.view();
    if (text.size() < 2) return false;
    const std::string_view body = text.substr(0, text.size() - 1);
    int sum = 0;
    for (std::size_t i = 0; i < body.size(); ++i) {
        const char c = body[body.size() - 1 - i];
        if (!is_digit(c)) return false;
        sum += (c - '0') * static_cast<int>(2 + i % 6);
    }
    const int check = 11 - sum % 11;
    const char last = check == 11 ? '0' : check == 10 ? 'K' : static_cast<char>('0' + check);
    return last == text.back() && body.find_first_not_of(body.front()) != std::string_view::npos;
}

// Mexico: seventeen letters and digits with weights 18 to 2, and the check digit.
bool curp(std::string_view match) {
    constexpr std::string_view space = " \t\r\n\v\f";
    const std::size_t begin = std::min(match.find_first_not_of(space), match.size());
    std::string_view text = match.substr(begin, match.find_last_not_of(space) + 1 - begin);
    int sum = 0;
    for (int weight = 18; weight >= 2; --weight) {
        const int value = text.empty() ? -1 : next_curp_letter(text);
        if (value < 0) return false;
        sum += value * weight;
    }
    return text.size() == 1 && (10 - sum % 10) % 10 == digit_value(text.front());
}

// United States, registration of a doctor with the Drug Enforcement Administration.
bool dea(std::string_view match) {
    const auto number = last_digits(match, 7);
    return number && number->weighted({1, 2, 1, 2, 1, 2}) % 10 == number->last();
}

}  // namespace gw::guardrail::checks
