// What a stream promises beside the spans: what it holds, when it tells, and that nothing depends on caches.
#include "guardrail/automaton_oracle.h"
#include "guardrail/automaton_probe.h"
#include "guardrail/automaton_random.h"
#include "support/test.h"

namespace gw::guardrail {
namespace {

std::shared_ptr<const PatternSet> compile(const std::vector<PatternSource>& sources, const SetOptions& options = {},
                                          std::pmr::memory_resource* memory = std::pmr::get_default_resource()) {
    std::pmr::vector<Problem> problems(memory);
    return PatternSet::compile(sources, options, memory, problems);
}

constexpr Kind mask = Kind::mask;
constexpr Kind stop = Kind::stop;

std::string show(const Match& match) {
    return std::string(match.phase == Match::Phase::seen ? "seen " : "decided ") + std::to_string(match.pattern) +
           " [" + std::to_string(match.begin) + ", " + std::to_string(match.end) + ") at " +
           std::to_string(match.known) + (match.clipped ? " clipped" : "");
}

}  // namespace

TEST_CASE("automaton: what is held after each piece") {
    struct Case {
        std::string_view name;
        Kind kind;
        std::string_view expression;
        std::vector<std::string_view> pieces;
        std::vector<std::uint64_t> held_from;
    };
    const Case cases[] = {
        {"nothing begins", mask, "sk-[a-z]{4}", {"hello ", "world"}, {6, 11}},
        {"a beginning is held, and let go when it dies", mask, "sk-[a-z]{4}", {"a s", "k-ab", "1 x"}, {2, 2, 10}},
        {"a match that may grow is held", mask, "sk-[a-z]{4,}", {"sk-abcd", "efgh", " x"}, {0, 0, 13}},
        {"a match that is complete is not", mask, "sk-[a-z]{4}", {"sk-abcd", "efgh"}, {7, 11}},
        {"of a stop pattern nothing is held", stop, "rm -rf /", {"rm -r", "f ", "/x"}, {5, 7, 9}},
        {"beside the byte that decides", stop, "rm -rf\\b", {"rm -r", "f", " x"}, {5, 5, 8}},
        {"a gap is held while it holds", mask, "key:.{0,9}secret", {"key: ", "12345", "67890", "x"}, {0, 0, 15, 16}},
        {"a gap is let go at a byte it forbids", mask, "key:[^;]*secret", {"key: ", "123;", "x"}, {0, 9, 10}},
    };
    for (const Case& c : cases) {
        const PatternSource source{c.expression, c.kind, {}};
        const auto set = compile({source});
        REQUIRE(set != nullptr);
        Cache cache(set, Cache::bytes_default, std::pmr::get_default_resource());
        INFO(c.name);
        CHECK(test::scan_pieces(set, cache, c.pieces).held == c.held_from);
    }
}

TEST_CASE("automaton: of a mask match nothing leaves but a public opening") {
    struct Case {
        std::string_view name, expression;
        std::vector<std::string_view> pieces;
        std::vector<std::uint64_t> held_from;
    };
    const Case cases[] = {
        {"letters that are spelled out", "sk-[a-z]{4}", {"a s", "k-", "abc"}, {3, 5, 5}},
        {"in either case", "(?i)sk-[a-z]{4}", {"a S", "K-", "abc"}, {3, 5, 5}},
        {"also behind a boundary", "\\bsk-[a-z]{4}", {"a s", "k-", "abc"}, {3, 5, 5}},
        {"digits may be data", "sk4-[a-z]{4}", {"a s", "k4", "-a"}, {3, 3, 3}},
        {"one of two letters is not spelled out", "s[ki]-[a-z]{4}", {"a s", "k-", "a"}, {3, 3, 3}},
        {"one word of two is", "(?:sk|pass)=[a-z]{4}", {"a s", "k=", "ab"}, {3, 5, 5}},
        {"marks and blanks", "key[ \\t]{0,4}[:=]\\s?[a-z]{4}", {"key", " : ", "abc"}, {3, 6, 6}},
        {"up to a repeat that may be data", "https?://\\w+:\\w+@", {"http", "s:/", "/", "joe"}, {4, 7, 7, 7}},
        {"any letter is data", "[a-z]+@[a-z]+", {"john", ".doe", "@x"}, {0, 5, 5}},
        {"a way around it is not spelled out", "(?:k|[a-z])x[a-z]{3}", {"k", "x"}, {0, 0}},
        {"a character beyond ASCII", "\xD1\x8F=[a-z]{4}", {"\xD1", "\x8F=", "a"}, {1, 3, 3}},
        {"a part in front of a gap", "key:.{0,90}secret", {"key: ", "12345", "sec"}, {0, 0, 0}},
        {"a repeat in front that was left away", "[^\\n]*key=[a-z]{4}", {"a k", "ey=", "ab"}, {2, 2, 2}},
    };
    for (const Case& c : cases) {
        PatternSource source{c.expression, mask, {}};
        source.public_opening = true;
        const auto set = compile({source});
        REQUIRE(set != nullptr);
        Cache cache(set, Cache::bytes_default, std::pmr::get_default_resource());
        INFO(c.name);
        CHECK(test::scan_pieces(set, cache, c.pieces).held == c.held_from);
    }
}

TEST_CASE("automaton: no byte of a mask match leaves, no complete stop match does") {
    test::Random random(7);
    std::size_t found = 0;
    for (int round = 0; round < test::rounds(80); ++round) {
        std::vector<std::string> texts;
        for (int i = 0; i < 4; ++i) texts.push_back(test::random_expression(random, 3));
        std::vector<PatternSource> sources;
        for (const std::string& text : texts) {
            const PatternSource source{text, random.below(2) == 0 ? mask : stop, {}};
            if (compile({source}) != nullptr) sources.push_back(source);
        }
        if (sources.empty()) continue;
        const auto set = compile(sources);
        Cache cache(set, Cache::bytes_default, std::pmr::get_default_resource());
        const std::string text = test::random_text(random, 1 + random.below(80));
        const test::Pieces pieces = test::cut_at_random(text, random, 1 + random.below(6));
        INFO("text: " << text << "\ncut as " << pieces);

        Stream stream(set, std::pmr::get_default_resource());
        Matches matches;
        std::string_view rest = text;
        std::uint64_t released = 0;  // what had left before the current piece
        for (const std::string_view piece : pieces) {
            const std::size_t before = matches.size();
            const auto at = static_cast<std::size_t>(stream.offset());
            stream.scan(cache, std::string_view(text).substr(0, at), piece, matches);
            rest.remove_prefix(piece.size());
            for (std::size_t i = before; i < matches.size(); ++i) {
                const Match& match = matches[i];
                const PatternSource& source = sources[match.pattern];
                INFO(source.text << ": " << show(match) << ", released " << released);
                CHECK(match.known > released);
                // A repeat at the front that any text satisfies is not waited for.
                const PatternSet::Pattern& pattern = set->patterns()[match.pattern];
                bool open_front = false;
                for (std::uint32_t c = 0; c < pattern.chain_count; ++c) {
                    open_front = open_front || set->chains()[pattern.first_chain + c].open_front;
                }
                if (source.kind == mask && !open_front) CHECK(match.begin >= released);
                if (match.phase == Match::Phase::seen) CHECK(match.end > released);
                ++found;
            }
            CHECK(stream.hold_from() >= released);
            CHECK(stream.hold_from() <= stream.offset());
            released = stream.hold_from();
        }
        stream.detach();
    }
    CHECK(found > 100);
}

TEST_CASE("automaton: a stop match is told when it is complete, and again when it is decided") {
    const auto set = compile({{"ab+", stop, {}}, {"b{2}", mask, {}}});
    Cache cache(set, Cache::bytes_default, std::pmr::get_default_resource());
    std::vector<std::string> told;
    for (const Match& match : test::scan_pieces(set, cache, std::vector<std::string_view>{"xabbb", "b ab"}).matches) {
        told.push_back(show(match));
    }
    CHECK(told == std::vector<std::string>{"seen 0 [1, 3) at 3", "decided 1 [2, 4) at 4", "decided 1 [4, 6) at 6",
                                           "decided 0 [1, 6) at 7", "seen 0 [7, 9) at 9", "decided 0 [7, 9) at 9"});
}

TEST_CASE("automaton: a line longer than is looked back hides nothing behind its beginning") {
    const auto set = compile({{"(?m:^).*secret", stop, {}}, {"\n[^\n]*token[^;]*end", stop, {}}, {".*word", stop, {}}});
    Cache cache(set, Cache::bytes_default, std::pmr::get_default_resource());
    for (const std::size_t indent : {10, 100, 251, 252, 300, 5000}) {
        const std::string text = "\n" + std::string(indent, ' ') + "secret token word end";
        for (const std::size_t size : {1, 7, 10000}) {
            CAPTURE(indent, size);
            std::vector<std::string_view> pieces;
            for (std::size_t at = 0; at < text.size(); at += size)
                pieces.push_back(std::string_view(text).substr(at, size));
            const auto scanned = test::scan_pieces(set, cache, pieces);
            for (std::uint32_t pattern = 0; pattern < 3; ++pattern) {
                const auto spans = scanned.spans(pattern);
                REQUIRE(spans.size() == 1);
                CHECK(spans[0].end >= indent + 7);
            }
        }
    }
}

TEST_CASE("automaton: a match older than the window is told, and marked") {
    SetOptions options;
    options.window_bytes = 64;
    const auto set = compile({{"begin[^;]*end", stop, {}}, {"[0-9]{100}x", mask, {}}}, options);
    Cache cache(set, Cache::bytes_default, std::pmr::get_default_resource());
    std::vector<std::string_view> pieces;
    const std::string text = "begin" + std::string(300, '-') + "end" + std::string(120, '1') + "x";
    for (std::size_t at = 0; at < text.size(); at += 10) pieces.push_back(std::string_view(text).substr(at, 10));
    const auto scanned = test::scan_pieces(set, cache, pieces);
    REQUIRE(scanned.matches.size() == 3);
    CHECK(scanned.matches[0].clipped);
    CHECK(scanned.matches[1].clipped);
    CHECK(scanned.spans(0) == std::vector<test::Span>{{0, 308}});
    CHECK(scanned.matches[2].clipped);
    CHECK(scanned.matches[2].end == text.size());
}

TEST_CASE("automaton: hostile text is stepped without the table, with the same result") {
    // Unsplit, every `x` begins a count of its own: a new state with every byte.
    SetOptions options;
    options.split_at_gaps = false;
    options.states_per_pattern_max = 0;
    const std::string_view expression = "x[\\s\\S]{60}y[a-z]z";
    const auto set = compile({{expression, stop, {}}}, options);
    Cache cache(set, 1 << 19, std::pmr::get_default_resource());
    test::Random random(11);
    std::string text;
    while (text.size() < 20000) text += "xyaz q"[random.below(6)];
    const test::Pieces pieces = test::cut_at_random(text, random, 100);
    const auto scanned = test::scan_pieces(set, cache, pieces);
    CHECK(scanned.spans(0) == test::oracle_spans(*test::oracle(expression), text));
    CHECK(cache.statistics().slow_bytes > 4000);
    CHECK(cache.statistics().bytes <= 1 << 19);
}

TEST_CASE("automaton: a big piece is read in several places at once, with the same result") {
    test::Random random(31);
    std::size_t found = 0;
    for (int round = 0; round < test::rounds(40); ++round) {
        std::vector<std::string> texts;
        for (int i = 0; i < 3; ++i) texts.push_back(test::random_expression(random, 3));
        texts.emplace_back("sk-[a-z]{4,}b\\b");
        std::vector<PatternSource> sources;
        for (const std::string& text : texts) {
            const PatternSource source{text, random.below(2) == 0 ? mask : stop, {}};
            if (compile({source}) != nullptr) sources.push_back(source);
        }
        SetOptions options;
        if (random.below(2) == 0) options.group_nodes_max = 0;  // two groups of a kind
        const auto set = compile(sources, options);
        Cache cache(set, random.below(4) == 0 ? 8000 : Cache::bytes_default, std::pmr::get_default_resource());
        // Mostly a text in which nothing begins, so that leaps go through.
        std::string text;
        while (text.size() < 6000) {
            text.append(random.below(700), random.below(3) == 0 ? '-' : ' ');
            text += random.below(3) == 0 ? "sk-abcdeb" : test::random_text(random, random.below(200));
        }
        for (int again = 0; again < 2; ++again) {  // the second time with warm tables
            Stream whole(set, std::pmr::get_default_resource());
            Stream bytewise(set, std::pmr::get_default_resource());
            Matches whole_matches;
            Matches byte_matches;
            // Each is shown what it asked for, no more.
            const auto kept = [&text](const Stream& stream) {
                const auto from = static_cast<std::size_t>(stream.keep_from());
                return std::string_view(text).substr(from, static_cast<std::size_t>(stream.offset()) - from);
            };
            for (std::size_t at = 0; at < text.size();) {
                const std::string_view piece = std::string_view(text).substr(at, 400 + random.below(3000));
                whole.scan(cache, kept(whole), piece, whole_matches);
                for (std::size_t i = 0; i < piece.size(); i += 100)
                    bytewise.scan(cache, kept(bytewise), piece.substr(i, 100), byte_matches);
                at += piece.size();
            }
            whole.finish(cache, kept(whole), whole_matches);
            bytewise.finish(cache, kept(bytewise), byte_matches);
            INFO("round " << round);
            CHECK(whole_matches == byte_matches);
            found += whole_matches.size();
            whole.detach();
            bytewise.detach();
        }
    }
    CHECK(found > 1000);
}

TEST_CASE("automaton: problems name every bad pattern, and warn of wild ones") {
    std::pmr::vector<Problem> problems;
    const PatternSource bad[] = {
        {"ok", mask, {}}, {"a(?=b)", mask, {}}, {"a*", stop, {}}, {"[^\\x{0}-\\x{10ffff}]", stop, {}}};
    CHECK(PatternSet::compile(bad, {}, std::pmr::get_default_resource(), problems) == nullptr);
    REQUIRE(problems.size() == 3);
    CHECK((problems[0].pattern == 1 && problems[0].column == 1 && problems[0].refused));
    CHECK((problems[1].pattern == 2 && problems[1].refused));
    CHECK((problems[2].pattern == 3 && problems[2].refused));

    problems.clear();
    const PatternSource wild[] = {{"[ab][a-z]{90}[xy][a-z]{90}k", mask, {}}, {"sk-[a-z]{90}", mask, {}}};
    CHECK(PatternSet::compile(wild, {}, std::pmr::get_default_resource(), problems) != nullptr);
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].pattern == 0);
    CHECK_FALSE(problems[0].refused);

    problems.clear();
    const PatternSource large[] = {{"(?:(?:abc){1000}d){1000}", mask, {}}};
    CHECK(PatternSet::compile(large, {}, std::pmr::get_default_resource(), problems) == nullptr);
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].what == "the expression is too large");
}

