// The inspector as a whole, per piece, beside others that look for the same rules in the same texts.
//
//     piece/<engine>/<rules>/<corpus>/<bytes>    what a piece costs when the text was seen before
//     cold/<engine>/<rules>/<corpus>             new tables, pieces of 16 bytes, the text once
//     growth/<engine>/<rules>/<bytes>            a whole answer of so many bytes, in pieces of 16
//     compile/<engine>/<rules>                   from the rules to what scans
//
// Engines: gateway (no views), gateway_normalised (everything), vectorscan, re2_set_rescan, rule_by_rule; see
// inspector_rivals.h for what the others leave out. Rules: pack is the default pack, shared the part of it that
// Vectorscan takes, open the pack with public openings. A text is an answer of 16 KiB, or of one piece where that is
// larger (of json: one call); then the next one begins, and that is in the figures, as is the shell reader at the end
// of a call. Redaction is on, blocking is off: what blocks costs nothing any more.
//
// Counters: held_share (of the bytes, those that were not released by the end of their own piece), held_mean and
// held_p99 (bytes held at the end of a piece), p99_ns (of a piece, the clock's own time taken off), memory (bytes of a
// stream), states and table_kb (of the tables), set_kb (of the compiled rules).
//
// GATEWAY_BENCH_TEXT names a file of prose to be read instead.
#include <benchmark/benchmark.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>

#include "guardrail/inspector.h"
#include "inspector_rivals.h"
#include "inspector_texts.h"

