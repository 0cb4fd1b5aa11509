#include "json/json5.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <set>

#include "core/text.h"
#include "json/escape.h"
#include "json/identifier.h"
#include "json/scalar.h"

namespace gw::json {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

constexpr bool is_line_end(char32_t c) noexcept { return c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029; }

// White space of JSON5 section 8; the last ones are category Zs.
constexpr bool is_space(char32_t c) noexcept {
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xA0 || c == 0xFEFF || c == 0x2028 || c == 0x2029 ||
           c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F || c == 0x3000;
}

using Keys = std::pmr::set<std::pmr::string, std::less<>>;

class Converter {
public:
    Converter(std::string_view text, std::pmr::string& json, Json5Error& error, SourceMap* map)
        : text_(text), json_(json), error_(error), map_(map), scratch_(json.get_allocator()) {}

    bool run();

private:
    bool check_utf8();
    bool skip();  // white space and comments
    bool skip_block_comment();
    bool value(std::size_t depth);
    bool object(std::size_t depth);
    bool array(std::size_t depth);
    bool key(Keys& keys);
    bool identifier();  // into scratch_
    bool string();      // into scratch_
    bool escape(std::size_t begin);
    bool number();
    bool hexadecimal(std::size_t begin);
    bool word();
    void put_scratch();

    bool fail(std::size_t where, std::string_view what) {
        error_.offset = where;
        error_.what = what;
        return false;
    }
    [[nodiscard]] bool at_end() const noexcept { return at_ == text_.size(); }
    [[nodiscard]] char peek() const noexcept { return at_end() ? '\0' : text_[at_]; }
    [[nodiscard]] Sequence character() const noexcept { return read_utf8(text_.substr(at_)); }
    void mark() {
        if (map_ != nullptr) map_->add(json_.size(), at_);
    }

    static constexpr std::size_t depth_max = 128;

