// A stream that goes on where another one stands, and the question whether the two have met again.
#include <algorithm>
#include <cassert>

#include "guardrail/automaton_scanner.h"

namespace gw::guardrail {

void Stream::become(const Stream& other) {
    if (this == &other) return;
    assert(set_ == other.set_);
    // What may fail comes first, and leaves a stream that can be destroyed or become another.
    arms_ = other.arms_;
    while (trackers_.size() > other.trackers_.size()) trackers_.pop_back();
    for (std::size_t i = 0; i < other.trackers_.size(); ++i) {
        if (i == trackers_.size()) trackers_.emplace_back(*set_, 0U, trackers_.get_allocator().resource());
        trackers_[i].become(other.trackers_[i]);
    }
    for (std::size_t g = 0; g < lane_count_; ++g) {
        Lane& lane = lanes_[g];
        const Lane& from = other.lanes_[g];
        if (other.rows_[g] == Table::no_row) lane.place.assign(from.place.begin(), from.place.end());
        lane.context = from.context;
        lane.slow_until = from.slow_until;
        lane.window_begin = from.window_begin;
        lane.misses = from.misses;
    }
    if (cache_ != other.cache_) {
        link_.unlink();
        cache_ = other.cache_;
        if (cache_ != nullptr) cache_->streams_.push_back(link_);
    }
    lost_ = other.lost_;
    rows_ = other.rows_;
    starts_ = other.starts_;
    at_ = other.at_;
    hold_from_ = other.hold_from_;
    keep_from_ = other.keep_from_;
}

// The argument: threads that began behind `since` have read nothing but equal text, and so has everything that grew out
// of them. When nothing older lives on either side, the two can only go on alike. What is compared beside that is what
// an older thing may have left behind: how far a tracker has come, and the arms, which merge what they are given.
bool Stream::agrees(const Stream& other, std::uint64_t since, std::uint64_t other_since) const noexcept {
    // Most often it is decided here.
    const std::uint64_t shift = at_ - other.at_;  // modulo 2^64, like all that is done with it
    std::uint64_t oldest = at_;
    for (std::size_t g = 0; g < lane_count_; ++g) {
        // A start at `since` has looked left, at text that was not equal. A repeat left away in front looks further.
        if (starts_[g] - other.starts_[g] != shift) return false;
        if (starts_[g] <= since + front_ || other.starts_[g] <= other_since + front_) return false;
        oldest = std::min(oldest, starts_[g]);
    }
    if (at_ <= since + front_ || other.at_ <= other_since + front_) return false;
    for (std::size_t g = 0; g < lane_count_; ++g) {
        if (!same_state(other, g)) return false;
    }
    return same_arms(other, since, oldest) && same_trackers(other, since, oldest);
}

bool Stream::same_state(const Stream& other, std::size_t group) const noexcept {
    const bool in_table = rows_[group] != Table::no_row;
    const bool other_in_table = other.rows_[group] != Table::no_row;
    if (cache_ != other.cache_) return false;  // their states have different names
    if (in_table && rows_[group] == other.rows_[group]) return true;
    const auto place = [group](const Stream& stream, bool tabled) {
        const Lane& lane = stream.lanes_[group];
        if (!tabled) return Table::State{{}, {}, lane.place, lane.context};
        return stream.cache_->tables_[group].state(stream.rows_[group]);
    };
    // Rows also differ by what has just matched, which is past.
    const Table::State a = place(*this, in_table);
    const Table::State b = place(other, other_in_table);
    const auto& contexts = set_->groups()[group].context;
    return contexts[static_cast<std::size_t>(a.context)] == contexts[static_cast<std::size_t>(b.context)] &&
           std::equal(a.strands.begin(), a.strands.end(), b.strands.begin(), b.strands.end());
}

bool Stream::same_arms(const Stream& other, std::uint64_t since, std::uint64_t& oldest) const noexcept {
    constexpr std::size_t unordered_max = 16;  // beyond, they are compared in their order only: bounded work
    if (arms_.size() != other.arms_.size()) return false;
    const std::uint64_t shift = at_ - other.at_;
    const auto same = [shift](const Arm& a, const Arm& b) {
        if (a.chain != b.chain || a.part != b.part) return false;
        if (a.slot_count != b.slot_count || a.checked - b.checked != shift) return false;
        for (std::size_t i = 0; i < a.slot_count; ++i) {
            const Arm::Slot &x = a.slots[i], &y = b.slots[i];
            if (x.start - y.start != shift || x.end - y.end != shift || x.characters_left != y.characters_left)
                return false;
        }
        return true;
    };
    for (std::size_t i = 0; i < arms_.size(); ++i) {
        const Arm& arm = arms_[i];
        for (std::size_t s = 0; s < arm.slot_count; ++s) {
            if (arm.slots[s].start <= since + front_) return false;
            oldest = std::min(oldest, arm.slots[s].start);
        }
        if (same(arm, other.arms_[i])) continue;
        if (arms_.size() > unordered_max) return false;
        if (std::none_of(other.arms_.begin(), other.arms_.end(), [&](const Arm& b) { return same(arm, b); }))
            return false;
    }
    return true;
}

bool Stream::same_trackers(const Stream& other, std::uint64_t since, std::uint64_t oldest) const noexcept {
    const std::uint64_t shift = at_ - other.at_;
    // A tracker at rest says where its next match may begin. Nothing that is alive begins so early: it is forgotten.
    const auto next = [this](const Stream& stream, std::size_t i, std::uint64_t from) {
        while (i < stream.trackers_.size() && !stream.trackers_[i].active() &&
               stream.trackers_[i].resume() + front_ <= from) {
            ++i;
        }
        return i;
    };
    const std::uint64_t other_oldest = oldest - shift;
    for (std::size_t i = 0, j = 0;; ++i, ++j) {
        i = next(*this, i, oldest);
        j = next(other, j, other_oldest);
        if (i == trackers_.size() || j == other.trackers_.size()) {
            return i == trackers_.size() && j == other.trackers_.size();
        }
        if (!trackers_[i].agrees(other.trackers_[j], shift)) return false;
        if (trackers_[i].active() && trackers_[i].oldest() <= since) return false;
    }
}

}  // namespace gw::guardrail