namespace gw::bench {
namespace {

using namespace gw::guardrail;

constexpr std::size_t corpus_bytes = 1U << 20U, hostile_bytes = 1U << 18U, answer_bytes = 16384;

std::pmr::memory_resource* memory() { return std::pmr::get_default_resource(); }

// --- rules -------------------------------------------------------------------------------------------------------

RulePack default_pack() {
    std::pmr::vector<PackProblem> problems;
    return std::move(*load_pack({}, {}, problems, memory()));
}

// What its rules spell out may leave.
RulePack open_pack() {
    RulePack pack = default_pack();
    for (Rule& rule : pack.rules) rule.public_opening = true;
    return pack;
}

RulePack shared_pack() {
    RulePack pack = default_pack();
#ifdef GATEWAY_BENCH_VECTORSCAN
    static const auto refused = [] {
        std::map<std::string, bool> all;
        for (const Rule& rule : default_pack().rules)
            all.emplace(rule.pattern, !vectorscan_accepts(std::string(rule.pattern)));
        return all;
    }();
    std::erase_if(pack.rules, [](const Rule& rule) { return refused.at(std::string(rule.pattern)); });
    std::erase_if(pack.rule_suppressions, [&](const RuleSuppression& one) {
        return std::none_of(pack.rules.begin(), pack.rules.end(), [&](const Rule& r) { return r.id == one.rule; });
    });
#endif
    return pack;
}

std::shared_ptr<const Ruleset> compile_rules(RulePack&& pack) {
    std::pmr::vector<PackProblem> problems;
    return Ruleset::compile(std::move(pack), {}, memory(), problems);
}

struct Rules {
    std::string_view name;
    RulePack (*pack)();
    [[nodiscard]] const std::shared_ptr<const Ruleset>& compiled() const {
        static std::map<std::string_view, std::shared_ptr<const Ruleset>> all;
        auto& set = all[name];
        if (!set) set = compile_rules(pack());
        return set;
    }
    [[nodiscard]] std::vector<std::string> patterns(Direction direction) const {
        std::vector<std::string> all;
        for (const std::uint32_t index : compiled()->section(Ruleset::section_of(direction)).rules)
            all.emplace_back(compiled()->rule(index).pattern);
        return all;
    }
};
const Rules all_rules[] = {{"pack", default_pack}, {"shared", shared_pack}};
const Rules open_rules{"open", open_pack};

// --- texts -------------------------------------------------------------------------------------------------------

struct Corpus {
    std::string_view name;
    Direction direction;
    std::function<std::string()> make;
    bool by_line = false;  // every line is a text of its own
    [[nodiscard]] const std::string& text() const {
        static std::map<std::string_view, std::string> all;
        std::string& text = all[name];
        if (text.empty()) text = make();
        return text;
    }
};

std::function<std::string()> from_rules(std::string (*make)(RuleTexts&, std::size_t), Direction direction) {
    return [make, direction] {
        RuleTexts rules(all_rules[0].patterns(direction), 3);
        return make(rules, hostile_bytes);
    };
}

const Corpus corpora[] = {
    {"prose", Direction::completion, [] { return prose(corpus_bytes); }},
    {"code", Direction::completion, [] { return code(corpus_bytes); }},
    {"json", Direction::tool_call, [] { return tool_arguments(corpus_bytes); }, true},
    {"chinese", Direction::completion, [] { return chinese(corpus_bytes); }},
    {"cyrillic", Direction::completion, [] { return cyrillic(corpus_bytes); }},
    {"base64", Direction::completion, [] { return base64(corpus_bytes); }},
    {"near_miss", Direction::completion, from_rules(near_miss, Direction::completion)},
    {"exploding", Direction::completion, from_rules(exploding, Direction::completion)},
    {"restarts", Direction::completion, from_rules(restarts, Direction::completion)},
    {"escapes", Direction::completion, from_rules(escapes, Direction::completion)},
    {"hits", Direction::completion, from_rules(hits, Direction::completion)},
    {"call_exploding", Direction::tool_call, from_rules(exploding, Direction::tool_call)},
    {"call_escapes", Direction::tool_call, from_rules(escapes, Direction::tool_call)},
};

// --- ours --------------------------------------------------------------------------------------------------------

class Ours {
public:
    Ours(const Rules& rules, Direction direction, bool normalised)
        : set_(rules.compiled()), scanner_(set_, Cache::bytes_default, memory()) {
        options_.direction = direction;
        options_.raw_only = !normalised;
        options_.policy.mode = Mode::redact;
        options_.at_hold_limit = AtLimit::release;
    }
    [[nodiscard]] bool ready() const { return true; }
    void begin() { inspector_.emplace(scanner_, options_, memory()); }
    void feed(std::string_view answer, std::size_t at, std::size_t size) {
        inspector_->feed(answer.substr(at, size));
        for (const Inspector::Part& part : inspector_->parts()) released_ += part.text.size();
        if (at + size >= answer.size()) inspector_->finish();
    }
    [[nodiscard]] std::size_t held() const { return inspector_->bytes_held(); }
    [[nodiscard]] std::size_t stream_bytes() const { return inspector_->size(); }
    void describe(benchmark::State& state) const {
        const Cache::Statistics all = scanner_.statistics();
        state.counters["states"] = static_cast<double>(all.states);
        state.counters["table_kb"] = static_cast<double>(all.bytes) / 1024;
        state.counters["set_kb"] = static_cast<double>(set_->size()) / 1024;
    }

private:
    std::shared_ptr<const Ruleset> set_;
    Scanner scanner_;
    InspectorOptions options_;
    std::optional<Inspector> inspector_;
    std::uint64_t released_ = 0;
};

// --- one way through a text --------------------------------------------------------------------------------------

// Feeds the answers of a text one after the other, for ever.
template <typename Engine>
class Reader {
public:
    Reader(Engine& engine, const Corpus& corpus, std::size_t size)
        : engine_(engine), text_(corpus.text()), by_line_(corpus.by_line), size_(size) {}
    // True when the text is over and begins again.
    bool feed() {
        if (at_ == 0) {
            answer_ = text_.substr(text_at_, std::max(answer_bytes, size_));
            if (by_line_) answer_ = answer_.substr(0, answer_.find('\n'));
            engine_.begin();
        }
        engine_.feed(answer_, at_, size_);
        at_ += size_;
        if (at_ < answer_.size()) return false;
        at_ = 0;
        text_at_ += answer_.size() + (by_line_ ? 1 : 0);
        if (text_at_ + std::max(answer_bytes, size_) <= text_.size()) return false;
        text_at_ = 0;
        return true;
    }

private:
    Engine& engine_;
    std::string_view text_, answer_;
    bool by_line_;
    std::size_t size_, text_at_ = 0, at_ = 0;
};

double clock_ns() {
    double least = 1e9;
    for (int i = 0; i < 1000; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        const auto end = std::chrono::steady_clock::now();
        least = std::min(least, std::chrono::duration<double, std::nano>(end - begin).count());
    }
    return least;
}

double percentile(std::vector<double>& values, double share) {
    if (values.empty()) return 0;
    const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + at, values.end());
    return values[static_cast<std::size_t>(at)];
}

// The text once, looking at every piece: how long it took, and what is held behind it.
template <typename Engine>
void look(benchmark::State& state, Engine& engine, const Corpus& text, std::size_t size) {
    const double own = clock_ns();
    std::vector<double> times, held;
    double all_held = 0, late = 0;
    Reader<Engine> reader(engine, text, size);
    for (bool over = false; !over;) {
        const auto begin = std::chrono::steady_clock::now();
        over = reader.feed();
        const auto end = std::chrono::steady_clock::now();
        times.push_back(std::chrono::duration<double, std::nano>(end - begin).count() - own);
        if constexpr (requires { engine.held(); }) {
            const auto now = static_cast<double>(engine.held());
            held.push_back(now);
            all_held += now;
            late += std::min(now, static_cast<double>(size));
        }
    }
    state.counters["p99_ns"] = percentile(times, 0.99);
    if (held.empty()) return;
    const auto pieces = static_cast<double>(held.size());
    state.counters["held_share"] = late / (pieces * static_cast<double>(size));
    state.counters["held_mean"] = all_held / pieces;
    state.counters["held_p99"] = percentile(held, 0.99);
}

template <typename Engine>
void describe(benchmark::State& state, const Engine& engine) {
    if constexpr (requires { engine.describe(state); }) engine.describe(state);
    if constexpr (requires { engine.gave_up(); }) state.counters["gave_up"] = static_cast<double>(engine.gave_up());
    if constexpr (requires { engine.stream_bytes(); })
        state.counters["memory"] = static_cast<double>(engine.stream_bytes());
}

template <typename Engine>
void piece(benchmark::State& state, Engine& engine, const Corpus& text) {
    const auto size = static_cast<std::size_t>(state.range(0));
    if constexpr (requires { engine.held(); }) {  // warms the tables
        Reader<Engine> reader(engine, text, size);
        while (!reader.feed()) {
        }
        look(state, engine, text, size);
    }
    Reader<Engine> reader(engine, text, size);
    for (auto _ : state) (void)reader.feed();
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(size));
    describe(state, engine);
}