    std::string_view text_;
    std::size_t at_ = 0;
    std::pmr::string& json_;
    Json5Error& error_;
    SourceMap* map_;
    std::pmr::string scratch_;  // the string or name that was read last
};

bool Converter::run() {
    if (!check_utf8() || !skip()) return false;
    if (at_end()) return fail(at_, "there is no value");
    if (!value(0) || !skip()) return false;
    return at_end() || fail(at_, "more text after the value");
}

bool Converter::check_utf8() {
    if (is_utf8(text_)) return true;
    while (character().valid()) at_ += character().size;
    return fail(at_, "not valid UTF-8");
}

bool Converter::skip() {
    while (!at_end()) {
        if (text_.substr(at_, 2) == "/*") {
            if (!skip_block_comment()) return false;
        } else if (text_.substr(at_, 2) == "//") {
            while (!at_end() && !is_line_end(character().character)) at_ += character().size;
        } else if (is_space(character().character)) {
            at_ += character().size;
        } else {
            break;
        }
    }
    return true;
}

bool Converter::skip_block_comment() {
    const std::size_t end = text_.find("*/", at_ + 2);
    if (end == std::string_view::npos) return fail(at_, "this comment is not closed");
    at_ = end + 2;
    return true;
}

bool Converter::value(std::size_t depth) {
    mark();
    switch (peek()) {
    case '{': return object(depth + 1);
    case '[': return array(depth + 1);
    case '"':
    case '\'':
        if (!string()) return false;
        put_scratch();
        return true;
    case '+':
    case '-':
    case '.': return number();
    default: return is_digit(peek()) ? number() : word();
    }
}

bool Converter::object(std::size_t depth) {
    const std::size_t begin = at_++;
    if (depth > depth_max) return fail(begin, "nested too deeply");
    json_ += '{';
    Keys keys(json_.get_allocator());
    for (bool first = true;; first = false) {
        if (!skip()) return false;
        if (at_end()) return fail(begin, "this '{' is not closed");
        if (peek() == '}') break;
        if (!first) json_ += ',';
        if (!key(keys) || !skip()) return false;
        if (peek() != ':') return fail(at_, "expected ':' after the key");
        ++at_;
        json_ += ':';
        if (!skip() || !value(depth) || !skip()) return false;
        if (at_end()) return fail(begin, "this '{' is not closed");
        if (peek() == ',') {
            ++at_;
        } else if (peek() != '}') {
            return fail(at_, "expected ',' or '}' after the value");
        }
    }
    ++at_;
    json_ += '}';
    return true;
}

bool Converter::array(std::size_t depth) {
    const std::size_t begin = at_++;
    if (depth > depth_max) return fail(begin, "nested too deeply");
    json_ += '[';
    for (bool first = true;; first = false) {
        if (!skip()) return false;
        if (at_end()) return fail(begin, "this '[' is not closed");
        if (peek() == ']') break;
        if (!first) json_ += ',';
        if (!value(depth) || !skip()) return false;
        if (at_end()) return fail(begin, "this '[' is not closed");
        if (peek() == ',') {
            ++at_;
        } else if (peek() != ']') {
            return fail(at_, "expected ',' or ']' after the value");
        }
    }
    ++at_;
    json_ += ']';
    return true;
}

bool Converter::key(Keys& keys) {
    const std::size_t begin = at_;
    mark();
    if (!(peek() == '"' || peek() == '\'' ? string() : identifier())) return false;
    if (!keys.emplace(scratch_).second) return fail(begin, "duplicate key");
    put_scratch();
    return true;
}

bool Converter::identifier() {
    scratch_.clear();
    const std::size_t begin = at_;
    while (!at_end()) {
        const std::size_t here = at_;
        Sequence next = character();
        const bool escaped = next.character == '\\';
        if (escaped) {
            const auto unit = text_.substr(at_, 2) == "\\u" ? read_hex4(text_.substr(at_ + 2)) : std::nullopt;
            if (!unit) return fail(here, "a name may have no other escape than \\u and four digits");
            next = {6, *unit};
        }
        if (!(here == begin ? is_identifier_start(next.character) : is_identifier_part(next.character))) {
            if (escaped) return fail(here, "this character needs a key in quotes");
            break;
        }
        std::array<char, 4> bytes{};
        scratch_.append(bytes.data(), write_utf8(next.character, bytes.data()));
        at_ += next.size;
    }
    if (at_ != begin) return true;
    return fail(at_, is_digit(peek()) || static_cast<std::uint8_t>(peek()) >= 0x80 ? "this key needs quotes"
                                                                                   : "expected a key");
}

bool Converter::string() {
    scratch_.clear();
    const std::size_t begin = at_;
    const char quote = text_[at_++];
    const char stops[] = {quote, '\\', '\n', '\r'};
    while (true) {
        const std::size_t stop = text_.find_first_of({stops, sizeof stops}, at_);
        if (stop == std::string_view::npos) return fail(begin, "this string is not closed");
        scratch_.append(text_.substr(at_, stop - at_));
        at_ = stop;
        if (text_[at_] == quote) {
            ++at_;
            return true;
        }
        if (text_[at_] != '\\') return fail(begin, "this string is not closed at the end of its line");
        if (!escape(begin)) return false;
    }
}

// JSON5 section 5.1: at a backslash inside the string that begins at `begin`.
bool Converter::escape(std::size_t begin) {
    const std::size_t here = at_++;
    if (at_end()) return fail(begin, "this string is not closed");
    const Sequence next = character();
    at_ += next.size;
    char32_t meant = next.character;
    switch (next.character) {
    case 'b': meant = '\b'; break;
    case 'f': meant = '\f'; break;
    case 'n': meant = '\n'; break;
    case 'r': meant = '\r'; break;
    case 't': meant = '\t'; break;
    case 'v': meant = '\v'; break;
    case '0':
        if (is_digit(peek())) return fail(here, "\\0 followed by a digit is not allowed; write \\x00");
        meant = 0;
        break;
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': return fail(here, "a digit must not follow a backslash");
    case '\r':
        if (peek() == '\n') ++at_;
        return true;
    case '\n':
    case 0x2028:
    case 0x2029: return true;  // the string goes on in the next line
    case 'x': {
        const int high = at_ + 2 <= text_.size() ? hex_value(text_[at_]) : -1;
        const int low = high >= 0 ? hex_value(text_[at_ + 1]) : -1;
        if (low < 0) return fail(here, "\\x needs two hexadecimal digits");
        meant = static_cast<char32_t>(high * 16 + low);
        at_ += 2;
        break;
    }
    case 'u': {
        const auto unit = read_hex4(text_.substr(at_));
        if (!unit) return fail(here, "\\u needs four hexadecimal digits");
        meant = *unit;
        at_ += 4;
        if (is_high_surrogate(meant)) {
            const auto low = text_.substr(at_, 2) == "\\u" ? read_hex4(text_.substr(at_ + 2)) : std::nullopt;
            if (!low || !is_low_surrogate(*low)) return fail(here, "half of a surrogate pair");
            meant = join_surrogates(meant, *low);
            at_ += 6;
        } else if (is_low_surrogate(meant)) {
            return fail(here, "half of a surrogate pair");
        }
        break;
    }
    default: break;  // any other character means itself
    }
    std::array<char, 4> bytes{};
    scratch_.append(bytes.data(), write_utf8(meant, bytes.data()));
    return true;
}

// JSON5 section 6, written the way JSON has it: no '+', a digit on both sides of the point, decimal.
bool Converter::number() {
    const std::size_t begin = at_;
    const std::size_t json_begin = json_.size();
    const bool negative = peek() == '-';
    if (peek() == '+' || negative) ++at_;
    if (negative) json_ += '-';
    if (text_.substr(at_, 8) == "Infinity" || text_.substr(at_, 3) == "NaN") return word();
    if (text_.substr(at_, 2) == "0x" || text_.substr(at_, 2) == "0X") return hexadecimal(begin);

    const auto digits = [&] {
        const std::size_t first = at_;
        while (is_digit(peek())) ++at_;
        return text_.substr(first, at_ - first);
    };
    const std::string_view whole = digits();
    if (whole.size() > 1 && whole.front() == '0') return fail(begin, "a number must not begin with 0");
    json_ += whole.empty() ? "0" : whole;
    if (peek() == '.') {
        ++at_;
        const std::string_view fraction = digits();
        if (whole.empty() && fraction.empty()) return fail(begin, "expected a digit");
        if (!fraction.empty()) (json_ += '.') += fraction;
    } else if (whole.empty()) {
        return fail(at_, "expected a digit");
    }
    if (peek() == 'e' || peek() == 'E') {
        ++at_;
        json_ += 'e';
        if (peek() == '+' || peek() == '-') json_ += text_[at_++];
        const std::string_view exponent = digits();
        if (exponent.empty()) return fail(at_, "expected the digits of the exponent");
        json_ += exponent;
    }
    if (!at_end() && is_identifier_part(character().character)) return fail(at_, "unexpected character after a number");
    if (!to_double(std::string_view(json_).substr(json_begin))) return fail(begin, "this number is too big");
    return true;
}

// The digits behind the sign, which is written already.
bool Converter::hexadecimal(std::size_t begin) {
    at_ += 2;
    const std::size_t first = at_;
    while (hex_value(peek()) >= 0) ++at_;
    if (at_ == first) return fail(at_, "expected a hexadecimal digit");
    if (!at_end() && is_identifier_part(character().character)) return fail(at_, "unexpected character after a number");
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(text_.data() + first, text_.data() + at_, value, 16);
    // As far as Value::as_int() reaches.
    if (failure != std::errc{} || value > static_cast<std::uint64_t>(INT64_MAX)) {
        return fail(begin, "this hexadecimal number is too big");
    }
    std::array<char, 20> decimal{};
    const auto written = std::to_chars(decimal.data(), decimal.data() + decimal.size(), value);
    json_.append(decimal.data(), static_cast<std::size_t>(written.ptr - decimal.data()));
    return true;
}

bool Converter::word() {
    const std::size_t begin = at_;
    if (at_end()) return fail(at_, "expected a value");
    if (!is_identifier_start(character().character)) {
        const char c = peek();
        const bool misplaced = c == ',' || c == ':' || c == '}' || c == ']';
        return fail(at_, misplaced ? "expected a value" : "unexpected character");
    }
    while (!at_end() && is_identifier_part(character().character)) at_ += character().size;
    const std::string_view name = text_.substr(begin, at_ - begin);
    if (name == "true" || name == "false" || name == "null") {
        json_ += name;
        return true;
    }
    if (name == "Infinity" || name == "NaN") return fail(begin, "JSON has no Infinity and no NaN");
    return fail(begin, "unknown word; text needs quotes");
}

void Converter::put_scratch() {
    json_ += '"';
    escape_to(json_, scratch_);
    json_ += '"';
}

}  // namespace