TEST_CASE("automaton: a refused allocation leaves nothing behind") {
    test::TestHost host;
    HostMemory memory(host.allocator());
    const std::vector<PatternSource> sources{
        {"\\bsk-[a-z0-9]{8,}", mask, {}}, {"env[^;\\n]*\\|\\s*curl", stop, {}}, {"[à-ü]{3}é", stop, {}}};
    const std::string text = "the sk-abcdefgh12 env x | curl y; àèùé sk-12345678";
    std::vector<Match> want;
    for (std::size_t n = 0;; n += 1 + n / 30) {  // every early one, then ever fewer
        host.clear_failed();
        host.fail_once_at(n);
        try {
            const auto set = compile(sources, {}, &memory);
            Cache cache(set, Cache::bytes_default, &memory);
            Stream stream(set, &memory);
            Matches matches(&memory);
            for (std::size_t at = 0; at < text.size(); at += 7) {
                stream.scan(cache, std::string_view(text).substr(0, at), std::string_view(text).substr(at, 7), matches);
            }
            stream.finish(cache, text, matches);
            want.assign(matches.begin(), matches.end());
            stream.detach();
        } catch (const std::bad_alloc&) {
        }
        host.fail_never();
        CHECK(host.bytes_out() == 0);
        if (!host.failed()) break;
        REQUIRE(n < 100000);
    }
    CHECK(want.size() == 6);
}

