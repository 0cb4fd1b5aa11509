// What JSON accepts JSON5 accepts, with the same values; whatever JSON5 accepts becomes JSON that converts to itself;
// and an error's place fits its line and column.
#include "json/json5.h"

#include "json/tree.h"
#include "support/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using gw::fuzz::check;
    static gw::json::Document plain(std::pmr::get_default_resource());
    static gw::json::Document converted(std::pmr::get_default_resource());
    if (size == 0) return 0;
    const std::vector<char> exact(data + 1, data + size);
    const std::string_view text(exact.data(), exact.size());

    std::pmr::string json;
    gw::json::Json5Error error;
    gw::json::SourceMap map(std::pmr::get_default_resource());
    const bool accepted = gw::json::json5_to_json(text, json, error, &map);
    const bool is_json = static_cast<bool>(plain.parse(text));
    check(accepted || !is_json, "JSON that JSON5 refuses");
    if (!accepted) {
        check(error.offset <= text.size() && !error.what.empty(), "an error has a place and a reason");
        check(text.substr(error.offset).starts_with(std::string_view(error.near)) && error.near.size() <= 24,
              "near is what stands there");
        const gw::json::Position position = gw::json::position_of(text, error.offset);
        check(position.line == error.position.line && position.column == error.position.column,
              "the place is the position");
        return 0;
    }
    check(static_cast<bool>(converted.parse(json)), "the result is JSON");
    if (is_json) check(gw::test::same(plain.root(), converted.root()), "and says what the JSON said");

    std::pmr::string twice;
    check(gw::json::json5_to_json(json, twice, error) && twice == json, "converting again changes nothing");

    // The map: values begin in the source in the order in which they begin in the result.
    std::size_t last = 0;
    for (gw::json::Value v = converted.root().first(); v.exists(); v = v.next()) {
        const std::size_t source = map.source_offset(v.offset());
        check(source > last && source < text.size(), "places ascend");
        last = source;
    }
    return 0;
}
