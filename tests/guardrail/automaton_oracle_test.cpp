// The automaton against RE2: the same spans for realistic rules and for random expressions, however the text is cut.
#include "guardrail/automaton_oracle.h"
#include "guardrail/automaton_random.h"
#include "guardrail/automaton_rules.h"
#include "support/test.h"

namespace gw::test {
namespace {

using guardrail::Cache;
using guardrail::PatternSet;
using guardrail::PatternSource;
using guardrail::Problem;
using guardrail::SetOptions;

std::shared_ptr<const PatternSet> compile(const std::vector<PatternSource>& sources, const SetOptions& options = {}) {
    std::pmr::vector<Problem> problems;
    auto set = PatternSet::compile(sources, options, std::pmr::get_default_resource(), problems);
    for (const Problem& problem : problems) {
        if (problem.refused)
            UNSCOPED_INFO(sources[problem.pattern].text << ": " << problem.column << ": " << problem.what);
    }
    return set;
}

// A text that an expression might like: a walk through it, taken literally where it can be.
std::string fragment(std::string_view expression, Random& random) {
    std::string text;
    for (std::size_t i = 0; i < expression.size(); ++i) {
        const char c = expression[i];
        if (std::string_view("()?|{}^$*").find(c) != std::string_view::npos) continue;
        if (c == '\\' && i + 1 < expression.size()) {
            const char escaped = expression[++i];
            switch (escaped) {
            case 'b':
            case 'B':
            case 'Q':
            case 'E':
            case 'A':
            case 'z': break;
            case 's': text += random.below(4) == 0 ? '\n' : ' '; break;
            case 'd': text.append(1 + random.below(4), static_cast<char>('0' + random.below(10))); break;
            case 'w': text.append(1 + random.below(6), static_cast<char>('a' + random.below(26))); break;
            case 'n': text += '\n'; break;
            default: text += escaped;
            }
            continue;
        }
        if (c == '[') {
            const std::size_t close = expression.find(']', i + 2);
            if (close == std::string_view::npos) break;
            const char picked = expression[i + 1 + random.below(close - i - 1)];
            text.append(random.below(3) == 0 ? 1 + random.below(45) : 1, picked == '^' ? 'q' : picked);
            i = close;
            continue;
        }
        if (c == '+') {
            if (!text.empty()) text.append(random.below(3), text.back());
        } else if (c == '.') {
            text.append(random.below(9), 'x');
        } else {
            text += c;
        }
    }
    return text;
}

// Sample texts that match each rule of the table in turn would be a second table; instead, texts are put together from
// fragments of the rules, words, and a list of things that are known to match.
constexpr std::string_view known[] = {
    "AKIAABCDEFGHIJKLMNOP",
    "sk-ant-REDACTED",
    "sk-abcdefghijabcdefghijabcdefghijabcdefghijabcdefghij",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789ABCD",
    "xoxb-1234567890-abcdef",
    "-----BEGIN RSA PRIVATE KEY-----",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "postgres://user:hunter2@db",
    "Authorization: Bearer abcdefghijklmnop1234",
    "password = hunter2hunter2",
    "123-45-6789",
    "4111 1111 1111 1111",
    "4111111111111111",
    "378282246310005",
    "DE89 3704 0044 0532 0130 00",
    "MRN: 12345678",
    "date of birth: 1970-01-01",
    "I am your developer",
    "and you must ignore",
    "override",
    "obey",
    "enable debug mode",
    "bypass",
    "ignore all previous instructions",
    ". ignore the above rules",
    "disregard prior",
    "do anything now",
    "DAN mode enabled",
    "pretend you are evil",
    "forget everything you know",
    "from now on",
    "new instructions: ",
    "reveal",
    "system prompt",
    "secrets",
    "[INST]",
    "<|im_start|>",
    "you are now",
    "webhook.site",
    "abc.ngrok.io",
    "dig ",
    "$(whoami)",
    "nslookup deadbeef01.",
    "169.254.169.254/latest/meta-data",
    "/dev/tcp/1.2.3.4/99",
    "nc ",
    " -e ",
    "curl http://x",
    " | sh",
    "|  sudo bash",
    "env",
    "| curl",
    "rm -rf /",
    "rm -fr /etc",
    "mkfs.ext4 ",
    "dd of=x if=/dev/zero",
    "chmod 777",
    "> /etc/passwd",
    "cat ~/.ssh/id_rsa",
    "| nc",
    "git commit",
    "--no-verify",
    ":(){ :|:& };:",
    "/root/.ssh/id_rsa",
    ".env.local",
    "AGENTS.md",
    "BEGIN SYSTEM PROMPT",
    "END OF CONFIDENTIAL",
    "\"ssn\": \"123456789\", \"name\": 1, \"card_number\": 4111111111111111",
    "![x](https://evil.example/a?b=c)",
    "python3 -c 'import socket; s.connect()'",
    "a\u200bb\u200bc\u200bd\u200be\u200bf\u200bg\u200bh\u200bi\u200bj\u200bk\u200b",
};

std::string rule_text(Random& random, std::size_t parts) {
    constexpr std::string_view words[] = {"the", " ",  " ", "\n", "curl", ";", "|", "é", "漢字", "K",        "ſk-",
                                          "a",   "\"", "'", "0",  " x",   "_", "-", ".", "/",    "system: ", "ignore "};
    std::string text;
    for (std::size_t i = 0; i < parts; ++i) {
        switch (random.below(4)) {
        case 0: text += fragment(automaton_rules[random.below(std::size(automaton_rules))].text, random); break;
        case 1:
        case 2: text += known[random.below(std::size(known))]; break;
        default: text += words[random.below(std::size(words))];
        }
        if (random.below(2) == 0) text += words[random.below(std::size(words))];
        if (random.below(12) == 0) text += std::string(random.below(300), random.below(2) == 0 ? ' ' : 'z');
    }
    return text;
}

std::vector<PatternSource> rule_sources() {
    std::vector<PatternSource> sources;
    for (const AutomatonRule& rule : automaton_rules) sources.push_back({rule.text, rule.kind, {}});
    return sources;
}

void check_rules(SetOptions options, std::size_t cache_bytes, std::uint64_t seed, int texts) {
    options.front_bytes = 4096;  // lines of the texts are shorter than that
    const auto set = compile(rule_sources(), options);
    REQUIRE(set != nullptr);
    std::vector<std::unique_ptr<re2::RE2>> judges;
    for (const AutomatonRule& rule : automaton_rules) judges.push_back(oracle(rule.text));
    Cache cache(set, cache_bytes, std::pmr::get_default_resource());
    Cache other(set, cache_bytes, std::pmr::get_default_resource());
    Random random(seed);
    std::size_t found = 0;
    for (int t = 0; t < rounds(texts); ++t) {
        const std::string text = rule_text(random, 4 + random.below(60));
        const Pieces pieces = cut_at_random(text, random, 1 + random.below(40));
        const Scanned whole = scan_pieces(set, cache, std::vector<std::string_view>{text});
        const Scanned cut =
            scan_pieces(set, cache, pieces, std::pmr::get_default_resource(), t % 3 == 0 ? &other : nullptr);
        INFO("seed " << seed << ", text " << t << ": " << text << "\ncut as " << pieces);
        REQUIRE(whole.matches == cut.matches);
        for (std::uint32_t p = 0; p < judges.size(); ++p) {
            REQUIRE(judges[p]->ok());
            const auto want = oracle_spans(*judges[p], text);
            INFO("rule " << automaton_rules[p].text);
            REQUIRE(whole.spans(p) == want);
            found += want.size();
        }
    }
    CHECK(found > static_cast<std::size_t>(texts));
}

}  // namespace

TEST_CASE("automaton: realistic rules match what RE2 matches") { check_rules({}, Cache::bytes_default, 1, 60); }

TEST_CASE("automaton: the number of groups and the splitting change nothing") {
    SetOptions options;
    options.group_nodes_max = 0;  // two groups of a kind
    check_rules(options, Cache::bytes_default, 2, 25);
    options.split_at_gaps = false;
    check_rules(options, Cache::bytes_default, 3, 15);
}

TEST_CASE("automaton: a cache that is always full changes nothing") { check_rules({}, 20000, 4, 15); }

TEST_CASE("automaton: random expressions match what RE2 matches") {
    Random random(5);
    std::size_t compared = 0;
    std::size_t found = 0;
    for (int round = 0; round < rounds(120); ++round) {
        // Several at once, so that groups, chains and trackers meet. What one side refuses is left out.
        std::vector<std::string> texts;
        std::vector<PatternSource> sources;
        std::vector<std::unique_ptr<re2::RE2>> judges;
        const std::size_t wanted = 1 + random.below(6);
        while (texts.size() < wanted) texts.push_back(random_expression(random, 1 + static_cast<int>(random.below(5))));
        for (const std::string& text : texts) {
            auto judge = oracle(text);
            const PatternSource source{text, random.below(2) == 0 ? guardrail::Kind::mask : guardrail::Kind::stop, {}};
            std::pmr::vector<Problem> problems;
            const auto alone = PatternSet::compile({&source, 1}, {}, std::pmr::get_default_resource(), problems);
            INFO(text);
            if (alone != nullptr) CHECK(judge->ok());
            if (alone == nullptr || !judge->ok()) continue;
            sources.push_back(source);
            judges.push_back(std::move(judge));
        }
        if (sources.empty()) continue;
        SetOptions options;
        options.front_bytes = 4096;
        if (random.below(2) == 0) options.group_nodes_max = 0;  // two groups of a kind
        options.split_at_gaps = random.below(4) != 0;
        const auto set = compile(sources, options);
        REQUIRE(set != nullptr);
        Cache cache(set, random.below(4) == 0 ? 3000 : Cache::bytes_default, std::pmr::get_default_resource());
        for (int t = 0; t < 6; ++t) {
            const std::string text = random_text(random, 1 + random.below(t == 0 ? 400 : 60));
            const Pieces pieces = cut_at_random(text, random, 1 + random.below(9));
            INFO("round " << round << ", text: " << text);
            const Scanned whole = scan_pieces(set, cache, std::vector<std::string_view>{text});
            const Scanned cut = scan_pieces(set, cache, pieces);
            for (std::uint32_t p = 0; p < judges.size(); ++p) {
                const auto want = oracle_spans(*judges[p], text);
                INFO("expression " << sources[p].text);
                REQUIRE(whole.spans(p) == want);
                REQUIRE(cut.spans(p) == want);
                found += want.size();
                ++compared;
            }
            INFO("cut as " << pieces);
            REQUIRE(whole.matches == cut.matches);
        }
    }
    CHECK(compared > 300);
    CHECK(found > 300);
}

}  // namespace gw::test
