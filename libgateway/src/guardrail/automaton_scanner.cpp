#include "guardrail/automaton_scanner.h"

#include <algorithm>
#include <cassert>
#include <new>
#include <tuple>
#include <utility>

#include "guardrail/automaton_each.h"

namespace gw::guardrail {
namespace {

// A text that makes new states faster than this, once the tables are half full, is stepped without them for a while.
constexpr std::uint64_t miss_window_bytes = 4096;
constexpr std::uint32_t misses_max = 400;
// After a leap that something stopped, so many bytes are stepped before the next; after another one, twice as many.
constexpr std::size_t leap_pause_min = 16;
constexpr std::uint64_t slow_bytes = 8192;

}  // namespace

// --- Cache ---

Cache::Cache(std::shared_ptr<const PatternSet> set, std::size_t bytes_max, std::pmr::memory_resource* memory)
    : set_(std::move(set)),
      bytes_max_(bytes_max),
      tables_(memory),
      scratch_(*set_, memory),
      successor_(memory),
      spare_(memory) {
    tables_.reserve(set_->groups().size());
    for (std::size_t i = 0; i < set_->groups().size(); ++i) tables_.emplace_back(*set_, i, memory);
    for (std::size_t g = 0; g < tables_.size(); ++g) {
        const PatternSet::Group& group = set_->groups()[g];
        hot_[g] = {tables_[g].cells(), tables_[g].columns(), group.bytes_max, group.kind, {}};
    }
    find_empty();
}

void Cache::find_empty() {
    for (std::size_t g = 0; g < tables_.size(); ++g) {
        for (std::size_t c = 0; c < context_count; ++c) {
            hot_[g].empty[c] = tables_[g].find({}, static_cast<Context>(c));
        }
    }
    refresh();
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
    return bytes() > bytes_max_ || std::any_of(tables_.begin(), tables_.end(), [](const Table& t) { return t.full(); });
}

std::size_t Cache::bytes() const noexcept {
    std::size_t sum = 0;
    for (const Table& table : tables_) sum += table.size();
    return sum;
}

void Cache::flush() {
    while (Stream* stream = streams_.front()) stream->detach();
    std::size_t strands = 0;
    for (const Table& table : tables_) strands += table.strands_size();
    for (Table& table : tables_) table.clear(strands > bytes_max_ / 2);
    for (Hot& hot : hot_) hot.empty = {};
    ++counts_.flushes;
    find_empty();
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

// From a row to strands.
void Stream::spill(std::size_t group, const Table& table) {
    if (rows_[group] == Table::no_row) return;
    const Table::State state = table.state(rows_[group]);
    Lane& lane = lanes_[group];
    lane.place.assign(state.strands.begin(), state.strands.end());
    lane.context = state.context;
    rows_[group] = Table::no_row;
}

void Stream::detach() noexcept {
    if (cache_ == nullptr) return;
    Cache& cache = *std::exchange(cache_, nullptr);
    link_.unlink();
    try {
        for (std::size_t g = 0; g < lanes_.size(); ++g) {
            spill(g, cache.tables_[g]);
            cache.spare_.clear();
            cache.tables_[g].expand(lanes_[g].place, cache.spare_);
            lanes_[g].place.assign(cache.spare_.begin(), cache.spare_.end());
        }
    } catch (const std::bad_alloc&) {
        lost_ = true;
    }
}

void Stream::attach(Cache& cache) {
    assert(cache.set_ == set_);
    if (lost_) throw std::bad_alloc();
    if (cache_ != &cache) {
        detach();
        for (std::size_t g = 0; g < lanes_.size(); ++g) {
            cache.spare_.clear();
            cache.tables_[g].reduce(lanes_[g].place, lanes_[g].context, cache.spare_);
            lanes_[g].place.assign(cache.spare_.begin(), cache.spare_.end());
        }
        cache_ = &cache;
        cache.streams_.push_back(link_);
    }
    for (std::size_t g = 0; g < lanes_.size(); ++g) {
        const Lane& lane = lanes_[g];
        if (rows_[g] != Table::no_row || lane.slow_until > at_) continue;
        rows_[g] = cache.tables_[g].find(lane.place, lane.context);
        cache.grew_ = true;
    }
    cache.refresh();
}

std::size_t Stream::size() const noexcept {
    std::size_t sum =
        lanes_.capacity() * sizeof(Lane) + arms_.capacity() * sizeof(Arm) + trackers_.capacity() * sizeof(Tracker);
    for (const Lane& lane : lanes_) sum += lane.place.capacity() * sizeof(std::uint16_t);
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

template <std::size_t count>
void Stream::settle(const Cache& cache, const Text& text) {
    std::uint64_t hold = at_;
    std::uint64_t keep = at_;
    each<count>([&](auto g) {
        const Cache::Hot& hot = cache.hot_[g];
        Table::Cell flags = hot.cells[rows_[g] * Table::line_cells];
        if (rows_[g] == Table::no_row) [[unlikely]] {
            flags = cache.tables_[g].flags_of(lanes_[g].place);
        }
        // Nothing live: whatever begins now begins here.
        starts_[g] = (flags & Table::live) != 0 ? std::max(starts_[g], at_ - std::min(at_, hot.reach)) : at_;
        keep = std::min(keep, starts_[g]);
        const std::uint64_t waiting = at_ - ((flags & Table::undecided) != 0 ? 1 : 0);
        const std::uint64_t begun = (flags & Table::held) != 0 ? starts_[g] : at_;
        hold = std::min(hold, hot.kind == Kind::mask ? begun : waiting);
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
    const std::uint32_t* columns[count];
    std::size_t state[count];
    std::uint64_t start[count];
    const unsigned char* const piece = text.piece;
    const std::size_t size = text.end - text.at;
    const std::uint64_t base = text.at;
    const std::size_t leap_size = leap_bytes();
    std::size_t single = 0;  // bytes to be stepped one by one before the next leap
    std::size_t pause = leap_pause_min;
    for (std::size_t i = 0; i < size;) {
        bool tabled = true;
        each<count>([&](auto g) { tabled = tabled && rows_[g] != Table::no_row; });
        if (!tabled) {
            step(cache, text, base + i++, out);
            continue;
        }
        if (single == 0 && size - i >= leap_size) {
            if (!arms_.empty()) drop_arms(text);
            const std::size_t done = leap(cache, text, i, out);
            i += done;
            if (done == leap_size) {
                pause = leap_pause_min;
                continue;
            }
            single = pause;
            pause = std::min(pause * 2, leap_size);
        }
        const std::size_t begun = i;
        const std::size_t end = single == 0 ? size : std::min(size, i + single);
        each<count>([&](auto g) {
            cells[g] = cache.hot_[g].cells;
            columns[g] = cache.hot_[g].columns;
            state[g] = std::size_t{rows_[g]} << Table::row_shift;
            start[g] = starts_[g];
        });
        for (; i < end; ++i) {
            const unsigned byte = piece[i];
            std::size_t next[count];
            std::size_t any = 0;
            each<count>([&](auto g) {
                next[g] = Table::follow(cells[g], columns[g][byte], state[g]);
                any |= next[g];
            });
            if ((any & Table::event) != 0) [[unlikely]] {
                bool matters = !arms_.empty();
                each<count>([&](auto g) {
                    if ((next[g] & Table::event) != 0) matters = matters || Table::matters(cells[g], next[g]);
                });
                if (matters) break;
            }
            each<count>([&](auto g) {
                start[g] = (next[g] & Table::survives) != 0 ? start[g] : base + i;
                state[g] = next[g];
            });
        }
        each<count>([&](auto g) {
            rows_[g] = static_cast<Table::Row>(state[g] >> Table::row_shift);
            starts_[g] = start[g];
        });
        if (i < end) {
            step(cache, text, base + i, out);
            ++i;
        }
        single -= std::min(single, i - begun);
    }
    at_ = text.end;
    settle<count>(cache, text);
}

// One byte of all groups, the long way: computes what is missing and looks at what matched.
void Stream::step(Cache& cache, const Text& text, std::uint64_t position, Matches& out) {
    const unsigned byte = text[position];
    const auto missing = [&](std::size_t g) { return cache.tables_[g].next(rows_[g], byte) == Table::missing; };
    bool any_missing = false;
    for (std::size_t g = 0; g < lane_count_; ++g) any_missing = any_missing || missing(g);
    if (any_missing && cache.grew_) {
        cache.grew_ = false;
        if (cache.full()) {
            cache.flush();
            at_ = position;
            attach(cache);
            at_ = text.at;
        }
    }
    std::uint64_t start_before[lanes_max];
    bool matched[lanes_max];
    for (std::size_t g = 0; g < lanes_.size(); ++g) {
        Lane& lane = lanes_[g];
        Table& table = cache.tables_[g];
        start_before[g] = starts_[g];
        if (rows_[g] == Table::no_row && position >= lane.slow_until) {
            rows_[g] = table.find(lane.place, lane.context);
            cache.grew_ = true;
            lane.window_begin = position;
            lane.misses = 0;
        }
        if (rows_[g] == Table::no_row) {
            const std::size_t known = table.strand_count();
            table.step(lane.place, lane.context, byte, cache.successor_);
            cache.grew_ = cache.grew_ || table.strand_count() != known;
            ++cache.counts_.slow_bytes;
            lane.place.assign(cache.successor_.strands.begin(), cache.successor_.strands.end());
            lane.context = cache.successor_.context;
            if (!cache.successor_.survives) starts_[g] = position;
            matched[g] = false;
            parts_seen(cache, text, g, cache.successor_.before, cache.successor_.now, start_before[g], position, out);
            continue;
        }
        Table::Cell cell = table.next(rows_[g], byte);
        if (cell == Table::missing) {
            cell = table.fill(rows_[g], byte);
            cache.grew_ = true;
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
    }
    if (++lane.misses >= misses_max && cache.crowded()) lane.slow_until = position + slow_bytes;
}

void Stream::sort(Matches& matches, std::size_t from) {
    std::sort(matches.begin() + static_cast<std::ptrdiff_t>(from), matches.end(), [](const Match& a, const Match& b) {
        return std::tie(a.known, a.pattern, a.begin, a.phase) < std::tie(b.known, b.pattern, b.begin, b.phase);
    });
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
            cache.tables_[g].end(lane.place, end);
        } else {
            const Table::State state = cache.tables_[g].state(rows_[g]);
            cache.tables_[g].end(state.strands, end);
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
