// A view over a whole text, given in pieces, and the one property that all of them share: what is between two changes
// is the text itself.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guardrail/view.h"

namespace gw::test {

struct Shown {
    std::string text;
    std::vector<guardrail::Change> changes;
    bool operator==(const Shown&) const = default;
};

// The pieces through feed(), and through take_same() where that is enough. Nothing when pending_from() went astray.
template <class View, class Pieces>
std::optional<Shown> show(const Pieces& pieces, View view = {}) {
    std::pmr::string out;
    std::pmr::vector<guardrail::Change> changes;
    std::uint64_t fed = 0;
    for (const std::string_view piece : pieces) {
        if (view.take_same(piece)) {
            out += piece;
        } else {
            view.feed(piece, out, changes);
        }
        fed += piece.size();
        const bool pending_fits = view.pending_from() <= fed && fed - view.pending_from() < guardrail::view_step_max;
        if (view.offset() != fed || view.view_offset() != out.size() || !pending_fits) return std::nullopt;
    }
    view.finish(out, changes);
    if (view.pending_from() != fed || view.view_offset() != out.size()) return std::nullopt;
    return Shown{std::string(out), {changes.begin(), changes.end()}};
}

// The changes are in order, touch nothing twice, and with the text between them make the view.
inline bool is_map(std::string_view text, const Shown& shown) {
    std::uint64_t at = 0;
    std::uint64_t view_at = 0;
    const auto same = [&](std::uint64_t end, std::uint64_t view_end) {
        return at <= end && end <= text.size() && view_at <= view_end && view_end <= shown.text.size() &&
               text.substr(at, end - at) == std::string_view(shown.text).substr(view_at, view_end - view_at);
    };
    for (const guardrail::Change& change : shown.changes) {
        if (!same(change.original_begin, change.view_begin)) return false;
        if (change.original_end <= change.original_begin || change.view_end < change.view_begin) return false;
        at = change.original_end;
        view_at = change.view_end;
    }
    return same(text.size(), shown.text.size());
}

}  // namespace gw::test
