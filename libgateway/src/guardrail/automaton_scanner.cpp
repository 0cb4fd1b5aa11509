#include "guardrail/automaton_scanner.h"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

namespace gw::guardrail {
namespace {

// A text that makes new states faster than this, once the table is no longer small, is stepped without it for a while.
constexpr std::uint64_t miss_window_bytes = 4096;
constexpr std::uint32_t misses_max = 400;
constexpr std::size_t states_before_slow = 1024;
constexpr std::uint32_t slow_bytes_min = 4096, slow_bytes_max = 65536;

}  // namespace

// --- Cache ---

Cache::Cache(std::shared_ptr<const PatternSet> set, std::size_t bytes_max, std::pmr::memory_resource* memory)
    : set_(std::move(set)), bytes_max_(bytes_max), tables_(memory), scratch_(*set_, memory), successor_(memory) {
    tables_.reserve(set_->groups().size());
    for (std::size_t i = 0; i < set_->groups().size(); ++i) tables_.emplace_back(*set_, i, memory);
    for (std::size_t g = 0; g < tables_.size(); ++g) {
        const PatternSet::Group& group = set_->groups()[g];
        hot_[g] = {tables_[g].cells(), tables_[g].classes(), group.kind};
    }
}

Cache::~Cache() { assert(streams_.front() == nullptr); }

Cache::Statistics Cache::statistics() const noexcept {
    Statistics all = counts_;
    for (const Table& table : tables_) {
        all.bytes += table.size();
        all.states += table.state_count();
    }
    return all;
}

bool Cache::full() const noexcept {
    std::size_t bytes = 0;
    for (const Table& table : tables_) bytes += table.size();
    return bytes > bytes_max_;
}

void Cache::flush() {
    while (Stream* stream = streams_.front()) stream->detach();
    for (Table& table : tables_) table.clear();
    ++counts_.flushes;
}

// --- Stream: its place, in and out of the tables ---

Stream::Stream(std::shared_ptr<const PatternSet> set, std::pmr::memory_resource* memory)
    : lane_count_(static_cast<std::uint32_t>(set->groups().size())),
      window_(set->options().window_bytes),
      front_(set->has_open_front() ? set->options().front_bytes + 5 : 0),
      set_(std::move(set)),
      lanes_(memory),
      arms_(memory),
      trackers_(memory) {
    assert(set_->groups().size() <= lanes_max);
    rows_.fill(Table::no_row);
    lanes_.reserve(set_->groups().size());
    for (std::size_t i = 0; i < set_->groups().size(); ++i) lanes_.emplace_back(memory);
}

void Stream::spill(std::size_t group, const Table& table) {
    if (rows_[group] == Table::no_row) return;
    const Table::State state = table.state(rows_[group]);
    Lane& lane = lanes_[group];
    lane.nodes.assign(state.nodes.begin(), state.nodes.end());
    lane.context = state.context;
    rows_[group] = Table::no_row;
}

void Stream::detach() {
    if (cache_ == nullptr) return;
    for (std::size_t g = 0; g < lanes_.size(); ++g) spill(g, cache_->tables_[g]);
    link_.unlink();
    cache_ = nullptr;
}

void Stream::attach(Cache& cache) {
    assert(cache.set_ == set_);
    if (cache_ != &cache) {
        detach();
        cache_ = &cache;
        cache.streams_.push_back(link_);
    }
    for (std::size_t g = 0; g < lanes_.size(); ++g) {
        const Lane& lane = lanes_[g];
        if (rows_[g] != Table::no_row || lane.slow_until > at_) continue;
        rows_[g] = cache.tables_[g].find(lane.nodes, lane.context);
    }
    cache.refresh();
}

std::size_t Stream::size() const noexcept {
    std::size_t sum =
        lanes_.capacity() * sizeof(Lane) + arms_.capacity() * sizeof(Arm) + trackers_.capacity() * sizeof(Tracker);
    for (const Lane& lane : lanes_) sum += lane.nodes.capacity() * sizeof(std::uint16_t);
    for (const Tracker& tracker : trackers_) sum += tracker.size();
    return sum;
}

// --- Stream: the loop ---

void Stream::scan(Cache& cache, std::string_view history, std::string_view piece, Matches& out) {
    if (piece.empty()) return;
    if (cache_ != &cache) attach(cache);
    const auto* bytes = reinterpret_cast<const unsigned char*>(piece.data());
    const auto* history_end = reinterpret_cast<const unsigned char*>(history.data()) + history.size();
    const Text text{history_end, bytes, at_ - std::min<std::uint64_t>(history.size(), at_), at_, at_ + piece.size()};
    const std::size_t first_match = out.size();
    if (!trackers_.empty()) {
        for (Tracker& tracker : trackers_) {
            if (tracker.active()) run(cache, tracker, text, out);
        }
    }
    switch (lane_count_) {
    case 0:
        at_ = text.end;
        settle<0>(cache, text);
        break;
    case 1: loop<1>(cache, text, out); break;
    case 2: loop<2>(cache, text, out); break;
    case 3: loop<3>(cache, text, out); break;
    default: loop<4>(cache, text, out);
    }
    if (out.size() - first_match > 1) sort(out, first_match);
}

namespace {

// Calls body with 0, 1, ... count - 1 as constants, so that arrays indexed by them live in registers.
template <std::size_t count, typename Body>
[[gnu::always_inline]] inline void each(Body&& body) {
    [&]<std::size_t... g>(std::index_sequence<g...>) __attribute__((always_inline)) {
        (body(std::integral_constant<std::size_t, g>{}), ...);
    }
    (std::make_index_sequence<count>{});
}

}  // namespace

template <std::size_t count>
void Stream::settle(const Cache& cache, const Text& text) {
    std::uint64_t hold = at_;
    std::uint64_t keep = at_;
    each<count>([&](auto g) {
        const Cache::Hot& hot = cache.hot_[g];
        Table::Cell flags = hot.cells[rows_[g] - 1];
        if (rows_[g] == Table::no_row) [[unlikely]] {
            const std::span<const std::uint16_t> nodes = lanes_[g].nodes;
            flags = (nodes.empty() ? 0 : Table::live) | (cache.tables_[g].waits(nodes) ? Table::undecided : 0);
        }
        // Nothing live: whatever begins now begins here.
        starts_[g] = (flags & Table::live) != 0 ? starts_[g] : at_;
        keep = std::min(keep, starts_[g]);
        const std::uint64_t waiting = at_ - ((flags & Table::undecided) != 0 ? 1 : 0);
        hold = std::min(hold, hot.kind == Kind::mask ? starts_[g] : waiting);
    });
    if (!arms_.empty() || !trackers_.empty()) settle_chains(text, hold, keep);
    const std::uint64_t back = front_ + 1U;  // one more: what stands to the left of a beginning
    keep = keep > back ? keep - back : 0;
    if (at_ > window_) keep = std::max(keep, at_ - window_);
    hold_from_ = std::max(hold, hold_from_);
    keep_from_ = std::max(keep, keep_from_);
}

template <std::size_t count>
void Stream::loop(Cache& cache, const Text& text, Matches& out) {
    const Table::Cell* cells[count];
    const std::uint8_t* classes[count];
    Table::Cell state[count];
    std::uint64_t start[count];
    const unsigned char* const piece = text.piece;
    const std::size_t size = text.end - text.at;
    const std::uint64_t base = text.at;
    for (std::size_t i = 0; i < size; ++i) {
        each<count>([&](auto g) {
            cells[g] = cache.hot_[g].cells;
            classes[g] = cache.hot_[g].classes;
            state[g] = rows_[g] << Table::row_shift;
            start[g] = starts_[g];
        });
        for (; i < size; ++i) {
            const unsigned byte = piece[i];
            Table::Cell next[count];
            Table::Cell any = 0;
            each<count>([&](auto g) {
                next[g] = (cells[g] + classes[g][byte])[state[g] >> Table::row_shift];
                any |= next[g];
            });
            if ((any & Table::event) != 0) [[unlikely]]
                break;
            each<count>([&](auto g) {
                start[g] = (next[g] & Table::survives) != 0 ? start[g] : base + i;
                state[g] = next[g];
            });
        }
        each<count>([&](auto g) {
            rows_[g] = state[g] >> Table::row_shift;
            starts_[g] = start[g];
        });
        if (i < size) step(cache, text, base + i, out);
    }
    at_ = text.end;
    settle<count>(cache, text);
}

// One byte of all groups, the long way: computes what is missing and looks at what matched.
void Stream::step(Cache& cache, const Text& text, std::uint64_t position, Matches& out) {
    if (cache.full()) {
        cache.flush();
        at_ = position;
        attach(cache);
        at_ = text.at;
    }
    const unsigned byte = text[position];
    std::uint64_t start_before[lanes_max];
    bool matched[lanes_max];
    for (std::size_t g = 0; g < lanes_.size(); ++g) {
        Lane& lane = lanes_[g];
        Table& table = cache.tables_[g];
        start_before[g] = starts_[g];
        if (rows_[g] == Table::no_row && position >= lane.slow_until) {
            rows_[g] = table.find(lane.nodes, lane.context);
            lane.window_begin = position;
            lane.misses = 0;
        }
        if (rows_[g] == Table::no_row) {
            table.step(lane.nodes, lane.context, byte, cache.successor_);
            ++cache.counts_.slow_bytes;
            lane.nodes.assign(cache.successor_.nodes.begin(), cache.successor_.nodes.end());
            lane.context = cache.successor_.context;
            if (!cache.successor_.survives) starts_[g] = position;
            matched[g] = false;
            parts_seen(cache, text, g, cache.successor_.before, cache.successor_.now, start_before[g], position, out);
            continue;
        }
        Table::Cell cell = table.cells()[rows_[g] + table.classes()[byte]];
        if (cell == Table::missing) {
            cell = table.fill(rows_[g], byte);
            count_miss(cache, g, position);
        }
        rows_[g] = cell >> Table::row_shift;
        cache.hot_[g].cells = table.cells();
        if ((cell & Table::survives) == 0) starts_[g] = position;
        matched[g] = (cell & Table::event) != 0;
    }
    for (std::size_t g = 0; g < lanes_.size(); ++g) {
        if (!matched[g]) continue;
        // Looking at a candidate changes no table, so the state stays where it is.
        const Table::State state = cache.tables_[g].state(rows_[g]);
        parts_seen(cache, text, g, state.before, state.now, start_before[g], position, out);
    }
    for (std::size_t g = 0; g < lanes_.size(); ++g) {
        Lane& lane = lanes_[g];
        if (lane.slow_until > position && rows_[g] != Table::no_row) spill(g, cache.tables_[g]);
    }
}

void Stream::count_miss(Cache& cache, std::size_t group, std::uint64_t position) {
    Lane& lane = lanes_[group];
    ++cache.counts_.misses;
    if (position - lane.window_begin >= miss_window_bytes) {
        lane.window_begin = position;
        lane.misses = 0;
        lane.slow_bytes = slow_bytes_min;
    }
    if (++lane.misses < misses_max || cache.tables_[group].state_count() < states_before_slow) return;
    lane.slow_bytes = std::clamp(lane.slow_bytes * 2, slow_bytes_min, slow_bytes_max);
    lane.slow_until = position + lane.slow_bytes;
}

// --- Stream: parts, gaps and candidates ---

void Stream::parts_seen(Cache& cache, const Text& text, std::size_t group, std::span<const std::uint16_t> before,
                        std::span<const std::uint16_t> now, std::uint64_t start, std::uint64_t position, Matches& out) {
    for (const std::uint16_t part : before) part_seen(cache, text, {group, part, start, position, position + 1}, out);
    for (const std::uint16_t part : now) part_seen(cache, text, {group, part, start, position + 1, position + 1}, out);
}

void Stream::part_seen(Cache& cache, const Text& text, const Seen& seen, Matches& out) {
    const auto [chain_index, index] = set_->groups()[seen.group].parts[seen.part];
    const PatternSet::Chain& chain = set_->chains()[chain_index];
    std::uint64_t start = seen.start;
    if (index > 0) {
        Arm* previous = find_arm(chain_index, static_cast<std::uint16_t>(index - 1));
        if (previous == nullptr) return;
        check_gap(*previous, text, start);
        if (previous->slot_count == 0) return;
        start = previous->slots[0].start;
    } else if (chain.open_front) {
        start = front_of(chain, text, start);
    }
    if (index + 1 < chain.part_count) {
        arm(chain_index, index, start, seen.end);
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

void Stream::arm(std::uint32_t chain, std::uint16_t part, std::uint64_t start, std::uint64_t end) {
    Arm* known = find_arm(chain, part);
    if (known == nullptr) {
        known = &arms_.emplace_back();
        known->chain = chain;
        known->part = part;
        known->checked = end;
    }
    const PatternSet::Chain& owner = set_->chains()[chain];
    const Gap& gap = set_->gap(owner.gaps + (owner.open_front ? 1U : 0U) + part);
    const Arm::Slot slot{start, end, gap.characters_max};
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

// Where a repeat that was left away at the front of a pattern would have begun.
std::uint64_t Stream::front_of(const PatternSet::Chain& chain, const Text& text, std::uint64_t start) const noexcept {
    const Gap& gap = set_->gap(chain.gaps);
    const std::uint64_t reach = set_->options().front_bytes;
    const std::uint64_t limit = std::max(text.begin == 0 ? 0 : text.begin + 1, start > reach ? start - reach : 0);
    while (start > limit && gap.allowed.has(text[start - 1])) --start;
    // One character more: what stands in front of the repeat is no longer than that.
    for (int i = 0; i < 4 && start > limit; ++i) --start;
    return start;
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
    for (std::uint32_t c = owner.first_chain; c < owner.first_chain + owner.chain_count; ++c) {
        const PatternSet::Chain& chain = set_->chains()[c];
        if (chain.open_front) from = std::min(from, front_of(chain, text, seen.start));
        if (chain.part_count == 1) continue;
        for (const Arm& waiting : arms_) {
            if (waiting.chain == c && waiting.slot_count != 0) from = std::min(from, waiting.slots[0].start);
        }
    }
    from = std::max(from, tracker->resume());
    // A position can be read from only if what stands to its left is there, too.
    const std::uint64_t window = set_->options().window_bytes;
    const std::uint64_t readable =
        std::max(text.begin == 0 ? 0 : text.begin + 1, seen.end > window ? seen.end - window : 0);
    const std::uint64_t begin = std::max(from, readable);
    tracker->activate(begin, text.left_of(begin), seen.known);
    run(cache, *tracker, text, out);
    if (begin != from && !tracker->found() && seen.known <= text.end)
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

// --- Stream: between pieces ---

void Stream::sort(Matches& matches, std::size_t from) {
    std::sort(matches.begin() + static_cast<std::ptrdiff_t>(from), matches.end(), [](const Match& a, const Match& b) {
        return std::tie(a.known, a.pattern, a.begin, a.phase) < std::tie(b.known, b.pattern, b.begin, b.phase);
    });
}

void Stream::settle_chains(const Text& text, std::uint64_t& hold, std::uint64_t& keep) {
    std::size_t kept = 0;
    for (Arm& arm : arms_) {
        const PatternSet::Chain& chain = set_->chains()[arm.chain];
        check_gap(arm, text, starts_[chain.group]);
        if (arm.slot_count == 0) continue;
        keep = std::min(keep, arm.slots[0].start);
        if (set_->patterns()[chain.pattern].kind == Kind::mask) hold = std::min(hold, arm.slots[0].start);
        arms_[kept++] = arm;
    }
    arms_.resize(kept);
    // A tracker at rest is remembered for as long as a candidate could begin before the place it has come to.
    kept = 0;
    for (std::size_t i = 0; i < trackers_.size(); ++i) {
        Tracker& tracker = trackers_[i];
        if (tracker.active()) {
            const bool mask = set_->patterns()[tracker.pattern()].kind == Kind::mask;
            if (mask) hold = std::min(hold, tracker.oldest());
        } else if (std::max(tracker.resume(), tracker.position()) + front_ <= keep) {
            continue;
        }
        if (kept != i) trackers_[kept] = std::move(tracker);
        ++kept;
    }
    while (trackers_.size() > kept) trackers_.pop_back();
}

void Stream::finish(Cache& cache, std::string_view history, Matches& out) {
    if (cache_ != &cache) attach(cache);
    const auto* history_end = reinterpret_cast<const unsigned char*>(history.data()) + history.size();
    const Text text{history_end, history_end, at_ - std::min<std::uint64_t>(history.size(), at_), at_, at_};
    const std::size_t first_match = out.size();
    for (std::size_t g = 0; g < lanes_.size(); ++g) {
        const Lane& lane = lanes_[g];
        Successor& end = cache.successor_;
        if (rows_[g] == Table::no_row) {
            cache.tables_[g].step(lane.nodes, lane.context, end_of_text, end);
        } else {
            const Table::State state = cache.tables_[g].state(rows_[g]);
            cache.tables_[g].step(state.nodes, state.context, end_of_text, end);
        }
        for (const std::uint16_t part : end.before) {
            part_seen(cache, text, {g, part, starts_[g], at_, at_ + 1}, out);
        }
    }
    for (Tracker& tracker : trackers_) {
        if (tracker.active()) tracker.finish(cache.scratch_, out);
    }
    hold_from_ = at_;
    if (out.size() - first_match > 1) sort(out, first_match);
}

}  // namespace gw::guardrail
