#include "guardrail/view_escape.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/text.h"

namespace gw::guardrail {

namespace {

constexpr bool is_surrogate(char32_t c) noexcept { return c >= 0xD800 && c < 0xE000; }
constexpr bool is_character(char32_t c) noexcept { return c <= 0x10FFFF && !is_surrogate(c); }

// Exactly `digits` hexadecimal digits at `at`, as an Escape that ends behind them.
Escape read_hex(std::string_view rest, std::size_t at, std::size_t digits) noexcept {
    char32_t value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        if (at + i >= rest.size()) return Escape::more();
        const int digit = hex_value(rest[at + i]);
        if (digit < 0) return Escape::none();
        value = value << 4U | static_cast<char32_t>(digit);
    }
    return Escape::found(at + digits, value);
}

// `prefix` and two digits, as often as the UTF-8 in them asks for. Overlong forms are read as what they hide: "%C0%AE"
// was made to pass for no dot.
Escape read_bytes(std::string_view rest, std::string_view prefix) noexcept {
    const std::size_t stride = prefix.size() + 2;
    const Escape first = read_hex(rest, prefix.size(), 2);
    if (first.state != Escape::State::found || first.character < 0x80) return first;
    if (first.character < 0xC0 || first.character > 0xF4) return Escape::none();
    const std::size_t count = first.character < 0xE0 ? 2 : first.character < 0xF0 ? 3 : 4;
    char32_t character = first.character & (0x7FU >> count);
    for (std::size_t i = 1; i < count; ++i) {
        const std::string_view next = rest.substr(std::min(rest.size(), i * stride));
        const std::size_t shared = std::min(next.size(), prefix.size());
        if (next.substr(0, shared) != prefix.substr(0, shared)) return Escape::none();
        const Escape byte = read_hex(next, prefix.size(), 2);
        if (byte.state != Escape::State::found) return byte;
        if (byte.character < 0x80 || byte.character > 0xBF) return Escape::none();
        character = character << 6U | (byte.character & 0x3FU);
    }
    return is_character(character) ? Escape::found(count * stride, character) : Escape::none();
}

// What follows the "u" of \u0041, \u{41} and %u0041; `at` is where the digits begin.
Escape read_unicode(std::string_view rest, std::size_t at) noexcept {
    const Escape unit = read_hex(rest, at, 4);
    if (unit.state != Escape::State::found || !is_surrogate(unit.character)) return unit;
    if (unit.character >= 0xDC00) return Escape::none();
    // The other half of a pair, written the same way.
    const std::string_view next = rest.substr(unit.size);
    const std::size_t shared = std::min(next.size(), at);
    if (next.substr(0, shared) != rest.substr(0, shared)) return Escape::none();
    const Escape low = read_hex(next, at, 4);
    if (low.state != Escape::State::found) return low;
    if (low.character < 0xDC00 || low.character > 0xDFFF) return Escape::none();
    return Escape::found(unit.size + low.size, 0x10000 + ((unit.character - 0xD800) << 10U) + (low.character - 0xDC00));
}

Escape read_braces(std::string_view rest) noexcept {
    constexpr std::size_t digits_max = 8;
    char32_t value = 0;
    for (std::size_t at = 3;; ++at) {
        if (at >= rest.size()) return Escape::more();
        if (rest[at] == '}' && at > 3) return is_character(value) ? Escape::found(at + 1, value) : Escape::none();
        const int digit = hex_value(rest[at]);
        if (digit < 0 || at >= 3 + digits_max) return Escape::none();
        value = value << 4U | static_cast<char32_t>(digit);
    }
}

struct Named {
    std::string_view name;
    char32_t character;
    bool bare = false;  // also without its semicolon, as HTML has it from old times
};

// The names of HTML whose characters matter to a pattern, sorted.
constexpr Named named[] = {
    {"AMP", '&', true},
    {"GT", '>', true},
    {"Hat", '^'},
    {"LT", '<', true},
    {"NewLine", '\n'},
    {"NoBreak", 0x2060},
    {"QUOT", '"', true},
    {"Tab", '\t'},
    {"UnderBar", '_'},
    {"VerticalLine", '|'},
    {"ZeroWidthSpace", 0x200B},
    {"amp", '&', true},
    {"apos", '\''},
    {"ast", '*'},
    {"bsol", '\\'},
    {"colon", ':'},
    {"comma", ','},
    {"commat", '@'},
    {"dash", '-'},
    {"dollar", '$'},
    {"emsp", ' '},
    {"ensp", ' '},
    {"equals", '='},
    {"excl", '!'},
    {"grave", '`'},
    {"gt", '>', true},
    {"hairsp", ' '},
    {"hyphen", '-'},
    {"lbrace", '{'},
    {"lbrack", '['},
    {"lcub", '{'},
    {"ldquo", '"'},
    {"lowbar", '_'},
    {"lpar", '('},
    {"lrm", 0x200E},
    {"lsqb", '['},
    {"lsquo", '\''},
    {"lt", '<', true},
    {"mdash", '-'},
    {"midast", '*'},
    {"minus", '-'},
    {"nbsp", ' ', true},
    {"ndash", '-'},
    {"num", '#'},
    {"percnt", '%'},
    {"period", '.'},
    {"plus", '+'},
    {"quest", '?'},
    {"quot", '"', true},
    {"rbrace", '}'},
    {"rbrack", ']'},
    {"rcub", '}'},
    {"rdquo", '"'},
    {"rlm", 0x200F},
    {"rpar", ')'},
    {"rsqb", ']'},
    {"rsquo", '\''},
    {"semi", ';'},
    {"shy", 0xAD, true},
    {"sol", '/'},
    {"tab", '\t'},
    {"thinsp", ' '},
    {"verbar", '|'},
    {"vert", '|'},
    {"zwj", 0x200D},
    {"zwnj", 0x200C},
};
static_assert(std::is_sorted(std::begin(named), std::end(named),
                             [](const Named& a, const Named& b) { return a.name < b.name; }));
constexpr std::size_t name_size_max = 14;

// Behind the last digit or letter at `end`: with its semicolon, which `bare` makes optional.
Escape end_entity(std::string_view rest, std::size_t end, char32_t character, bool bare, bool ended) noexcept {
    if (end == rest.size()) return ended && bare ? Escape::found(end, character) : Escape::more();
    if (rest[end] == ';') return Escape::found(end + 1, character);
    return bare ? Escape::found(end, character) : Escape::none();
}

Escape read_number(std::string_view rest, bool ended) noexcept {
    if (rest.size() < 3) return Escape::more();
    const bool hex = ascii_lower(rest[2]) == 'x';
    constexpr std::size_t digits_max = 10;  // leading zeros included
    const std::size_t begin = hex ? 3 : 2;
    std::uint64_t value = 0;
    std::size_t end = begin;
    for (; end < rest.size(); ++end) {
        const int digit = hex_value(rest[end]);
        if (digit < 0 || (!hex && digit > 9)) break;
        if (end - begin == digits_max) return Escape::none();
        value = value * (hex ? 16 : 10) + static_cast<std::uint64_t>(digit);
    }
    if (end == begin) return end == rest.size() ? Escape::more() : Escape::none();
    if (value == 0 || value > 0x10FFFF || is_surrogate(static_cast<char32_t>(value))) {
        // Not yet decided while digits may follow; decided either way it is no character.
        return end == rest.size() ? Escape::more() : Escape::none();
    }
    return end_entity(rest, end, static_cast<char32_t>(value), true, ended);
}

constexpr std::array<char, 128> simple_escapes() noexcept {
    std::array<char, 128> table{};
    table['n'] = '\n';
    table['t'] = '\t';
    table['r'] = '\r';
    table['b'] = '\b';
    table['f'] = '\f';
    for (const char c : {'"', '\'', '/', '\\'}) table[static_cast<unsigned char>(c)] = c;
    return table;
}

}  // namespace

