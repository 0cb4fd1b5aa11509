// An expression (the first line) and a text (the rest): the spans must be RE2's, however the text is cut.
#include "core/text.h"
#include "guardrail/automaton_oracle.h"
#include "support/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace gw;
    using namespace gw::guardrail;
    if (size < 2) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t line = input.find('\n');
    if (line == std::string_view::npos || line > 100) return 0;
    const std::string_view expression = input.substr(0, line);
    const std::string_view text = input.substr(line + 1).substr(0, 300);
    if (!is_utf8(expression) || !is_utf8(text)) return 0;

    const PatternSource source{expression, data[0] % 2 == 0 ? Kind::mask : Kind::stop, {}};
    SetOptions options;
    options.nodes_per_pattern_max = 3000;
    options.states_per_pattern_max = 0;  // no warnings
    options.front_bytes = 512;
    std::pmr::vector<Problem> problems;
    const auto set = PatternSet::compile({&source, 1}, options, std::pmr::get_default_resource(), problems);
    fuzz::check((set != nullptr) == problems.empty(), "what is refused has a reason");
    if (set == nullptr) return 0;
    const auto judge = test::oracle(expression);
    // RE2 refuses more nested repeats, and the newer spelling of named groups.
    if (!judge->ok()) {
        fuzz::check(judge->error_code() == re2::RE2::ErrorRepeatSize ||
                        judge->error_code() == re2::RE2::ErrorPatternTooLarge ||
                        judge->error_code() == re2::RE2::ErrorBadNamedCapture ||
                        expression.find("(?<") != std::string_view::npos,
                    "what we take, RE2 takes");
        return 0;
    }
    Cache cache(set, 1 << 16, std::pmr::get_default_resource());
    const auto want = test::oracle_spans(*judge, text);
    const auto whole = test::scan_pieces(set, cache, std::vector<std::string_view>{text});
    fuzz::check(whole.spans(0) == want, "the spans are RE2's");
    std::vector<std::string_view> pieces;
    const std::size_t step = data[0] % 7 + 1U;
    for (std::size_t at = 0; at < text.size(); at += step) pieces.push_back(text.substr(at, step));
    fuzz::check(test::scan_pieces(set, cache, pieces).matches == whole.matches, "any cut gives the same");
    return 0;
}
