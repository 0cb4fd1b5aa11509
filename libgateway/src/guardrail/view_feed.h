// How a view goes through its pieces: included only by the files that define the views' rules.
#pragma once

#include <algorithm>
#include <cassert>

#include "guardrail/view.h"
#include "guardrail/view_block.h"

namespace gw::guardrail {

// `offset` is where the next step begins, in the text; unchanged bytes are appended when a change or the end comes.
template <class Rules>
struct View<Rules>::Output {
    std::pmr::string& out;
    std::pmr::vector<Change>& changes;
    std::uint64_t offset;
    const char* same_begin = nullptr;
    std::size_t same_size = 0;

    void flush() {
        if (same_size > 0) out.append(same_begin, same_size);
        same_size = 0;
    }
    void keep(const char* text, std::size_t size) {
        if (same_size == 0) same_begin = text;
        same_size += size;
        offset += size;
    }
};

template <class Rules>
void View<Rules>::take(const ViewStep& step, const char* text, Output& output) {
    if (step.same) {
        output.keep(text, step.size);
        view_offset_ += step.size;
        return;
    }
    output.flush();
    output.out.append(step.shown, step.shown_size);
    output.changes.push_back({output.offset, output.offset + step.size, view_offset_, view_offset_ + step.shown_size});
    output.offset += step.size;
    view_offset_ += step.shown_size;
}

// Steps over the pending bytes, with those of the piece behind them; how many of the piece's are done with. The window
// has room for a whole step behind them, so that "more" is said only when the piece is at its end.
template <class Rules>
std::size_t View<Rules>::finish_pending(std::string_view piece, Output& output) {
    const std::size_t behind = std::min(piece.size(), view_pending_max - pending_size_);
    std::copy_n(piece.data(), behind, pending_ + pending_size_);
    const std::string_view window(pending_, pending_size_ + behind);
    std::size_t at = 0;
    while (at < pending_size_) {
        const ViewStep step = rules_.step(window.substr(at), false);
        if (step.size == 0) {
            assert(behind == piece.size() && window.size() - at < view_step_max);
            output.flush();
            std::copy(pending_ + at, pending_ + window.size(), pending_);
            pending_size_ = static_cast<std::uint8_t>(window.size() - at);
            return piece.size();
        }
        take(step, window.data() + at, output);
        at += step.size;
    }
    output.flush();
    const std::size_t done = at - pending_size_;
    pending_size_ = 0;
    return done;
}

template <class Rules>
void View<Rules>::feed(std::string_view piece, std::pmr::string& out, std::pmr::vector<Change>& changes) {
    if (piece.empty()) return;
    Output output{out, changes, pending_from()};
    std::size_t at = pending_size_ > 0 ? finish_pending(piece, output) : 0;
    offset_ += piece.size();
    while (at < piece.size()) {
        const std::string_view rest = piece.substr(at);
        // What is special comes in clusters, so the next byte is looked at alone before many are.
        if (!Rules::is_special(rest.front()) && rules_.at_rest()) {
            const std::size_t same = std::min(Rules::first_special(rest), rest.size());
            if (same > 0) {
                rules_.pass(rest.substr(0, same));
                output.keep(rest.data(), same);
                view_offset_ += same;
                at += same;
                continue;
            }
        }
        const ViewStep step = rules_.step(rest, false);
        if (step.size == 0) {
            assert(rest.size() < view_step_max);
            std::copy(rest.begin(), rest.end(), pending_);
            pending_size_ = static_cast<std::uint8_t>(rest.size());
            break;
        }
        take(step, rest.data(), output);
        at += step.size;
    }
    output.flush();
}

template <class Rules>
void View<Rules>::finish(std::pmr::string& out, std::pmr::vector<Change>& changes) {
    Output output{out, changes, pending_from()};
    const std::string_view window(pending_, pending_size_);
    for (std::size_t at = 0; at < window.size();) {
        const ViewStep step = rules_.step(window.substr(at), true);
        assert(step.size > 0);
        take(step, window.data() + at, output);
        at += step.size;
    }
    output.flush();
    pending_size_ = 0;
}

}  // namespace gw::guardrail