Escape read_backslash(std::string_view rest) noexcept {
    static constexpr std::array<char, 128> simple = simple_escapes();
    if (rest.size() < 2) return Escape::more();
    const auto kind = static_cast<unsigned char>(rest[1]);
    if (kind < 0x80 && simple[kind] != 0) return Escape::found(2, static_cast<unsigned char>(simple[kind]));
    switch (rest[1]) {
    case 'x': return read_bytes(rest, "\\x");
    case 'U': {
        const Escape read = read_hex(rest, 2, 8);
        return read.state == Escape::State::found && !is_character(read.character) ? Escape::none() : read;
    }
    case 'u':
        if (rest.size() < 3) return Escape::more();
        return rest[2] == '{' ? read_braces(rest) : read_unicode(rest, 2);
    default: return Escape::none();
    }
}

Escape read_percent(std::string_view rest) noexcept {
    if (rest.size() < 2) return Escape::more();
    return rest[1] == 'u' ? read_unicode(rest, 2) : read_bytes(rest, "%");
}

Escape read_entity(std::string_view rest, bool ended) noexcept {
    if (rest.size() < 2) return Escape::more();
    if (rest[1] == '#') return read_number(rest, ended);
    std::size_t end = 1;
    while (end < rest.size() && (is_alpha(rest[end]) || is_digit(rest[end]))) {
        if (++end > 1 + name_size_max) return Escape::none();
    }
    const std::string_view name = rest.substr(1, end - 1);
    const auto* found = std::lower_bound(std::begin(named), std::end(named), name,
                                         [](const Named& entry, std::string_view want) { return entry.name < want; });
    if (end == rest.size() && !ended) {
        // More may come if this begins a name; most ampersands are settled here.
        return found != std::end(named) && found->name.substr(0, name.size()) == name ? Escape::more() : Escape::none();
    }
    if (found == std::end(named) || found->name != name) return Escape::none();
    return end_entity(rest, end, found->character, found->bare, ended);
}

}  // namespace gw::guardrail