Position position_of(std::string_view text, std::size_t offset) noexcept {
    Position position;
    offset = std::min(offset, text.size());
    // Not into a character, and not between CR and LF.
    while (offset > 0 && offset < text.size() && (static_cast<std::uint8_t>(text[offset]) & 0xC0U) == 0x80U) --offset;
    if (offset > 0 && offset < text.size() && text[offset] == '\n' && text[offset - 1] == '\r') --offset;
    for (std::size_t i = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0; i < offset; ++i) {
        if (text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n'))) {
            ++position.line;
            position.column = 1;
        } else if ((static_cast<std::uint8_t>(text[i]) & 0xC0U) != 0x80U) {
            ++position.column;
        }
    }
    return position;
}

namespace {

// What stands in the text from `offset` on: whole valid characters of one line, at most `bytes_max` bytes.
std::string_view line_from(std::string_view text, std::size_t offset, std::size_t bytes_max) {
    const std::string_view rest = text.substr(offset);
    std::size_t size = 0;
    while (size < rest.size()) {
        const Sequence next = read_utf8(rest.substr(size));
        if (!next.valid() || is_line_end(next.character) || size + next.size > bytes_max) break;
        size += next.size;
    }
    return rest.substr(0, size);
}

}  // namespace

std::size_t SourceMap::source_offset(std::size_t json_offset) const noexcept {
    const auto above = std::upper_bound(entries_.begin(), entries_.end(), json_offset,
                                        [](std::size_t offset, const Entry& entry) { return offset < entry.json; });
    return above == entries_.begin() ? 0 : std::prev(above)->source;
}

void SourceMap::add(std::size_t json_offset, std::size_t source_offset) {
    entries_.push_back({json_offset, source_offset});
}

bool json5_to_json(std::string_view text, std::pmr::string& json, Json5Error& error, SourceMap* map) {
    json.clear();
    if (map != nullptr) map->clear();
    if (Converter(text, json, error, map).run()) return true;
    json.clear();
    error.position = position_of(text, error.offset);
    error.near = line_from(text, error.offset, 24);
    return false;
}

}  // namespace gw::json
