// The views: any split shows the same as the whole, and the changes lead back. One view per
// input, by its first byte.
#include "support/fuzz.h"

#include "guardrail/view_of.h"

namespace {

template <class View>
void check_view(const gw::fuzz::Input& input) {
    const auto whole = gw::test::show<View>(std::vector<std::string_view>{input.whole});
    gw::fuzz::check(whole.has_value(), "offsets are in order");
    gw::fuzz::check(gw::test::is_map(input.whole, *whole), "changes and the text between them make the view");
    gw::fuzz::check(gw::test::show<View>(input.pieces) == whole, "any split == whole");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const gw::fuzz::Input input = gw::fuzz::cut(data, size);
    switch (size == 0 ? 0 : data[0] % 3) {
    case 0: check_view<gw::guardrail::PlainView>(input); break;
    case 1: check_view<gw::guardrail::ShellView>(input); break;
    default: check_view<gw::guardrail::LeetView>(input); break;
    }
    return 0;
}
