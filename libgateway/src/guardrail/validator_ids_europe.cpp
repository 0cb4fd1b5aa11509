// Numbers that European states, and Turkey, give to people and to those who pay taxes.
#include <algorithm>
#include <array>
#include <string_view>

#include "guardrail/validator_checks.h"
#include "guardrail/validator_number.h"

namespace gw::guardrail::checks {

namespace {

// A check digit that is 11 minus the remainder, where both 10 and 11 become 0.
int check_11_zero(int sum) {
    const int rest = sum % 11;
    return rest < 2 ? 0 : 11 - rest;
}

// ISO/IEC 7064, MOD 11,10.
bool mod_11_10(const Number& number) {
    int product = 10;
    for (std::size_t i = 0; i + 1 < number.size(); ++i) {
        const int sum = (product + number[i]) % 10;
        product = (sum == 0 ? 10 : sum) * 2 % 11;
    }
    return (11 - product) % 10 == number.last();
}

}  // namespace

// United Kingdom, NHS number.
bool nhs(std::string_view match) {
    const auto number = number_of(match, 10);
    if (!number) return false;
    const int check = 11 - number->weighted({10, 9, 8, 7, 6, 5, 4, 3, 2}) % 11;
    return check != 10 && check % 11 == number->last();
}

// Germany, Steuer-Identifikationsnummer: of the first ten digits exactly one stands there more than once.
bool steuer_id(std::string_view match) {
    const auto number = number_of(match, 11);
    if (!number || (*number)[0] == 0) return false;
    std::array<int, 10> counts{};
    for (std::size_t i = 0; i < 10; ++i) ++counts[static_cast<std::size_t>((*number)[i])];
    const auto repeated = std::count_if(counts.begin(), counts.end(), [](int n) { return n > 1; });
    const int most = *std::max_element(counts.begin(), counts.end());
    return repeated == 1 && most <= 3 && mod_11_10(*number);
}

// France, numéro de sécurité sociale; the departments 2A and 2B of Corsica count as 19 and 18.
bool nir(std::string_view match) {
    const Letters letters(match);
    const std::string_view text = letters.view();
    Number number;
    if (text.size() != 15) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool corsica = text[i] == '2' && i + 1 < text.size() && (text[i + 1] == 'A' || text[i + 1] == 'B');
        if (!corsica && !is_digit(text[i])) return false;
        number.append(corsica ? 1 : text[i] - '0');
        if (corsica) number.append(text[++i] == 'A' ? 9 : 8);
    }
    return !number.all_the_same() && 97 - number.part(0, 13) % 97 == number.part(13, 2);
}

// Spain, DNI and NIE: the first letter of a NIE stands for a digit.
bool dni(std::string_view match) {
    const Letters letters(match);
    const std::string_view text = letters.view();
    if (text.size() != 9) return false;
    std::array<char, 8> digits{};
    std::copy_n(text.begin(), digits.size(), digits.begin());
    if (digits[0] >= 'X' && digits[0] <= 'Z') digits[0] = static_cast<char>(digits[0] - 'X' + '0');
    const auto number = number_only({digits.data(), digits.size()}, digits.size());
    constexpr std::string_view check = "TRWAGMYFPDXBNJZSQVHLCKE";
    return number && check[number->part(0, 8) % 23] == text[8];
}

// Italy: characters at odd places count by a table, those at even places by their value.
bool codice_fiscale(std::string_view match) {
    constexpr std::array<int, 26> odd = {1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
                                         20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
    const Letters letters(match);
    const std::string_view text = letters.view();
    if (text.size() != 16) return false;
    int sum = 0;
    for (std::size_t i = 0; i < 15; ++i) {
        const int value = is_digit(text[i]) ? text[i] - '0' : text[i] - 'A';
        sum += i % 2 == 0 ? odd[static_cast<std::size_t>(value)] : value;
    }
    return static_cast<char>('A' + sum % 26) == text[15];
}

// Netherlands, burgerservicenummer.
bool bsn(std::string_view match) {
    const auto number = number_of(match, 9);
    return number && number->weighted({9, 8, 7, 6, 5, 4, 3, 2, -1}) % 11 == 0;
}

// Belgium: who was born since 2000 has a 2 in front, which is not written.
bool be_rrn(std::string_view match) {
    const auto number = number_of(match, 11);
    if (!number) return false;
    const std::uint64_t body = number->part(0, 9);
    const std::uint64_t check = number->part(9, 2);
    return 97 - body % 97 == check || 97 - (body + 2'000'000'000) % 97 == check;
}

// Poland. The century is hidden in the month, as a multiple of 20.
bool pesel(std::string_view match) {
    const auto number = number_of(match, 11);
    if (!number) return false;
    const int check = (10 - number->weighted({1, 3, 7, 9, 1, 3, 7, 9, 1, 3}) % 10) % 10;
    const int month = (*number)[2] % 2 * 10 + (*number)[3];
    const auto day = number->part(4, 2);
    return check == number->last() && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

// Sweden, with or without the century. A coordination number has 60 added to the day.
bool personnummer(std::string_view match) {
    const auto number = last_digits(match, 10);
    if (!number || luhn_sum(number->digits()) % 10 != 0) return false;
    const auto month = number->part(2, 2);
    const auto day = number->part(4, 2) % 60;
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

// Norway, fødselsnummer.
bool no_fnr(std::string_view match) {
    const auto number = number_of(match, 11);
    return number && number->weighted({3, 7, 6, 1, 8, 9, 4, 5, 2, 1}) % 11 == 0 &&
           number->weighted({5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1}) % 11 == 0;
}

// Finland, henkilötunnus: birth date, the sign of the century, three digits and the check character.
bool hetu(std::string_view match) {
    constexpr std::string_view check = "0123456789ABCDEFHJKLMNPRSTUVWXY";
    constexpr std::string_view centuries = "-+ABCDEFUVWXY";
    constexpr std::size_t size = 11;
    for (std::size_t begin = 0; begin + size <= match.size(); ++begin) {
        const std::string_view text = match.substr(begin, size);
        const bool last = is_digit(text[10]) || (text[10] >= 'A' && text[10] <= 'Y');
        if (centuries.find(text[6]) == std::string_view::npos || !last) continue;
        Number number;
        for (const char c : text.substr(0, 10)) {
            if (is_digit(c)) number.append(c - '0');
        }
        if (is_digit(text[6]) || number.size() != 9) continue;
        return !number.all_the_same() && check[number.part(0, 9) % 31] == text[10];
    }
    return false;
}

// Switzerland, AHV number: the check digit of an EAN-13.
bool ahv(std::string_view match) {
    const auto number = number_of(match, 13);
    return number && number->weighted({1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1}) % 10 == 0;
}

// Portugal, número de identificação fiscal.
bool pt_nif(std::string_view match) {
    const auto number = number_of(match, 9);
    return number && check_11_zero(number->weighted({9, 8, 7, 6, 5, 4, 3, 2})) == number->last();
}

// Turkey, T.C. kimlik numarası.
bool tckn(std::string_view match) {
    const auto number = number_of(match, 11);
    if (!number || (*number)[0] == 0) return false;
    // Minus one is nine here, so that the sum does not become negative.
    const int tenth = number->weighted({7, 9, 7, 9, 7, 9, 7, 9, 7}) % 10;
    const int eleventh = number->weighted({1, 1, 1, 1, 1, 1, 1, 1, 1, 1}) % 10;
    return tenth == (*number)[9] && eleventh == (*number)[10];
}

}  // namespace gw::guardrail::checks
