// Words near a match, whole and on a stream that may be cut anywhere.
#include <functional>
#include <map>
#include <memory_resource>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "guardrail/validator.h"
#include "support/test.h"

namespace gw::guardrail {
namespace {

using Where = ContextWords::Where;

ContextWords context_of(const std::vector<std::string_view>& words, std::uint32_t within, Where where) {
    ContextWords context(std::pmr::new_delete_resource());
    for (const std::string_view word : words) context.words.emplace_back(word);
    context.within = within;
    context.where = where;
    return context;
}

TEST_CASE("context: a word counts when it stands alone within the distance") {
    struct Case {
        std::string_view name;
        std::vector<std::string_view> words;
        std::uint32_t within;
        Where where;
        std::string_view before, after;
        Nearby want;
    };
    const Case cases[] = {
        {"in front", {"ssn"}, 8, Where::before, "my ssn: ", "", Nearby::yes},
        {"case of ASCII does not matter", {"ssn"}, 8, Where::before, "my SsN: ", "", Nearby::yes},
        {"words of the pack in any case", {"SSN"}, 8, Where::before, "my ssn: ", "", Nearby::yes},
        {"part of a word", {"ssn"}, 12, Where::before, "my ssns: ", "", Nearby::no},
        {"end of a word", {"ssn"}, 12, Where::before, "the issn: ", "", Nearby::no},
        {"a digit touches it", {"ssn"}, 12, Where::before, "ssn1 ", "", Nearby::no},
        {"an underscore does not", {"ssn"}, 12, Where::before, "my_ssn_", "", Nearby::yes},
        {"letters of other scripts do not", {"ssn"}, 12, Where::before, "\xC3\xA9ssn\xC3\xA9", "", Nearby::yes},
        {"a later one stands alone", {"ssn"}, 16, Where::before, "issn, ssn: ", "", Nearby::yes},
        {"one byte too far", {"ssn"}, 5, Where::before, "ssn:  .", "", Nearby::no},
        {"just near enough", {"ssn"}, 6, Where::before, "ssn:  ", "", Nearby::yes},
        {"the match itself touches nothing", {"ssn"}, 6, Where::before, "ssn", "123", Nearby::yes},
        {"the wrong side", {"ssn"}, 6, Where::before, "", " ssn", Nearby::no},
        {"the wrong side", {"ssn"}, 6, Where::after, "ssn ", "", Nearby::no},
        {"after", {"ssn"}, 6, Where::after, "", " (ssn)", Nearby::yes},
        {"after, too far", {"ssn"}, 4, Where::after, "", " (ssn)", Nearby::no},
        {"after, what is beyond the distance does not touch", {"ssn"}, 4, Where::after, "", " ssns", Nearby::yes},
        {"around, in front", {"ssn"}, 6, Where::around, "ssn ", "", Nearby::yes},
        {"around, after", {"ssn"}, 6, Where::around, "", " ssn", Nearby::yes},
        {"around, neither", {"ssn"}, 6, Where::around, "pan ", " pan", Nearby::no},
        {"two words", {"social security"}, 32, Where::before, "Social Security no. ", "", Nearby::yes},
        {"a word of another script",
         {"\xD0\xBF\xD0\xB0\xD1\x81"},
         32,
         Where::before,
         "\xD0\xBF\xD0\xB0\xD1\x81 ",
         "",
         Nearby::yes},
        {"one of many", {"a", "bb", "ssn"}, 32, Where::before, "ssn", "", Nearby::yes},
        {"an empty word is none", {""}, 32, Where::around, "a b ", " c", Nearby::no},
        {"no words", {}, 32, Where::around, "a b ", " c", Nearby::no},
    };
    for (const Case& c : cases) {
        INFO(c.name << ": [" << c.before << "] [" << c.after << "]");
        CHECK(nearby(context_of(c.words, c.within, c.where), c.before, c.after, true) == c.want);
    }
}

TEST_CASE("context: more text is asked for only while it can matter") {
    struct Case {
        std::string_view name;
        Where where;
        std::string_view before, after;
        Nearby want;
    };
    // Words: ssn, pin code; within 10.
    const Case cases[] = {
        {"what stands in front needs no more", Where::before, "x ", "", Nearby::no},
        {"found in front", Where::around, "ssn ", "", Nearby::yes},
        {"nothing yet", Where::after, "", "", Nearby::undecided},
        {"the word may go on", Where::after, "", " ssn", Nearby::undecided},
        {"the word ended", Where::after, "", " ssn,", Nearby::yes},
        {"it went on, another may come", Where::after, "", " ssns", Nearby::undecided},
        {"room for one more", Where::after, "", "......", Nearby::undecided},
        {"room, but a letter touches: only one byte later", Where::after, "", ".....x", Nearby::undecided},
        {"no room if a letter touches", Where::after, "", "......x", Nearby::no},
        {"still room without", Where::after, "", ".......", Nearby::undecided},
        {"no room", Where::after, "", "........", Nearby::no},
        {"a word has begun", Where::after, "", "..pin code", Nearby::yes},
        {"a word has begun", Where::after, "", "..pin cod", Nearby::undecided},
        {"begun too late", Where::after, "", "...pin cod", Nearby::no},
        {"begun too late, seen early", Where::after, "", ".....pin ", Nearby::no},
    };
    for (const Case& c : cases) {
        INFO(c.name << ": [" << c.before << "] [" << c.after << "]");
        CHECK(nearby(context_of({"ssn", "pin code"}, 10, c.where), c.before, c.after, false) == c.want);
    }
}

// Every text of so many letters.
void for_each_text(std::size_t size, const std::function<void(const std::string&)>& body) {
    constexpr std::string_view letters = "aB ";
    std::string text(size, letters[0]);
    std::vector<std::size_t> at(size, 0);
    for (;;) {
        body(text);
        std::size_t i = 0;
        while (i < size && ++at[i] == letters.size()) {
            at[i] = 0;
            text[i++] = letters[0];
        }
        if (i == size) return;
        text[i] = letters[at[i]];
    }
}

TEST_CASE("context: undecided exactly as long as texts to come differ") {
    constexpr std::uint32_t within = 5;
    for (const std::vector<std::string_view>& words : std::vector<std::vector<std::string_view>>{
             {"a"}, {"ab"}, {"aba"}, {"a b"}, {" a"}, {"ab", "bab"}, {"bb ", "aaaa"}, {"aabba"}, {"ababab"}}) {
        const ContextWords context = context_of(words, within, Where::after);
        // The answers that a beginning can still come to; an end of the text before the distance is one of the texts.
        std::map<std::string, std::set<Nearby>> answers;
        for (std::size_t size = 0; size <= within + 1; ++size) {
            for_each_text(size, [&](const std::string& text) {
                const Nearby answer = nearby(context, "", text, true);
                REQUIRE(answer != Nearby::undecided);
                for (std::size_t cut = 0; cut <= size; ++cut) answers[text.substr(0, cut)].insert(answer);
            });
        }
        for (const auto& [text, possible] : answers) {
            INFO("first word [" << words[0] << "], after the match [" << text << "]");
            const Nearby want = possible.size() > 1 ? Nearby::undecided : *possible.begin();
            CHECK(nearby(context, "", text, false) == want);
        }
    }
}

TEST_CASE("context: the answer does not depend on where the text is cut") {
    const std::string_view after = " is the number of an account at the bank, not a card";
    for (const std::string_view word : {"account", "card", "bank", "number of", "count", "car", "n", "a", "zebra"}) {
        for (std::uint32_t within = 1; within <= 60; ++within) {
            const ContextWords context = context_of({word}, within, Where::after);
            const Nearby whole = nearby(context, "", after, true);
            bool decided = false;
            for (std::size_t cut = 0; cut <= after.size(); ++cut) {
                const Nearby answer = nearby(context, "", after.substr(0, cut), false);
                INFO(word << " within " << within << ", cut at " << cut);
                CHECK((answer == whole || (answer == Nearby::undecided && !decided && cut < within)));
                decided = decided || answer != Nearby::undecided;
            }
        }
    }
}

}  // namespace
}  // namespace gw::guardrail
