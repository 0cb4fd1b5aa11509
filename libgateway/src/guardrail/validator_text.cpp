// Whether a text looks like a secret: no placeholder of a manual, no pattern of the keyboard, enough disorder.
//
// Letters and digits are those of ASCII, and entropy counts bytes: secrets are made of ASCII.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "guardrail/validator_checks.h"
#include "guardrail/validator_number.h"

namespace gw::guardrail::checks {

namespace {

// What manuals and templates write where a secret belongs; in lower case.
constexpr std::array<std::string_view, 21> placeholder_words = {
    "example", "placeholder", "changeme",  "change_me",  "change-me", "replace_me", "replaceme",
    "your_",   "your-",       "yourtoken", "token_here", "key_here",  "dummy",      "fake_",
    "notreal", "not_a_real",  "redacted",  "insert_",    "xxxxx",     "sample_",    "todo_"};

// Passwords that documentation is full of; in lower case.
constexpr std::array<std::string_view, 27> weak_passwords = {"password",
                                                             "passwd",
                                                             "passw0rd",
                                                             "pass",
                                                             "pwd",
                                                             "secret",
                                                             "user",
                                                             "username",
                                                             "guest",
                                                             "root",
                                                             "admin",
                                                             "test",
                                                             "postgres",
                                                             "mysql",
                                                             "mypassword",
                                                             "changeit",
                                                             "mysecretpassword",
                                                             "pw",
                                                             "foo",
                                                             "bar",
                                                             "hunter2",
                                                             "12345",
                                                             "123456",
                                                             "token",
                                                             "key",
                                                             "123",
                                                             "1234"};

// Words of which a text must have none, in lower case. Most bytes begin none of them and cost one look.
template <std::size_t count>
class Words {
public:
    constexpr explicit Words(const std::array<std::string_view, count>& words) : words_(words) {
        for (const std::string_view word : words) {
            begins_[static_cast<unsigned char>(word[0])] = true;
            if (is_alpha(word[0])) begins_[static_cast<unsigned char>(word[0] - 32)] = true;
        }
    }

    [[nodiscard]] bool any_in(std::string_view text) const {
        for (std::size_t begin = 0; begin < text.size(); ++begin) {
            if (!begins_[static_cast<unsigned char>(text[begin])]) continue;
            const char first = ascii_lower(text[begin]);
            for (const std::string_view word : words_) {
                if (word[0] == first && starts_with_ignoring_case(text.substr(begin), word)) return true;
            }
        }
        return false;
    }

private:
    std::array<std::string_view, count> words_;
    std::array<bool, 256> begins_{};
};

constexpr Words placeholders(placeholder_words);

// Parts of passwords that nobody has to guess.
constexpr Words weak_parts(std::array<std::string_view, 6>{"password", "passwd", "secret", "12345", "test", "qwerty"});

// The first of the longest runs of letters and digits.
std::string_view longest_run(std::string_view text) {
    std::string_view longest;
    for (std::size_t begin = 0; begin < text.size();) {
        std::size_t end = begin;
        while (end < text.size() && is_alnum(text[end])) ++end;
        if (end - begin > longest.size()) longest = text.substr(begin, end - begin);
        begin = end + 1;
    }
    return longest;
}

// One character eight times in a row; line ends do not count.
bool has_long_repeat(std::string_view text) {
    std::size_t times = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        times = i > 0 && text[i] == text[i - 1] ? times + 1 : 1;
        if (times == 8 && text[i] != '\n') return true;
    }
    return false;
}

// Ten neighbours of the alphabet or of the digits: abcdefghij.
bool has_staircase(std::string_view run) {
    int steps = 0;
    for (std::size_t i = 1; i < run.size(); ++i) {
        steps = run[i] - run[i - 1] == 1 ? steps + 1 : 0;
        if (steps == 9) return true;
    }
    return false;
}

// All of it one unit of at most eight characters, at least three times.
bool is_repeated_unit(std::string_view run) {
    for (std::size_t unit = 1; unit <= 8 && unit * 3 <= run.size(); ++unit) {
        if (run.substr(unit) == run.substr(0, run.size() - unit)) return true;
    }
    return false;
}

// Words joined by `-`, `_` or `.`, each with at most two digits at its end: a name that somebody chose.
bool is_joined_words(std::string_view value) {
    bool joined = false;
    int digits = 0;  // at the end of this word
    for (const char c : value) {
        if (c == '-' || c == '_' || c == '.') {
            joined = true;
            digits = 0;
        } else if (is_digit(c) ? ++digits > 2 : !is_alpha(c) || digits > 0) {
            return false;
        }
    }
    return joined;
}

// `name.member` or `name_member` in front: an expression of a program.
bool begins_like_a_member(std::string_view value) {
    const auto in_name = [](char c) { return is_alpha(c) || c == '_'; };
    for (std::size_t i = 0; i + 1 < value.size(); ++i) {
        if (i > 0 && (value[i] == '.' || value[i] == '_') && in_name(value[i + 1])) return true;
        if (!in_name(value[i])) return false;
    }
    return false;
}

double bits_per_character(std::string_view text) {
    if (text.empty()) return 0;
    std::array<std::size_t, 256> counts{};
    for (const char c : text) ++counts[static_cast<unsigned char>(c)];
    const auto size = static_cast<double>(text.size());
    double bits = 0;
    for (const std::size_t count : counts) {
        if (count > 0) bits -= static_cast<double>(count) / size * std::log2(static_cast<double>(count) / size);
    }
    return bits;
}

}  // namespace

