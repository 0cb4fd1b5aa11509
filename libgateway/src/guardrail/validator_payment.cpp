// Numbers with which one pays: cards and their magnetic stripes, bank accounts.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include "guardrail/validator_checks.h"
#include "guardrail/validator_number.h"

namespace gw::guardrail::checks {

namespace {

// Card numbers that the documentation of payment services gives away; they pass Luhn and belong to nobody.
constexpr std::array<std::string_view, 6> card_samples = {"4111111111111111", "4242424242424242", "4000000000000002",
                                                          "5555555555554444", "378282246310005",  "6011111111111117"};

// Words after which a bare run of digits is a card number; they stand alone, unlike those of other scripts below.
constexpr std::array<std::string_view, 24> card_words = {
    "card",   "cards", "visa",    "mastercard", "master card", "amex",       "american express", "discover",
    "diners", "jcb",   "maestro", "unionpay",   "cc",          "pan",        "credit",           "debit",
    "cvv",    "cvc",   "expiry",  "exp",        "payment",     "cardholder", "billing",          "checkout"};

// Card number and credit card in Chinese, the stem of card in Russian.
constexpr std::array<std::string_view, 3> card_words_elsewhere = {
    "\xE5\x8D\xA1\xE5\x8F\xB7", "\xE4\xBF\xA1\xE7\x94\xA8\xE5\x8D\xA1", "\xD0\xBA\xD0\xB0\xD1\x80\xD1\x82"};
constexpr std::size_t card_words_within = 96;

struct IbanLength {
    char country[3];
    std::uint8_t length;
};

// The lengths of the IBAN registry (ISO 13616), sorted by country.
constexpr std::array iban_lengths = std::to_array<IbanLength>({
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22}, {"BH", 22},
    {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DK", 18}, {"DO", 28},
    {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23},
    {"GL", 18}, {"GR", 27}, {"GT", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26},
    {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20},
    {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MR", 27}, {"MT", 31}, {"MU", 30},
    {"NL", 18}, {"NO", 15}, {"PK", 24}, {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22},
    {"SA", 24}, {"SC", 31}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"ST", 25}, {"SV", 28}, {"TL", 23},
    {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20},
});

bool equal_digits(const Number& number, std::string_view digits) {
    return std::equal(digits.begin(), digits.end(), number.digits().begin(), number.digits().end(),
                      [](char c, std::uint8_t d) { return c - '0' == d; });
}

bool has_card_word(std::string_view text) {
    for (std::size_t begin = 0; begin < text.size(); ++begin) {
        const std::string_view rest = text.substr(begin);
        for (const std::string_view word : card_words_elsewhere) {
            if (rest.starts_with(word)) return true;
        }
        if (begin > 0 && is_alpha(text[begin - 1])) continue;
        for (const std::string_view word : card_words) {
            const bool alone = rest.size() <= word.size() || !is_alpha(rest[word.size()]);
            if (alone && starts_with_ignoring_case(rest, word)) return true;
        }
    }
    return false;
}

}  // namespace

// A number of any length, so that no digit is kept.
bool luhn(std::string_view match) {
    int sum = 0;
    int first = -1;
    bool differ = false;
    bool twice = false;
    for (std::size_t i = match.size(); i-- > 0;) {
        const int digit = digit_value(match[i]);
        if (digit < 0) continue;
        if (first < 0) first = digit;
        differ = differ || digit != first;
        const int value = twice ? digit * 2 : digit;
        sum = (sum + (value > 9 ? value - 9 : value)) % 10;
        twice = !twice;
    }
    return differ && sum == 0;
}

// Columns of a table, as in 2650 1514 1514 1514.
bool repeats_a_group(std::span<const std::uint8_t> digits) noexcept {
    return digits.size() == 16 && std::equal(digits.begin() + 4, digits.begin() + 12, digits.begin() + 8);
}

bool card(std::string_view match) {
    const auto number = number_of(match, 13, 19);
    return number && luhn_sum(number->digits()) % 10 == 0 && !repeats_a_group(number->digits()) &&
           std::none_of(card_samples.begin(), card_samples.end(),
                        [&](std::string_view sample) { return equal_digits(*number, sample); });
}

bool card_context(std::string_view match, std::string_view before) {
    if (match.find_first_of(" -") != std::string_view::npos) return true;
    return has_card_word(before.substr(before.size() - std::min(before.size(), card_words_within)));
}

// The account number of ISO/IEC 7813 is the first long run of digits.
bool track(std::string_view match) {
    std::size_t begin = 0;
    for (std::size_t end = 0; end <= match.size(); ++end) {
        if (end < match.size() && is_digit(match[end]) && end - begin < 19) continue;
        if (end - begin >= 13) return card(match.substr(begin, end - begin));
        begin = end + 1;
    }
    return false;
}

// ISO 13616: with the first four characters put last and letters read as 10 to 35, the remainder by 97 is 1.
bool iban(std::string_view match) {
    const Letters letters(match);
    const std::string_view text = letters.view();
    const auto known = std::find_if(iban_lengths.begin(), iban_lengths.end(),
                                    [&](const IbanLength& i) { return text.starts_with(i.country); });
    if (known == iban_lengths.end() || text.size() != known->length) return false;
    int remainder = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[(i + 4) % text.size()];
        remainder = is_digit(c) ? append_digit(remainder, c - '0', 97) : (remainder * 100 + c - 'A' + 10) % 97;
    }
    return remainder == 1;
}

// Routing number of the American Bankers Association. Two different digits are a sample, too.
bool aba(std::string_view match) {
    const auto number = number_of(match, 9);
    if (!number) return false;
    unsigned seen = 0;
    for (const std::uint8_t digit : number->digits()) seen |= 1U << digit;
    return std::popcount(seen) > 2 && number->weighted({3, 7, 1, 3, 7, 1, 3, 7, 1}) % 10 == 0;
}

}  // namespace gw::guardrail::checks
