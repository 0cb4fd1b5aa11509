// Runs in a text: any split gives the same as the whole, and every decoded byte has its place in the run.
#include "guardrail/decode_of.h"
#include "support/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const gw::fuzz::Input input = gw::fuzz::cut(data, size);
    const auto whole = gw::test::find_runs(std::vector<std::string_view>{input.whole});
    gw::fuzz::check(whole.has_value(), "events are in order and fit the output");
    for (const gw::test::FoundRun& run : whole->runs) {
        gw::fuzz::check(gw::test::is_in_order(run), "decoded bytes come from the run, in order");
    }
    gw::fuzz::check(gw::test::find_runs(input.pieces) == whole, "any split == whole");
    return 0;
}