template <typename Engine>
void growth(benchmark::State& state, Engine& engine, const std::string& prose_text) {
    const auto bytes = static_cast<std::size_t>(state.range(0));
    std::string answer = prose_text;
    while (answer.size() < bytes) answer += prose_text;
    answer.resize(bytes);
    const auto whole = [&] {
        engine.begin();
        for (std::size_t at = 0; at < bytes; at += 16) engine.feed(answer, at, 16);
    };
    whole();
    for (auto _ : state) whole();
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(bytes));
    describe(state, engine);
}

// --- rows --------------------------------------------------------------------------------------------------------

// Engines are made when the first of their rows runs, and kept: that takes some of them long.
template <typename Engine>
std::function<Engine*()> kept(std::function<std::unique_ptr<Engine>()> make) {
    auto engine = std::make_shared<std::unique_ptr<Engine>>();
    return [engine, make = std::move(make)] {
        if (!*engine) *engine = make();
        return (*engine)->ready() ? engine->get() : nullptr;
    };
}

template <typename Engine, typename Make>
void add_rows(const std::string& engine_name, const Rules& rules, const Make& make,
              std::initializer_list<std::int64_t> sizes, std::size_t growth_max) {
    const std::string engine_rules = engine_name + "/" + std::string(rules.name);
    std::map<Direction, std::function<Engine*()>> engines;
    for (const Direction direction : {Direction::completion, Direction::tool_call})
        engines[direction] = kept<Engine>([&rules, make, direction] { return make(rules, direction); });
    for (const Corpus& corpus : corpora) {
        auto* row = benchmark::RegisterBenchmark(("piece/" + engine_rules + "/" + std::string(corpus.name)).c_str(),
                                                 [&corpus, get = engines[corpus.direction]](benchmark::State& state) {
                                                     Engine* engine = get();
                                                     if (engine == nullptr)
                                                         return state.SkipWithError("it takes these rules not");
                                                     piece(state, *engine, corpus);
                                                 });
        for (const std::int64_t size : sizes) row->Arg(size);
    }
    auto* row = benchmark::RegisterBenchmark(("growth/" + engine_rules).c_str(),
                                             [get = engines[Direction::completion]](benchmark::State& state) {
                                                 Engine* engine = get();
                                                 if (engine == nullptr)
                                                     return state.SkipWithError("it takes these rules not");
                                                 growth(state, *engine, corpora[0].text());
                                             });
    for (std::size_t size = 1024; size <= growth_max; size *= 4) row->Arg(static_cast<std::int64_t>(size));
    row->Unit(benchmark::kMicrosecond);
}

