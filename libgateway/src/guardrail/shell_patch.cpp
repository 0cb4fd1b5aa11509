// The names in a patch.
#include "guardrail/shell_programs.h"

namespace gw::guardrail::shell {

namespace {

constexpr std::size_t patched_max = 256;

struct Heading {
    std::string_view opening;
    Deed deed;
};
constexpr auto headings = std::to_array<Heading>({
    {"*** Add File: ", Deed::write},
    {"*** Update File: ", Deed::write},
    {"*** Delete File: ", Deed::remove},
    {"*** Move to: ", Deed::write},
    {"rename from ", Deed::remove},
    {"rename to ", Deed::write},
    {"copy to ", Deed::write},
});

}  // namespace

void find_patched(std::string_view patch, std::pmr::vector<PatchUse>& uses) {
    // Of a unified diff: the line `--- a/old`, which counts when `+++ b/new` follows it.
    std::optional<PatchUse> old_name;
    for (std::size_t at = 0; at < patch.size() && uses.size() < patched_max;) {
        const std::size_t end = std::min(patch.find('\n', at), patch.size());
        const std::string_view line = patch.substr(at, end - at);
        // Up to a tab, behind which diff writes the time.
        const auto name = [&](std::size_t skip, Deed deed) {
            const std::size_t last = line.substr(0, line.find('\t')).find_last_not_of(" \r") + 1;
            return PatchUse{deed, at + skip, at + std::max(skip, last)};
        };
        const auto side = [&](char letter) {  // `a/` and `b/` are no directories
            return line.size() > 6 && line[4] == letter && line[5] == '/' ? std::size_t{6} : std::size_t{4};
        };
        std::optional<PatchUse> old_here;
        if (line.starts_with("--- ")) {
            old_here = name(side('a'), Deed::remove);
        } else if (line.starts_with("+++ ") && old_name) {
            const PatchUse added = name(side('b'), Deed::write);
            const bool removed = patch.substr(added.begin, added.end - added.begin) == "/dev/null";
            uses.push_back(removed ? *old_name : added);
        } else {
            for (const Heading& heading : headings) {
                if (line.starts_with(heading.opening)) uses.push_back(name(heading.opening.size(), heading.deed));
            }
        }
        old_name = old_here;
        at = end + 1;
    }
}

}  // namespace gw::guardrail::shell
