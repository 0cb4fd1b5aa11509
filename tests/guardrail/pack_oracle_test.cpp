// The default pack against RE2: every expression of every rule finds, in the examples of all rules and what is made of
// them, the spans that RE2 finds.
#include "guardrail/automaton_oracle.h"
#include "guardrail/automaton_random.h"
#include "support/packs.h"

namespace gw::test {

namespace {

using guardrail::Cache;
using guardrail::PatternSet;
using guardrail::PatternSource;
using guardrail::Problem;

guardrail::RulePack default_pack() {
    guardrail::LoadOptions options;
    options.keep_examples = true;
    auto loaded = guardrail::test::load(guardrail::test::default_files(), options);
    REQUIRE(loaded.pack);
    return std::move(*loaded.pack);
}

// An example as it is, cut short, without its middle, in other letters, or twice.
std::string changed(std::string_view example, Random& random) {
    std::string text(example);
    const std::size_t at = text.empty() ? 0 : random.below(text.size());
    switch (random.below(6)) {
    case 0: text.resize(at); break;
    case 1: text.erase(at, 1 + random.below(3)); break;
    case 2: text.insert(at, 1, " -_.x0A\n"[random.below(8)]); break;
    case 3:
        for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' && random.below(2) == 0 ? c - 32 : c);
        break;
    case 4: text += example; break;
    default: break;
    }
    return text;
}

}  // namespace

TEST_CASE("automaton: every rule of the default pack matches what RE2 matches") {
    const guardrail::RulePack pack = default_pack();
    std::vector<PatternSource> sources;
    std::vector<std::string_view> ids, examples;
    std::vector<std::unique_ptr<re2::RE2>> judges;
    for (const guardrail::Rule& rule : pack.rules) {
        if (rule.pattern.empty()) continue;
        sources.push_back({rule.pattern, rule.kind, {}});
        ids.push_back(rule.id);
        judges.push_back(oracle(rule.pattern));
        INFO(rule.id);
        REQUIRE(judges.back()->ok());
        REQUIRE(rule.examples);
        for (const auto& text : rule.examples->match) examples.push_back(text);
        for (const auto& text : rule.examples->near_miss) examples.push_back(text);
    }
    REQUIRE(sources.size() > 300);
    guardrail::SetOptions options;
    options.front_bytes = 8192;  // lines of the texts are shorter than that
    std::pmr::vector<Problem> problems;
    const auto set = PatternSet::compile(sources, options, std::pmr::get_default_resource(), problems);
    REQUIRE(set != nullptr);
    Cache cache(set, Cache::bytes_default, std::pmr::get_default_resource());

    Random random(11);
    std::vector<bool> seen(sources.size());
    const auto compare = [&](const std::string& text) {
        const Scanned whole = scan_pieces(set, cache, std::vector<std::string_view>{text});
        for (std::uint32_t p = 0; p < judges.size(); ++p) {
            const auto want = oracle_spans(*judges[p], text);
            if (!want.empty()) seen[p] = true;
            if (whole.spans(p) == want) continue;
            INFO(ids[p] << ": " << sources[p].text << "\nin: " << text);
            CHECK(whole.spans(p) == want);
        }
        const Scanned cut = scan_pieces(set, cache, cut_at_random(text, random, 1 + random.below(40)));
        INFO(text);
        CHECK(whole.matches == cut.matches);
    };
    // Every example once as it is, eight to a text, and once changed.
    for (const bool as_it_is : {true, false}) {
        for (std::size_t i = 0; i < examples.size(); i += 8) {
            std::string text;
            for (std::size_t k = i; k < std::min(i + 8, examples.size()); ++k) {
                text += as_it_is ? std::string(examples[k]) : changed(examples[k], random);
                text += " \n;,"[random.below(4)];
            }
            compare(text);
            if (!as_it_is && long_rounds(10) < 10) i += 72;
        }
    }
    std::size_t unseen = 0;
    for (std::size_t p = 0; p < seen.size(); ++p) {
        if (seen[p]) continue;
        ++unseen;
        UNSCOPED_INFO(ids[p]);
    }
    CHECK(unseen == 0);  // each rule was compared on a match
}

}  // namespace gw::test
