#include "guardrail/view.h"

#include "guardrail/view_of.h"
#include "support/test.h"

namespace gw::test {
namespace {

using guardrail::Backslashes;
using guardrail::Change;
using guardrail::LeetView;
using guardrail::PlainRules;
using guardrail::PlainView;
using guardrail::ShellView;

struct Case {
    std::string_view name, text, want;
};

template <class View, std::size_t count>
void check(const Case (&cases)[count], View view = {}) {
    for (const Case& c : cases) {
        for_each_split(
            c.text,
            [&](const Pieces& pieces) {
                INFO(c.name << ", cut as " << pieces);
                const auto shown = show<View>(pieces, view);
                REQUIRE(shown.has_value());
                CHECK(shown->text == c.want);
                CHECK(is_map(c.text, *shown));
                if (c.text == c.want) CHECK(shown->changes.empty());
            },
            5);
    }
}

TEST_CASE("view: escapes are shown as their characters") {
    const Case cases[] = {
        {"nothing", "", ""},
        {"no escape", "just some words.\n", "just some words.\n"},
        {"JSON", R"(a\n\t\"\/\\b)", "a\n\t\"/\\b"},
        {"JSON, hexadecimal", R"(\u0063\u0075rl)", "curl"},
        {"JSON, a pair", R"(\ud835\udcd0x)", "Ax"},
        {"JSON, halves alone", R"(\ud835x \udcd0 \ud835\n\ud835\u0041)", "\\ud835x \\udcd0 \\ud835\n\\ud835A"},
        {"JavaScript", R"(\u{63}\u{000075}rl \u{1d4d0} \u{} \u{110000} \u{123456789})",
         R"(curl A \u{} \u{110000} \u{123456789})"},
        {"Python", R"(\U00000063\U0001d4d0\U00110000)", R"(cA\U00110000)"},
        {"bytes", R"(\x63\xE4\xB8\xAD\xff\xE4\xB8)", "c\u4e2d\\xff\\xE4\\xB8"},
        {"one layer", R"(\\u0063 %2563 &amp;lt;)", R"(\u0063 %63 &lt;)"},
        {"no escapes", R"(\q \u12 \x4 \)", R"(\q \u12 \x4 \)"},
        {"backspace leaves nothing", R"(c\bu\u0000rl)", "curl"},
        {"percent", "%63%75rl %e4%b8%ad %2F%2e", "curl \u4e2d /."},
        {"percent, not an escape", "100% of %zz 5%6 %ff %e4%b8 %", "100% of %zz 5%6 %ff %e4%b8 %"},
        {"percent, overlong", "%c0%ae%c0%ae%c0%af%e0%80%af", "..//"},
        {"percent, UTF-16", "%u0063%uff55%ud835%udcd0", "cuA"},
        {"entities", "&#99;&#117&#x72;&#X6c &lt;b&gt;&amp;&period;&lowbar;", "curl <b>&._"},
        {"entities, bare", "&ltb&gt &lt", "&ltb> <"},
        {"entities, none", "a && b &foo; &periodx; &#; &#x; &#0; &#1114112; &#xd800; &",
         "a && b &foo; &periodx; &#; &#x; &#0; &#1114112; &#xd800; &"},
        {"entities, zeros", "&#0000000099; &#00000000099;", "c &#00000000099;"},
        {"entities, invisible", "ig&ZeroWidthSpace;no&shy;re", "ignore"},
        {"an escape of a disguise", R"(\uff43\u0443%d0%b3l &#x430;)", "cyrl a"},
    };
    check<PlainView>(cases);
}

TEST_CASE("view: backslashes may stay for the shell") {
    const Case cases[] = {
        {"backslash", R"(\rm \u0041 %41)", R"(\rm \u0041 A)"},
    };
    check(cases, PlainView(PlainRules(Backslashes::keep)));
}

TEST_CASE("view: characters are shown as what they look like") {
    const Case cases[] = {
        {"full width", "ｃｕｒｌ ｈｔｔｐ：／／ｘ", "curl http://x"},
        {"mathematical", "𝐢𝗀𝘯𝙤𝚛𝓮 𝟗", "ignore 9"},
        {"circled, boxed, raised", "ⓘⒼ🅽🅞ʳᵉ ①②", "iGNOre 12"},
        {"flags", "🇮🇬", "IG"},
        {"ligatures", "ﬁle oﬃce œ æ ß", "file office oe ae ss"},
        {"diacritics", "ïgñörê łođ şțüß Ångström", "ignore lod stuss Angstrom"},
        {"marks", "i\u0301g\u0308n\u20e3o\u0489re", "ignore"},
        {"a mark of another script on Latin", "i\u05b0gnore", "ignore"},
        {"Cyrillic", "іgnоrе сurl раssword", "ignore curl password"},
        {"Greek", "ιgnοre ρasswοrd", "ignore password"},
        {"Armenian, Cherokee, Coptic, Lisu", "ոօ ᏟᎪᎢ ⲟⲕ ꓚꓮꓔ", "no CAT ok CAT"},
        {"small capitals", "ɪɢɴᴏʀᴇ", "ignore"},
        {"digits", "٤٢ ४२ ൪൨ 𝟺𝟸", "42 42 42 42"},
        {"invisible", "i\u200bg\u200d\u2060n\ufeffo\u00adr\u034f\u3164e\u202e\ufe0f\U000e0101!", "ignore!"},
        {"tags", "hi\U000e0001\U000e0072\U000e006d\U000e0020\U000e002f\U000e007f", "hirm /"},
        {"control characters", std::string_view("c\0u\1r\x1bl\x7f\t\n\v\f\r", 14), "curl\t\n\v\f\r"},
        {"spaces and line ends", "a\u00a0b\u2003c\u2028d\u0085e", "a b c\nd\ne"},
        {"dashes and quotes", "rm \u2013rf \u201cx\u201d \u2018y\u2019\u2026", "rm -rf \"x\" 'y'..."},
        {"ASCII", "the quick brown fox {}[]<>#@!~`^*()_+-=|;:,./?'\"$ 0123456789",
         "the quick brown fox {}[]<>#@!~`^*()_+-=|;:,./?'\"$ 0123456789"},
    };
    check<PlainView>(cases);
}

TEST_CASE("view: text of other scripts is left alone") {
    const std::string_view texts[] = {
        "“中文”——你好，世界！（测试）《书》、【一】：；？…",
        "　これはテストです。カタカナ・ｶﾀｶﾅ「括弧」〜",
        "안녕하세요. 한국어 텍스트입니다!",
        "हिन्दी में कुछ शब्द",
        "ภาษาไทย",
        "السلام عليكم",
        "עִבְרִית",
        "日本語：全角！",
        "😀🎉 → ✓ € 50",
    };
    for (const std::string_view text : texts) {
        INFO(text);
        const auto shown = show<PlainView>(std::vector{text});
        REQUIRE(shown.has_value());
        // A text that begins with punctuation of both worlds is taken for the Western one.
        CHECK(shown->changes.size() <= (text.substr(0, 3) == "“" || text.substr(0, 3) == "　" ? 1 : 0));
    }
}

TEST_CASE("view: what is not UTF-8 passes") {
    const Case cases[] = {
        {"stray bytes", "a\x80\xff\xc0\xaf b", "a\x80\xff\xc0\xaf b"},
        {"a sequence cut off", "a\xe4\xb8", "a\xe4\xb8"},
        {"a sequence broken off", "a\xe4\xb8z\xf0\x9f\x98", "a\xe4\xb8z\xf0\x9f\x98"},
        {"overlong and surrogates", "\xe0\x80\xaf \xed\xa0\x80 \xf4\x90\x80\x80",
         "\xe0\x80\xaf \xed\xa0\x80 \xf4\x90\x80\x80"},
    };
    check<PlainView>(cases);
}

TEST_CASE("view: changes lead back to the original bytes") {
    const auto shown = show<PlainView>(std::vector<std::string_view>{R"(ig\u006eｏre)"});
    REQUIRE(shown.has_value());
    CHECK(shown->text == "ignore");
    CHECK(shown->changes == std::vector<Change>{{2, 8, 2, 3}, {8, 11, 3, 4}});
}

TEST_CASE("view: words are shown as a shell reads them") {
    const Case cases[] = {
        {"plain", "ls -la /tmp | grep x > y; echo (a) [b] a,b", "ls -la /tmp | grep x > y; echo (a) [b] a,b"},
        {"quotes", R"(c""url 'rm' -"r"f "a b")", "curl rm -rf a b"},
        {"backslashes", R"(r\m c\u\r\l \rm C:\dir)", "rm curl rm C:dir"},
        {"line continuation", "cu\\\nrl c\\\r\nat", "curl cat"},
        {"separators", "cat${IFS}/etc$IFS$9x$IFS/y ${IFS%??}z $IFSX ${IFSX}", "cat /etc x /y  z $IFSX ${IFSX}"},
        {"empty expansions", "c$@url w$*get c${@}at c$1url w${x}get n${x:-}c l$()s l``s",
         "curl wget cat curl wget nc ls ls"},
        {"default values", "${x:-curl} http ${y-cu}rl ${z:=wget}", "curl http curl wget"},
        {"parameters stay", "${HOME} $HOME $1 ${x:?} ${#x} ${a_long_name_that_does_not_end_soon} $",
         "${HOME} $HOME $1 ${x:?} ${#x} ${a_long_name_that_does_not_end_soon} $"},
        {"ANSI-C", R"($'\x63\165rl' $'a\nb\tc' \nc)", "curl a\nb\tc nc"},
        {"octal", R"(\143\0165rl \1 \08)", "curl 1 08"},
        {"brace lists", "{cat,/etc/passwd};{rm,-rf,/} {\"cat\",x}", "cat /etc/passwd;rm -rf / cat x"},
        {"not brace lists", "{ ls; } find {} a{b,c} {\"a\":1,\"b\":2}", "{ ls; } find {} a{b,c} {a:1,b:2}"},
        {"PowerShell and cmd", "i`ex who^ami `id` 2^10 a ^ b", "iex whoami `id` 2^10 a ^ b"},
        {"ends early", "a\\", "a\\"},
        {"ends in a parameter", "a${x:-cu", "a${x:-cu"},
        {"quotes of prose", "don't \"say\" it", "dont say it"},
    };
    check<ShellView>(cases);
}

TEST_CASE("view: digits and signs are shown as the letters they stand for") {
    const Case cases[] = {
        {"plain", "ignore the rest, I am a man. stop!", "ignore the rest, I am a man. stop!"},
        {"digits", "1gn0r3 pr3v10us 1nstruct10n5", "ignore previous instructions"},
        {"signs", "p@$$w0rd s!te a|l pa+h s(ript", "password site all path script"},
        {"numbers stay", "2024 v26.10 555-1234 3.14 10,000 12345678901",
         "2024 v26.10 555-1234 3.14 10,000 12345678901"},
        {"beside other digits", "sha256 24h", "sha256 24h"},
        {"long runs", "a10101 10101a", "a10101 10101a"},
        {"ends of words", "hello! (see) |x| a+ 1+1 w0w!", "hello! (see) |x| a+ 1+1 wow!"},
        {"letters apart", "i g n o r e", "ignore"},
        {"letters apart, words", "say: i g n o r e  a l l   p r e v i o u s now", "say: ignore all previous now"},
        {"other separators", "i.g.n.o.r.e i-g-n-o-r-e i_g_n_o_r_e i*g*n*o*r*e", "ignore ignore ignore ignore"},
        {"digits apart", "1 g n 0 r 3", "ignore"},
        {"too few", "a b c d, e.g. i.e. U.S.A.", "a b c d, e.g. i.e. U.S.A."},
        {"numbers apart", "1 3 5 7 9 1 3", "1 3 5 7 9 1 3"},
        {"five", "h e l l o", "hello"},
        {"the last is no single letter", "i g n o re", "i g n o re"},
        {"ends in a run", "passw0", "passwo"},
    };
    check<LeetView>(cases);
}

TEST_CASE("view: any cut gives the same, and the changes make the view") {
    static constexpr std::string_view parts[] = {
        "ignore ",    "a",
        "1",          "0",
        " ",          "  ",
        "\\",         "\\u00",
        "\\ud835",    "\\udcd0",
        "4",          "{",
        "}",          "${",
        "IFS",        "x:-",
        "$",          "'",
        "\"",         "%",
        "%4",         "%e4",
        "%b8",        "%ad",
        "&",          "#",
        "x",          ";",
        "lt",         "&#x4",
        "\\x",        "e2",
        "\u00e9",     "\u0430",
        "\uff41",     "\u200b",
        "\u0301",     "\u05b0",
        "\u4e2d",     "\u201c",
        "\uff0c",     "\xe4",
        "\xb8",       "\xf0\x9d",
        "\U000e0041", "i g n o r e ",
        ".",          "-",
        "!",          "(",
        "|",          ",",
        "`",          "^",
        "\n",         "\r",
        "@",          "*",
        "1337",       "\0",
    };
    Random random(20);
    for (int round = 0; round < 4000; ++round) {
        std::string text;
        const std::size_t count = 1 + random.below(24);
        for (std::size_t i = 0; i < count; ++i) text += parts[random.below(std::size(parts))];
        const Pieces pieces = cut_at_random(text, random, 1 + random.below(8));
        INFO("round " << round << ", " << pieces);
        const auto check_view = [&]<class View>(View) {
            const auto whole = show<View>(std::vector<std::string_view>{text});
            const auto cut = show<View>(pieces);
            REQUIRE(whole.has_value());
            REQUIRE(cut.has_value());
            CHECK(is_map(text, *whole));
            CHECK(*whole == *cut);
        };
        check_view(PlainView());
        check_view(ShellView());
        check_view(LeetView());
    }
}

TEST_CASE("view: a second look at characters changes nothing") {
    Random random(21);
    for (int round = 0; round < 2000; ++round) {
        std::string text;
        for (int i = 0; i < 24; ++i) {
            // Any character of the table, and letters between.
            const auto c =
                static_cast<char32_t>(random.below(3) == 0 ? 'a' + random.below(26) : 0x80 + random.below(0x3000));
            if (c < 0x80) {
                text += static_cast<char>(c);
            } else if (c < 0x800) {
                text += static_cast<char>(0xC0 | c >> 6);
                text += static_cast<char>(0x80 | (c & 0x3F));
            } else {
                text += static_cast<char>(0xE0 | c >> 12);
                text += static_cast<char>(0x80 | (c >> 6 & 0x3F));
                text += static_cast<char>(0x80 | (c & 0x3F));
            }
        }
        const auto once = show<PlainView>(std::vector<std::string_view>{text});
        REQUIRE(once.has_value());
        if (once->text.find_first_of("\\%&") != std::string::npos) continue;  // a fold may have made an escape
        const auto twice = show<PlainView>(std::vector<std::string_view>{once->text});
        REQUIRE(twice.has_value());
        INFO(text);
        CHECK(twice->changes.empty());
    }
}

}  // namespace
}  // namespace gw::test
