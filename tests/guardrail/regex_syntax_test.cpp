// The parser: what it takes, what it refuses and why, and that its classes are RE2's.
#include "guardrail/regex_syntax.h"

#include "guardrail/automaton_oracle.h"
#include "support/test.h"

namespace gw::guardrail::regex {
namespace {

struct Parsed {
    std::pmr::monotonic_buffer_resource arena;
    Result<const Node*> tree;
    explicit Parsed(std::string_view text) : tree(parse(text, {}, &arena)) {}
};

}  // namespace

TEST_CASE("regex: what is refused, where and why") {
    struct Case {
        std::string_view text;
        std::size_t column;
        std::string_view what;
    };
    const Case cases[] = {
        {"ab(?=c)", 2, "look-ahead is not supported"},
        {"(?!a)b", 0, "look-ahead is not supported"},
        {"a(?<=b)", 1, "look-behind is not supported"},
        {"a(?<!b)", 1, "look-behind is not supported"},
        {"(?>a)", 0, "atomic groups are not supported"},
        {"(a)\\1", 3, "back-references are not supported"},
        {"(?P=name)", 0, "back-references are not supported"},
        {"\\k<a>", 0, "back-references are not supported"},
        {"\\9", 0, "back-references are not supported"},
        {"a++", 2, "possessive and doubled repeats are not supported"},
        {"a**", 2, "possessive and doubled repeats are not supported"},
        {"a{2}{3}", 4, "possessive and doubled repeats are not supported"},
        {"\\C", 0, "\\C is not supported: a match never cuts a character"},
        {"\\X", 0, "\\X is not supported"},
        {"a\\Z", 1, "\\Z is not supported, use \\z"},
        {"(a", 0, "the group is not closed"},
        {"a)", 1, "there is no group for this parenthesis to close"},
        {"éé[a", 2, "the bracket is not closed"},
        {"[z-a]", 1, "the range is the wrong way round"},
        {"[[:word", 0, "the bracket is not closed"},
        {"[[:words:]]", 1, "this POSIX class is not known"},
        {"\\p{Klingon}", 0, "this Unicode class is not known"},
        {"\\x{110000}", 0, "the number behind \\x is not a character"},
        {"\\q", 0, "this escape is not known"},
        {"a|*b", 2, "there is nothing to repeat"},
        {"a{1001}", 1, "a repeat counts to 1000 at most"},
        {"a{3,2}", 1, "the counts of this repeat are the wrong way round"},
        {"(?z)a", 2, "this flag is not known"},
        {"(?P<1 a>b)", 3, "the name of the group is not valid"},
        {"a\\", 1, "the escape is not finished"},
        {"\xff", 0, "the expression is not valid UTF-8"},
    };
    for (const Case& c : cases) {
        const Parsed parsed(c.text);
        INFO(c.text);
        REQUIRE_FALSE(parsed.tree);
        CHECK(parsed.tree.error().status == GW_ERR_CONFIG);
        CHECK(parsed.tree.error().where == c.column);
        CHECK(parsed.tree.error().what == c.what);
        if (!c.text.starts_with("\\C")) CHECK_FALSE(test::oracle(c.text)->ok());
    }
    std::string deep(300, '(');
    deep.append("a").append(300, ')');
    CHECK(Parsed(deep).tree.error().what == "groups are nested too deeply");
}

TEST_CASE("regex: what is taken, and how short a match can be") {
    struct Case {
        std::string_view text;
        std::size_t length;
    };
    const Case cases[] = {
        {"", 0},
        {"abc", 3},
        {"a|bc", 1},
        {"a*", 0},
        {"a+?b{2,}", 3},
        {"(?i)a(?-i:b)c", 3},
        {"a{,2}", 5},
        {"a{2", 3},
        {"{", 1},
        {"[]a]", 1},
        {"[^]a]", 1},
        {"[a-]", 1},
        {"\\Qa.*\\Eb", 4},
        {"\\x41\\x{1F600}", 2},
        {"\\101", 1},
        {"\\.\\-\\_", 3},
        {"(?P<name>ab)", 2},
        {"(?<name>ab)", 2},
        {"^\\bab\\b$", 2},
        {"\\pN\\p{Lu}\\P{^Greek}", 3},
        {"[[:alpha:][:^digit:]\\d]", 1},
        {"(?s).(?U)a*", 1},
        {"é漢", 2},
    };
    for (const Case& c : cases) {
        const Parsed parsed(c.text);
        INFO(c.text);
        REQUIRE(parsed.tree);
        CHECK(length_min(**parsed.tree) == c.length);
    }
    CHECK(length_min(**Parsed("a[^\\x{0}-\\x{10FFFF}]").tree) == SIZE_MAX);
}

TEST_CASE("regex: classes have the members that RE2 gives them") {
    const std::string_view classes[] = {
        "\\d",
        "\\s",
        "\\w",
        "\\W",
        "(?i)\\w",
        "[[:punct:]]",
        "[[:space:]]",
        "[[:^graph:]]",
        ".",
        "(?s).",
        "\\pL",
        "\\PL",
        "\\p{Lu}",
        "\\pN",
        "\\p{Nd}",
        "\\pP",
        "\\pS",
        "\\pZ",
        "\\pC",
        "\\p{Cf}",
        "\\pM",
        "\\p{Latin}",
        "\\p{Greek}",
        "\\p{Cyrillic}",
        "\\p{Han}",
        "\\p{Hiragana}",
        "\\p{Katakana}",
        "\\p{Hangul}",
        "\\p{Arabic}",
        "\\p{Hebrew}",
        "\\p{Any}",
        "(?i)[a-z]",
        "(?i)k",
        "(?i)s",
        "(?i)[^k]",
        "(?i)é",
        "(?i)σ",
        "(?i)ß",
        "(?i)[à-þ]",
        "(?i)Ǆ",
        "(?i)\\x{1E9E}",
        "(?i)Я",
        "(?i)[\\x{13A0}-\\x{13FF}]",
    };
    for (const std::string_view text : classes) {
        const Parsed parsed(text);
        INFO(text);
        REQUIRE(parsed.tree);
        REQUIRE((*parsed.tree)->kind == Node::Kind::set);
        CharSet set(std::pmr::get_default_resource());
        set.add((*parsed.tree)->set);
        const auto judge = test::oracle(text);
        // Every 41st code point and all below U+0600; surrogates cannot be written in UTF-8.
        std::size_t differences = 0;
        for (char32_t c = 0; c <= code_point_max; c += c < 0x600 ? 1 : 41) {
            if (c >= 0xD800 && c <= 0xDFFF) continue;
            std::string encoded;
            if (c < 0x80) {
                encoded = {static_cast<char>(c)};
            } else if (c < 0x800) {
                encoded = {static_cast<char>(0xC0 | c >> 6U), static_cast<char>(0x80 | (c & 0x3F))};
            } else if (c < 0x10000) {
                encoded = {static_cast<char>(0xE0 | c >> 12U), static_cast<char>(0x80 | (c >> 6U & 0x3F)),
                           static_cast<char>(0x80 | (c & 0x3F))};
            } else {
                encoded = {static_cast<char>(0xF0 | c >> 18U), static_cast<char>(0x80 | (c >> 12U & 0x3F)),
                           static_cast<char>(0x80 | (c >> 6U & 0x3F)), static_cast<char>(0x80 | (c & 0x3F))};
            }
            if (re2::RE2::FullMatch(encoded, *judge) != set.contains(c)) {
                if (++differences < 4)
                    UNSCOPED_INFO("U+" << std::hex << static_cast<unsigned>(c) << ": ours " << set.contains(c));
            }
        }
        // RE2 may know another version of Unicode: some code points that one of the two has not heard of.
        CHECK(differences <=
              (text.find("\\p") != std::string_view::npos || text.find("\\P") != std::string_view::npos ? 200U : 0U));
    }
}

}  // namespace gw::guardrail::regex