std::string_view value_of(std::string_view match) {
    constexpr std::string_view trailing = "\"'` \t\r\n;,)=\\";
    constexpr std::string_view leading = "\"'` \t=:>(";
    match = match.substr(0, match.find_last_not_of(trailing) + 1);
    return match.substr(match.find_last_of(leading) + 1);  // npos + 1 is 0
}

bool token(std::string_view match) {
    if (placeholders.any_in(match)) return false;
    const std::string_view run = longest_run(match);
    return run.size() < 8 || !(has_long_repeat(match) || has_staircase(run) || is_repeated_unit(run));
}

bool mixed(std::string_view match) {
    const std::string_view value = value_of(match);
    const bool code =
        value.find_first_of("(){}<>$[]*\\") != npos || value.find("//") != npos || value.find("..") != npos;
    return std::any_of(value.begin(), value.end(), is_digit) && std::any_of(value.begin(), value.end(), is_alpha) &&
           !code && !is_joined_words(value) && token(value);
}

bool password_like(std::string_view match) {
    const std::string_view value = value_of(match);
    if (value.size() < 8 || value.size() > 80) return false;
    bool lower = false, upper = false, digit = false, other = false;
    for (const char c : value) {
        lower = lower || (c >= 'a' && c <= 'z');
        upper = upper || (c >= 'A' && c <= 'Z');
        digit = digit || is_digit(c);
        other = other || !is_alnum(c);
    }
    if (!digit || lower + upper + other < 2) return false;
    const bool code = value.find_first_of("(){}<>$[]|\\") != npos || value.find("::") != npos ||
                      value.find("->") != npos || value.find("//") != npos || begins_like_a_member(value);
    return !code && !weak_parts.any_in(value) && token(value) && entropy(value, 3.0);
}

bool entropy(std::string_view match, double bits) {
    constexpr double rounding = 1e-9;  // so that eight different characters have three bits on every machine
    return bits_per_character(value_of(match)) >= bits - rounding;
}

bool weak_password(std::string_view word) {
    return std::any_of(weak_passwords.begin(), weak_passwords.end(),
                       [&](std::string_view weak) { return equals_ignoring_case(word, weak); });
}

}  // namespace gw::guardrail::checks