void add_ours(const std::string& name, const Rules& rules, bool normalised) {
    const auto make = [normalised](const Rules& r, Direction direction) {
        return std::make_unique<Ours>(r, direction, normalised);
    };
    add_rows<Ours>(name, rules, make, {1, 4, 16, 64, 1400, 65536}, 1U << 20U);
    for (const Corpus& corpus : corpora) {
        benchmark::RegisterBenchmark(
            ("cold/" + name + "/" + std::string(rules.name) + "/" + std::string(corpus.name)).c_str(),
            [make, &rules, &corpus](benchmark::State& state) {
                {
                    const auto engine = make(rules, corpus.direction);
                    look(state, *engine, corpus, 16);
                    describe(state, *engine);
                }
                for (auto _ : state) {
                    const auto engine = make(rules, corpus.direction);
                    Reader<Ours> reader(*engine, corpus, 16);
                    while (!reader.feed()) {
                    }
                }
                const auto bytes = static_cast<std::int64_t>(corpus.text().size());
                state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * bytes);
            })
            ->Unit(benchmark::kMillisecond);
    }
    if (!normalised) return;
    benchmark::RegisterBenchmark(("compile/gateway/" + std::string(rules.name)).c_str(), [&rules](
                                                                                             benchmark::State& state) {
        std::size_t count = 0;
        for (auto _ : state) count = compile_rules(rules.pack())->rules().size();
        state.counters["rules"] = static_cast<double>(count);
    })->Unit(benchmark::kMillisecond);
}

template <typename Engine>
void add_rival(const std::string& name, const Rules& rules, std::initializer_list<std::int64_t> sizes,
               std::size_t growth_max) {
    add_rows<Engine>(
        name, rules,
        [](const Rules& r, Direction direction) { return std::make_unique<Engine>(r.patterns(direction)); }, sizes,
        growth_max);
    benchmark::RegisterBenchmark(("compile/" + name + "/" + std::string(rules.name)).c_str(),
                                 [&rules](benchmark::State& state) {
                                     const auto patterns = rules.patterns(Direction::completion);
                                     for (auto _ : state) benchmark::DoNotOptimize(Engine(patterns));
                                     state.counters["rules"] = static_cast<double>(patterns.size());
                                 })
        ->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace gw::bench

int main(int argc, char** argv) {
    using namespace gw::bench;
    for (const Rules& rules : all_rules) {
        add_ours("gateway", rules, false);
        add_ours("gateway_normalised", rules, true);
#ifdef GATEWAY_BENCH_VECTORSCAN
        if (rules.name == "shared") add_rival<Vectorscan>("vectorscan", rules, {1, 4, 16, 64, 1400, 65536}, 1U << 20U);
#endif
        add_rival<Re2SetRescan>("re2_set_rescan", rules, {16, 1400}, 1U << 20U);
        add_rival<RuleByRule>("rule_by_rule", rules, {16}, 1U << 16U);
    }
    add_ours("gateway_normalised", open_rules, true);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