TEST_CASE("automaton: a stream that cannot note its place says so when it goes on") {
    test::TestHost host;
    HostMemory memory(host.allocator());
    const std::vector<PatternSource> sources{{"[a-z]{1,40}x[0-9]{1,40}y", mask, {}}, {"q[a-z0-9]{9,50}z", stop, {}}};
    const std::string text = "qabcdefgh";
    std::size_t lost = 0;
    for (std::size_t n = 0;; ++n) {
        const auto set = compile(sources);
        Cache one(set, Cache::bytes_default, &memory);
        Cache other(set, Cache::bytes_default, std::pmr::get_default_resource());
        Stream stream(set, &memory);
        Matches matches;
        stream.scan(one, {}, text, matches);
        host.clear_failed();
        host.fail_once_at(n);
        stream.detach();
        const bool failed = host.failed();
        host.fail_never();
        Stream copy(set, std::pmr::get_default_resource());
        copy.become(stream);
        if (!failed) {
            stream.scan(other, text, "123z", matches);
            stream.finish(other, text + "123z", matches);
            CHECK(matches.size() == 2);
            break;
        }
        ++lost;
        CHECK_THROWS_AS(stream.scan(other, text, "123z", matches), std::bad_alloc);
        CHECK_THROWS_AS(stream.finish(other, text, matches), std::bad_alloc);
        CHECK_THROWS_AS(copy.scan(other, text, "123z", matches), std::bad_alloc);
    }
    CHECK(lost > 0);
}

}  // namespace gw::guardrail
