#include "core/text.h"
#include "guardrail/view_escape.h"
#include "guardrail/view_feed.h"

namespace gw::guardrail {

namespace {

constexpr bool is_word(char c) noexcept { return is_alpha(c) || is_digit(c) || c == '_'; }
constexpr bool is_shell_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Where a command can begin, so that a brace may open a list.
constexpr bool begins_word(char before) noexcept {
    return is_shell_space(before) || before == ';' || before == '|' || before == '&' || before == '(' ||
           before == '`' || before == ':' || before == '=';
}

// What a default value may be made of to be shown as it is.
constexpr bool is_plain_value(char c) noexcept {
    return is_word(c) || c == '/' || c == '.' || c == '-' || c == '+' || c == '@' || c == '~' || c == ' ' || c == ':';
}

constexpr bool is_octal(char c) noexcept { return c >= '0' && c <= '7'; }

// \143, and \0143 as echo -e has it; always three digits, so that the back-references of sed stay.
Escape read_octal(std::string_view rest) noexcept {
    if (rest.size() < 2) return Escape::more();
    char32_t value = 0;
    std::size_t begin = 1;
    for (std::size_t i = 0; i < 3; ++i) {
        if (begin + i >= rest.size()) return Escape::more();
        const char c = rest[begin + i];
        if (!is_octal(c)) return Escape::none();
        value = value * 8 + static_cast<char32_t>(c - '0');
    }
    if (rest[1] == '0') {
        // With a fourth digit the zero is a prefix; without it, three digits below 0100 are no letters.
        if (rest.size() < 5) return Escape::more();
        if (is_octal(rest[4])) return Escape::found(5, value * 8 + static_cast<char32_t>(rest[4] - '0'));
    }
    return Escape::found(4, value);
}

constexpr bool is_printable(char32_t c) noexcept { return c >= 0x20 && c < 0x7F; }

}  // namespace

bool ShellRules::at_rest() const noexcept { return !ansi_ && !list_ && default_left_ == 0; }

void ShellRules::pass(std::string_view same) noexcept { last_ = same.back(); }

bool ShellRules::is_special(char c) noexcept {
    return c == '"' || c == '\'' || c == '\\' || c == '$' || c == '`' || c == '^' || c == '{';
}

std::size_t ShellRules::first_special(std::string_view piece) noexcept {
    return find_special(piece, [](Block block) {
        return is(block, '"') | is(block, '\'') | is(block, '\\') | is(block, '$') | is(block, '`') | is(block, '^') |
               is(block, '{');
    });
}

ViewStep ShellRules::step(std::string_view rest, bool ended) noexcept {
    const ViewStep step = next(rest, ended);
    if (step.size > 0 && step.same) last_ = rest[step.size - 1];
    if (step.size > 0 && !step.same && step.shown_size > 0) last_ = step.shown[step.shown_size - 1];
    return step;
}

ViewStep ShellRules::next(std::string_view rest, bool ended) noexcept {
    if (default_left_ > 0) return --default_left_ == 0 ? ViewStep::show(1, {}) : ViewStep::keep(1);
    switch (rest.front()) {
    case '"':
    case '\'': ansi_ = false; return ViewStep::show(1, {});
    case '\\': return backslash(rest, ended);
    case '$': return dollar(rest, ended);
    case '`':
        if (rest.size() == 1 && !ended) return ViewStep::more();
        if (rest.size() > 1 && rest[1] == '`') return ViewStep::show(2, {});
        [[fallthrough]];
    case '^':
        if (rest.size() == 1 && !ended) return ViewStep::more();
        return is_alpha(last_) && rest.size() > 1 && is_alpha(rest[1]) ? ViewStep::show(1, {}) : ViewStep::keep(1);
    case '{': return brace(rest, ended);
    case '}':
        if (!list_) break;
        list_ = false;
        return ViewStep::show(1, {});
    case ',':
        if (!list_) break;
        return ViewStep::show(1, " ");
    case '\n':
    case '\r': ansi_ = false; [[fallthrough]];
    case ' ':
    case '\t':
    case ';':
    case '|':
    case '&': list_ = false; break;
    default: break;
    }
    return ViewStep::keep(1);
}

ViewStep ShellRules::backslash(std::string_view rest, bool ended) const noexcept {
    if (rest.size() == 1) return ended ? ViewStep::keep(1) : ViewStep::more();
    switch (rest[1]) {
    case '\n': return ViewStep::show(2, {});
    case '\r':
        if (rest.size() == 2 && !ended) return ViewStep::more();
        return rest.size() > 2 && rest[2] == '\n' ? ViewStep::show(3, {}) : ViewStep::show(1, {});
    case 'n':
    case 'r':
        if (ansi_) return ViewStep::show(2, "\n");
        return ViewStep::show(1, {});
    case 't':
        if (ansi_) return ViewStep::show(2, "\t");
        return ViewStep::show(1, {});
    default: break;
    }
    Escape escape = Escape::none();
    if (rest[1] == 'x' || rest[1] == 'u' || rest[1] == 'U') escape = read_backslash(rest);
    if (is_octal(rest[1])) escape = read_octal(rest);
    if (escape.state == Escape::State::more && !ended) return ViewStep::more();
    if (escape.state != Escape::State::found || !is_printable(escape.character)) return ViewStep::show(1, {});
    const char shown = static_cast<char>(escape.character);
    return ViewStep::show(escape.size, {&shown, 1});
}

ViewStep ShellRules::dollar(std::string_view rest, bool ended) noexcept {
    if (rest.size() == 1) return ended ? ViewStep::keep(1) : ViewStep::more();
    switch (rest[1]) {
    case '\'': ansi_ = true; return ViewStep::show(2, {});
    case '"':
    case '@':
    case '*': return ViewStep::show(2, {});
    case '(':
        if (rest.size() == 2 && !ended) return ViewStep::more();
        return rest.size() > 2 && rest[2] == ')' ? ViewStep::show(3, {}) : ViewStep::keep(1);
    case '{': return parameter(rest, ended);
    default: break;
    }
    if (is_digit(rest[1])) {
        // A parameter that nobody set, where it joins two parts of a word.
        if (is_word(last_)) return ViewStep::show(2, {});
        if (rest.size() == 2 && !ended) return ViewStep::more();
        return rest.size() > 2 && is_alpha(rest[2]) ? ViewStep::show(2, {}) : ViewStep::keep(1);
    }
    constexpr std::string_view separators = "$IFS";
    const std::size_t shared = std::min(rest.size(), separators.size());
    if (rest.substr(0, shared) != separators.substr(0, shared)) return ViewStep::keep(1);
    if (shared < separators.size()) return ended ? ViewStep::keep(1) : ViewStep::more();
    if (rest.size() == 4) return ended ? ViewStep::show(4, " ") : ViewStep::more();
    if (is_word(rest[4])) return ViewStep::keep(1);
    if (rest[4] != '$') return ViewStep::show(4, " ");
    if (rest.size() == 5) return ended ? ViewStep::show(4, " ") : ViewStep::more();
    return ViewStep::show(is_digit(rest[5]) ? 6 : 4, " ");
}

// ${...}, within the bytes of one step; what is longer or has another form stays.
ViewStep ShellRules::parameter(std::string_view rest, bool ended) noexcept {
    const ViewStep undecided = ended ? ViewStep::keep(1) : ViewStep::more();
    std::size_t at = 2;
    const auto look = [&]() -> int {
        if (at >= view_step_max - 1) return 0;  // no character that any branch takes
        return at < rest.size() ? static_cast<unsigned char>(rest[at]) : -1;
    };
    if (look() == '@' || look() == '*') {
        ++at;
    } else {
        while (look() > 0 && is_word(static_cast<char>(look()))) ++at;
        if (at == 2 && look() >= 0) return ViewStep::keep(1);
    }
    if (look() < 0) return undecided;
    const std::string_view name = rest.substr(2, at - 2);
    if (name == "IFS") {
        while (look() > 0 && look() != '}' && !is_shell_space(static_cast<char>(look()))) ++at;
        if (look() < 0) return undecided;
        return look() == '}' ? ViewStep::show(at + 1, " ") : ViewStep::keep(1);
    }
    if (look() == '}') {
        if (name == "@" || name == "*") return ViewStep::show(at + 1, {});
        if (!is_word(last_)) return ViewStep::keep(1);
        if (at + 1 >= rest.size()) return undecided;
        return is_word(rest[at + 1]) ? ViewStep::show(at + 1, {}) : ViewStep::keep(1);
    }
    if (look() == ':') ++at;
    if (look() < 0) return undecided;
    if (look() != '-' && look() != '=') return ViewStep::keep(1);
    ++at;
    const std::size_t value = at;
    while (look() > 0 && is_plain_value(static_cast<char>(look()))) ++at;
    if (look() < 0) return undecided;
    if (look() != '}') return ViewStep::keep(1);
    if (at == value) return ViewStep::show(at + 1, {});
    default_left_ = static_cast<std::uint8_t>(at - value + 1);
    return ViewStep::show(value, {});
}

// A brace that opens a list of words and not a JSON object or a block: the first thing in it is a word, or a quoted one
// with a comma behind it.
ViewStep ShellRules::brace(std::string_view rest, bool ended) noexcept {
    if (list_ || !begins_word(last_)) return ViewStep::keep(1);
    const ViewStep undecided = ended ? ViewStep::keep(1) : ViewStep::more();
    if (rest.size() == 1) return undecided;
    const char first = rest[1];
    bool list = is_word(first) || first == '/' || first == '.' || first == '~' || first == '-';
    if (first == '"' || first == '\'') {
        const std::size_t close = rest.substr(0, view_step_max - 2).find(first, 2);
        if (close == std::string_view::npos) return rest.size() < view_step_max - 2 ? undecided : ViewStep::keep(1);
        if (close + 1 == rest.size()) return undecided;
        list = rest[close + 1] == ',';
    }
    if (!list) return ViewStep::keep(1);
    list_ = true;
    return ViewStep::show(1, {});
}

template class View<ShellRules>;

}  // namespace gw::guardrail
