// Random expressions and texts over a small alphabet, so that they often meet.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <string>

#include "support/test.h"

namespace gw::test {

// `count`, or GATEWAY_TEST_ROUNDS times as many: for long comparisons by hand.
inline int rounds(int count) {
    const char* times = std::getenv("GATEWAY_TEST_ROUNDS");
    return times == nullptr ? count : count * std::max(1, std::atoi(times));
}

inline std::string random_set(Random& random) {
    constexpr std::string_view sets[] = {
        "[ab]",
        "[^a]",
        "[a-c]",
        ".",
        "\\d",
        "\\D",
        "\\w",
        "\\W",
        "\\s",
        "\\S",
        "[^\\n;]",
        "[\\s\\S]",
        "[[:alpha:]]",
        "[[:^alpha:]]",
        "\\p{Nd}",
        "\\p{Han}",
        "\\P{Greek}",
        "[é-ö]",
        "[^é]",
        "[a\\d_]",
        "[\\x{0}-\\x{7f}]",
        "[\\x{80}-\\x{10ffff}]",
        "[^|]",
    };
    return std::string(sets[random.below(std::size(sets))]);
}

inline std::string random_expression(Random& random, int depth) {
    constexpr std::string_view literals[] = {"a",  "b", "c", "ab",  "abc", "ba", "k", "s", "é",
                                             "漢", "1", " ", "\\n", "\\.", ";",  "_", "ÿ"};
    constexpr std::string_view assertions[] = {"\\b", "\\B", "^", "$", "(?m:^)", "(?m:$)", "\\A", "\\z"};
    constexpr std::string_view repeats[] = {"*",   "+",     "?",    "*?",    "+?",      "??",
                                            "{2}", "{1,3}", "{2,}", "{0,9}", "{0,12}?", "{3,4}"};
    constexpr std::string_view flags[] = {"(?i)", "(?s)", "(?m)", "(?U)", "(?i-s)"};
    std::string text;
    switch (depth <= 0 ? random.below(5) : random.below(14)) {
    case 0:
    case 1:
    case 2: return std::string(literals[random.below(std::size(literals))]);
    case 3: return random_set(random);
    case 4: return random.below(2) == 0 ? std::string(assertions[random.below(std::size(assertions))]) : "ab";
    case 5:
    case 6:
    case 7: {
        const std::size_t count = 2 + random.below(3);
        for (std::size_t i = 0; i < count; ++i) text += random_expression(random, depth - 1);
        return text;
    }
    case 8:
    case 9: {
        text = random.below(4) == 0 ? "(" : "(?:";
        const std::size_t count = 2 + random.below(2);
        for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : "|") + random_expression(random, depth - 1);
        return text + ")";
    }
    case 10:
    case 11:
        return "(?:" + random_expression(random, depth - 1) + ")" +
               std::string(repeats[random.below(std::size(repeats))]);
    case 12: {  // a gap: the repeats that the compiler cuts at
        constexpr std::string_view gaps[] = {".*",      "[^\\n;]*", "[\\s\\S]{0,20}", "[^b]{0,9}?",
                                             ".{2,30}", "[^c]*",    "[^;]+"};
        return random_expression(random, depth - 1) + std::string(gaps[random.below(std::size(gaps))]) +
               random_expression(random, depth - 1);
    }
    default:
        return "(?:" + std::string(flags[random.below(std::size(flags))]) + random_expression(random, depth - 1) + ")";
    }
}

inline std::string random_text(Random& random, std::size_t length) {
    constexpr std::string_view parts[] = {"a",      "a", "b", "b",      "c", "ab", "abc", "k", "K",
                                          "\u212A", "s", "S", "\u017F", "é", "É",  "漢",  "1", " ",
                                          "\n",     ".", ";", "_",      "ÿ", "A",  "C",   "|", "\xF0\x9F\x98\x80"};
    std::string text;
    while (text.size() < length) text += parts[random.below(std::size(parts))];
    return text;
}

}  // namespace gw::test
