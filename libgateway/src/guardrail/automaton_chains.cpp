// Parts of chains as they are seen: which gaps are open, and when something may match.
//
//     part 0 seen --> arm, with where it ended -- gap still holds at part 1? --> arm --> ... --> last part: candidate
//
// An arm keeps two ends, not all: the oldest chain that may still be completed, and the latest end, which reaches
// furthest. More would let a text grow the memory of a stream.
#include <algorithm>

#include "guardrail/automaton_scanner.h"

namespace gw::guardrail {

void Stream::parts_seen(Cache& cache, const Text& text, std::size_t group, std::span<const std::uint16_t> before,
                        std::span<const std::uint16_t> now, std::uint64_t start, std::uint64_t position, Matches& out) {
    for (const std::uint16_t part : before) part_seen(cache, text, {group, part, start, position, position + 1}, out);
    for (const std::uint16_t part : now) part_seen(cache, text, {group, part, start, position + 1, position + 1}, out);
}

void Stream::part_seen(Cache& cache, const Text& text, const Seen& seen, Matches& out) {
    const auto [chain_index, index] = set_->groups()[seen.group].parts[seen.part];
    const PatternSet::Chain& chain = set_->chains()[chain_index];
    Front front{seen.start, false};
    if (index > 0) {
        Arm* previous = find_arm(chain_index, static_cast<std::uint16_t>(index - 1));
        if (previous == nullptr) return;
        check_gap(*previous, text, seen.start);
        if (previous->slot_count == 0) return;
        front = {previous->slots[0].start, previous->slots[0].clipped};
    } else if (chain.open_front) {
        front = front_of(chain, text, seen.start);
    }
    if (index + 1 < chain.part_count) {
        arm(chain_index, index, front, seen.end);
    } else {
        candidate(cache, text, chain.pattern, seen, out);
    }
}

Stream::Arm* Stream::find_arm(std::uint32_t chain, std::uint16_t part) noexcept {
    for (Arm& known : arms_) {
        if (known.chain == chain && known.part == part) return &known;
    }
    return nullptr;
}

void Stream::arm(std::uint32_t chain, std::uint16_t part, Front front, std::uint64_t end) {
    Arm* known = find_arm(chain, part);
    if (known == nullptr) {
        known = &arms_.emplace_back();
        known->chain = chain;
        known->part = part;
        known->checked = end;
    }
    const PatternSet::Chain& owner = set_->chains()[chain];
    const Gap& gap = set_->gap(owner.gaps + (owner.open_front ? 1U : 0U) + part);
    const Arm::Slot slot{front.start, front.clipped, end, gap.characters_max};
    if (known->slot_count < 2) {
        if (known->slot_count == 0) known->checked = end;
        known->slots[known->slot_count++] = slot;
    } else {
        known->slots[1].end = end;
        known->slots[1].characters_left = gap.characters_max;
    }
}

// Reads the gap up to `to`, which is no later than the next part can begin, and drops what it cannot reach any more.
void Stream::check_gap(Arm& arm, const Text& text, std::uint64_t to) const noexcept {
    const std::uint64_t from = std::max(arm.checked, text.begin);
    if (arm.slot_count == 0 || from >= to) return;
    const PatternSet::Chain& chain = set_->chains()[arm.chain];
    const Gap& gap = set_->gap(chain.gaps + (chain.open_front ? 1U : 0U) + arm.part);
    arm.checked = to;
    std::uint64_t after_forbidden = from;  // behind the last byte that may not be in the gap
    if (!gap.any_byte) {
        for (std::uint64_t at = to; at > from; --at) {
            if (gap.allowed.has(text[at - 1])) continue;
            after_forbidden = at;
            break;
        }
    }
    std::uint16_t kept = 0;
    for (std::uint16_t i = 0; i < arm.slot_count; ++i) {
        Arm::Slot slot = arm.slots[i];
        if (after_forbidden > from && slot.end < after_forbidden) continue;
        if (gap.characters_max != regex::Node::unbounded) {
            std::uint32_t characters = 0;
            for (std::uint64_t at = std::max(slot.end, from); at < to; ++at) characters += (text[at] & 0xC0U) != 0x80U;
            if (characters > slot.characters_left) continue;
            slot.characters_left -= characters;
        }
        arm.slots[kept++] = slot;
    }
    arm.slot_count = kept;
}

Stream::Front Stream::front_of(const PatternSet::Chain& chain, const Text& text, std::uint64_t start) const noexcept {
    const Gap& gap = set_->gap(chain.gaps);
    const std::uint64_t reach = set_->options().front_bytes;
    const std::uint64_t limit = std::max(text.begin == 0 ? 0 : text.begin + 1, start > reach ? start - reach : 0);
    while (start > limit && gap.allowed.has(text[start - 1])) --start;
    const bool clipped = chain.has_head && start == limit && start > 0;
    // One character more: what stands in front of the repeat is no longer than that.
    for (int i = 0; i < 4 && start > limit; ++i) --start;
    return {start, clipped};
}

void Stream::candidate(Cache& cache, const Text& text, std::uint32_t pattern, const Seen& seen, Matches& out) {
    Tracker* tracker = nullptr;
    for (Tracker& known : trackers_) {
        if (known.pattern() == pattern) tracker = &known;
    }
    if (tracker == nullptr) {
        tracker = &trackers_.emplace_back(*set_, pattern, trackers_.get_allocator().resource());
    } else if (tracker->active() || tracker->position() >= seen.known) {
        return;  // it has read that already
    }
    ++cache.counts_.candidates;
    // Whatever alternative was completed, an older one may still win: begin before all that are under way.
    const PatternSet::Pattern& owner = set_->patterns()[pattern];
    std::uint64_t from = seen.start;
    bool clipped = false;
    const auto begin_before = [&](Front front) {
        if (front.start <= from) clipped = front.clipped;
        from = std::min(from, front.start);
    };
    for (std::uint32_t c = owner.first_chain; c < owner.first_chain + owner.chain_count; ++c) {
        const PatternSet::Chain& chain = set_->chains()[c];
        if (chain.open_front) begin_before(front_of(chain, text, seen.start));
        if (chain.part_count == 1) continue;
        for (const Arm& waiting : arms_) {
            if (waiting.chain == c && waiting.slot_count != 0)
                begin_before({waiting.slots[0].start, waiting.slots[0].clipped});
        }
    }
    clipped = clipped && from >= tracker->resume();
    from = std::max(from, tracker->resume());
    // A position can be read from only if what stands to its left is there, too.
    const std::uint64_t window = set_->options().window_bytes;
    const std::uint64_t readable =
        std::max(text.begin == 0 ? 0 : text.begin + 1, seen.end > window ? seen.end - window : 0);
    const std::uint64_t begin = std::max(from, readable);
    tracker->activate(begin, text.left_of(begin), seen.known);
    run(cache, *tracker, text, out);
    if ((begin != from || clipped) && !tracker->found() && seen.known <= text.end)
        tracker->report_clipped(from, seen.end, seen.known, out);
}

void Stream::run(Cache& cache, Tracker& tracker, const Text& text, Matches& out) {
    const std::uint64_t begun = tracker.position();
    if (begun < text.at) {
        const auto size = static_cast<std::size_t>(text.at - begun);
        tracker.run({text.history_end - size, size}, cache.scratch_, out);
    }
    if (tracker.active()) {
        const std::uint64_t position = tracker.position();
        tracker.run({text.piece + (position - text.at), static_cast<std::size_t>(text.end - position)}, cache.scratch_,
                    out);
    }
    cache.counts_.tracked_bytes += tracker.position() - begun;
}

void Stream::drop_arms(const Text& text) {
    for (Arm& arm : arms_) check_gap(arm, text, starts_[set_->chains()[arm.chain].group]);
    std::erase_if(arms_, [](const Arm& arm) { return arm.slot_count == 0; });
}

void Stream::settle_chains(const Text& text, std::uint64_t& hold, std::uint64_t& keep) {
    std::size_t kept = 0;
    for (Arm& arm : arms_) {
        const PatternSet::Chain& chain = set_->chains()[arm.chain];
        check_gap(arm, text, starts_[chain.group]);
        if (arm.slot_count == 0) continue;
        keep = std::min(keep, arm.slots[0].start);
        const bool mask = set_->patterns()[chain.pattern].kind == Kind::mask;
        if (mask) hold = std::min(hold, arm.slots[0].start);
        arms_[kept++] = arm;
    }
    arms_.resize(kept);
    // A tracker at rest is remembered for as long as a candidate could begin before the place it has come to.
    kept = 0;
    for (std::size_t i = 0; i < trackers_.size(); ++i) {
        Tracker& tracker = trackers_[i];
        if (tracker.active()) {
            const bool mask = set_->patterns()[tracker.pattern()].kind == Kind::mask;
            if (mask) hold = std::min(hold, tracker.oldest_held());
        } else if (std::max(tracker.resume(), tracker.position()) + front_ <= keep) {
            continue;
        }
        if (kept != i) trackers_[kept] = std::move(tracker);
        ++kept;
    }
    while (trackers_.size() > kept) trackers_.pop_back();
}

}  // namespace gw::guardrail
