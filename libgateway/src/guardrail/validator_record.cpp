// Records about things and people: vehicles, travel documents, tables of customers.
#include <algorithm>
#include <array>
#include <string_view>

#include "guardrail/validator_checks.h"
#include "guardrail/validator_number.h"

namespace gw::guardrail::checks {

namespace {

constexpr std::string_view white_space = " \t\r\n\v\f";

// ICAO 9303 part 3, 4.9: weights 7, 3, 1; letters are 10 to 35, the filler is 0. '\0' for text with anything else.
char mrz_digit(std::string_view text) {
    constexpr std::array<int, 3> weights = {7, 3, 1};
    int sum = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = ascii_upper(text[i]);
        if (!is_alnum(c) && c != '<') return '\0';
        const int value = is_digit(c) ? c - '0' : c == '<' ? 0 : c - 'A' + 10;
        sum += value * weights[i % 3];
    }
    return static_cast<char>('0' + sum % 10);
}

std::string_view strip(std::string_view text, std::string_view characters) {
    const std::size_t begin = std::min(text.find_first_not_of(characters), text.size());
    return text.substr(begin, text.find_last_not_of(characters) + 1 - begin);
}

// The parts of a text between separators; a text without one is a single part.
class Parts {
public:
    Parts(std::string_view text, char separator) : rest_(text), separator_(separator) {}
    bool next(std::string_view& part) {
        if (done_) return false;
        const std::size_t end = rest_.find(separator_);
        part = rest_.substr(0, end);
        done_ = end == npos;
        if (!done_) rest_.remove_prefix(end + 1);
        return true;
    }

private:
    std::string_view rest_;
    char separator_;
    bool done_ = false;
};

// Names of columns that make a table one of people, with `_` for space and dash.
constexpr std::array<std::string_view, 26> sensitive_columns = {"first_name",
                                                                "firstname",
                                                                "last_name",
                                                                "lastname",  // the four that are only names stand first
                                                                "ssn",
                                                                "social_security",
                                                                "social_security_number",
                                                                "full_name",
                                                                "date_of_birth",
                                                                "dob",
                                                                "birth_date",
                                                                "passport",
                                                                "passport_number",
                                                                "credit_card",
                                                                "card_number",
                                                                "account_number",
                                                                "iban",
                                                                "phone",
                                                                "phone_number",
                                                                "email",
                                                                "address",
                                                                "salary",
                                                                "driver_license",
                                                                "tax_id",
                                                                "medical_record",
                                                                "mrn"};
constexpr std::size_t name_columns = 4;

// Index in sensitive_columns, or its size.
std::size_t sensitive_column(std::string_view field) {
    field = strip(strip(field, white_space), "\"");
    const auto equal = [](char written, char wanted) {
        return (written == ' ' || written == '-' ? '_' : ascii_lower(written)) == wanted;
    };
    const auto known = std::find_if(sensitive_columns.begin(), sensitive_columns.end(), [&](std::string_view column) {
        return std::equal(field.begin(), field.end(), column.begin(), column.end(), equal);
    });
    return static_cast<std::size_t>(known - sensitive_columns.begin());
}

}  // namespace

// ISO 3779 as North America uses it: the ninth character is the check digit, and X is 10.
bool vin(std::string_view match) {
    //                                   A B C D E F G H I J K L M N O P Q R S T U V W X Y Z
    constexpr std::string_view values = "12345678.12345.7.923456789";
    constexpr std::array<int, 17> weights = {8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
    if (match.size() != weights.size()) return false;
    int sum = 0;
    bool letters = false, digits = false;
    for (std::size_t i = 0; i < match.size(); ++i) {
        const bool letter = match[i] >= 'A' && match[i] <= 'Z';
        const int value = digit_value(letter ? values[static_cast<std::size_t>(match[i] - 'A')] : match[i]);
        if (value < 0) return false;
        (letter ? letters : digits) = true;
        sum += value * weights[i];
    }
    return letters && digits && "0123456789X"[sum % 11] == match[8];
}

// ICAO 9303, second line of a passport (44) or of a card of two lines (36): number, birth and expiry.
bool mrz(std::string_view match) {
    match = strip(match, white_space);
    const std::string_view line = match.substr(match.rfind('\n') + 1);  // npos + 1 is 0
    if (line.size() != 36 && line.size() != 44) return false;
    return mrz_digit(line.substr(0, 9)) == line[9] && mrz_digit(line.substr(13, 6)) == line[19] &&
           mrz_digit(line.substr(21, 6)) == line[27];
}

bool csv_bulk(std::string_view match) {
    Parts lines(strip(match, "\n"), '\n');
    std::string_view line, field;
    if (!lines.next(line)) return false;
    const char separator = line.find('\t') != npos ? '\t' : line.find(';') != npos ? ';' : ',';
    std::size_t columns = 0, sensitive = 0, more_than_names = 0;
    for (Parts fields(line, separator); fields.next(field); ++columns) {
        const std::size_t column = sensitive_column(field);
        if (column == sensitive_columns.size()) continue;
        ++sensitive;
        if (column >= name_columns) ++more_than_names;
    }
    if (sensitive < 2) return false;
    std::size_t rows = 0;
    while (lines.next(line)) {
        std::size_t count = 0, filled = 0;
        for (Parts fields(line, separator); fields.next(field); ++count) {
            if (field.find_first_not_of(white_space) != npos) ++filled;
        }
        if (count == columns && filled >= 2) ++rows;
    }
    return rows >= (more_than_names > 0 ? 1U : 2U);
}

}  // namespace gw::guardrail::checks
