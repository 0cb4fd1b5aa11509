// A big piece is read in several places at once.
//
//     |---- true state ---->|---- guess ---->|---- guess ---->|---- guess ---->|
//                           true state -->=      -->=              -->=
//
// A table is bound by the time a cell takes to arrive, so stepping from several places costs little more than from one.
// Where the text stands there is guessed: nothing is live. Then the true state is led into each stretch until it meets
// the guess, which takes a byte or two in ordinary text; from there on the two are the same. What matched on the way is
// looked at afterwards, in order: it changes no state.
#include <algorithm>
#include <bit>
#include <utility>

#include "guardrail/automaton_each.h"
#include "guardrail/automaton_scanner.h"

namespace gw::guardrail {
namespace {

// More chains than registers hold gain nothing.
constexpr std::size_t ways_for(std::size_t lanes) { return lanes == 1 ? 4 : 2; }

constexpr std::size_t stretch_bytes = 128;

}  // namespace

// The cells that a stretch led through, and a bit for each with an event.
struct Stream::Trace {
    Table::Cell cells[stretch_bytes];
    std::uint64_t events[stretch_bytes / 64];

    void set_event(std::size_t at, bool event) noexcept {
        const std::uint64_t bit = std::uint64_t{1} << at % 64;
        events[at / 64] = event ? events[at / 64] | bit : events[at / 64] & ~bit;
    }
    // The first one from `at` on; stretch_bytes if there is none.
    [[nodiscard]] std::size_t next_event(std::size_t at) const noexcept {
        for (; at < stretch_bytes; at = (at / 64 + 1) * 64) {
            const std::uint64_t rest = events[at / 64] >> at % 64;
            if (rest != 0) return at + static_cast<std::size_t>(std::countr_zero(rest));
        }
        return stretch_bytes;
    }
    // Up to a cell that nobody has computed.
    [[nodiscard]] std::size_t known() const noexcept {
        std::size_t at = next_event(0);
        while (at < stretch_bytes && cells[at] != Table::missing) at = next_event(at + 1);
        return at;
    }
};

std::size_t Stream::leap_bytes() const noexcept {
    return lane_count_ == 0 ? SIZE_MAX : ways_for(lane_count_) * stretch_bytes;
}

template <std::size_t count>
std::size_t Stream::leap(Cache& cache, const Text& text, std::size_t from, Matches& out) {
    constexpr std::size_t ways = ways_for(count);
    constexpr std::size_t chains = ways * count;
    const unsigned char* const bytes = text.piece + from;
    // Copies, so that the stores to the traces do not make them be read again.
    const Table::Cell* cells[count];
    const std::uint32_t* columns[count];
    std::size_t state[chains];
    each<count>([&](auto g) {
        cells[g] = cache.hot_[g].cells;
        columns[g] = cache.hot_[g].columns;
        state[g] = std::size_t{rows_[g]} << Table::row_shift;
        for (std::size_t w = 1; w < ways; ++w) {
            const auto left = static_cast<std::size_t>(context_after(bytes[w * stretch_bytes - 1]));
            state[w * count + g] = std::size_t{cache.hot_[g].empty[left]} << Table::row_shift;
        }
    });
    Trace traces[chains];
    for (Trace& trace : traces) std::fill(std::begin(trace.events), std::end(trace.events), 0);
    bool go_on = true;
    // The state behind an event.
    const auto note_event = [&](std::size_t c, std::size_t done, std::size_t cell) __attribute__((noinline)) {
        Trace& trace = traces[c];
        trace.set_event(done, true);
        if (cell != Table::missing) return cell;
        if (c < count) {
            go_on = false;
            return cell;
        }
        // A guess may need what no true state has needed. Computed once, it is there for the next one; where there is
        // no room for that, the guess begins anew.
        const auto& empty = cache.hot_[c % count].empty;
        Table& table = cache.tables_[c % count];
        if (cache.crowded() || table.full()) return std::size_t{empty[0]} << Table::row_shift;
        const unsigned char* const at = bytes + c / count * stretch_bytes + done;
        Table::Row row = empty[done > 0 ? 0 : static_cast<std::size_t>(context_after(at[-1]))];
        if (done > 0 && trace.cells[done - 1] != Table::missing) row = trace.cells[done - 1] >> Table::row_shift;
        cell = table.fill(row, *at);
        cache.grew_ = true;
        cache.refresh();
        trace.cells[done] = static_cast<Table::Cell>(cell);
        trace.set_event(done, (cell & Table::event) != 0);
        return cell;
    };
    for (std::size_t done = 0; done < stretch_bytes && go_on; ++done) {
        std::size_t any = 0;
        each<chains>([&](auto c) {
            constexpr std::size_t g = decltype(c)::value % count;
            state[c] = Table::follow(cells[g], columns[g][bytes[c / count * stretch_bytes + done]], state[c]);
            any |= state[c];
            traces[c].cells[done] = static_cast<Table::Cell>(state[c]);
        });
        if ((any & Table::event) == 0) [[likely]]
            continue;
        each<chains>([&](auto c) {
            if ((state[c] & Table::event) != 0) state[c] = note_event(c, done, state[c]);
        });
        each<count>([&](auto g) { cells[g] = cache.hot_[g].cells; });
    }
    for (std::size_t w = 0; w < ways; ++w) {
        const std::size_t begin = from + w * stretch_bytes;
        Trace* const stretch = traces + w * count;
        std::size_t size = stretch_bytes;
        for (std::size_t g = 0; g < count; ++g) {
            if (w > 0) lead_in(cache, g, text.piece + begin, stretch[g]);
            size = std::min(size, stretch[g].known());
        }
        for (std::size_t g = 0; g < count; ++g) replay(cache, text, g, begin, {stretch[g], size}, out);
        if (size < stretch_bytes) return begin + size - from;
    }
    return ways * stretch_bytes;
}

// From the true state through the beginning of a stretch that was guessed, until they are the same.
void Stream::lead_in(const Cache& cache, std::size_t group, const unsigned char* bytes, Trace& trace) const noexcept {
    const Cache::Hot& hot = cache.hot_[group];
    std::size_t cell = std::size_t{rows_[group]} << Table::row_shift;
    for (std::size_t at = 0; at < stretch_bytes; ++at) {
        cell = Table::follow(hot.cells, hot.columns[bytes[at]], cell);
        const std::size_t guess = std::exchange(trace.cells[at], static_cast<Table::Cell>(cell));
        trace.set_event(at, (cell & Table::event) != 0);
        if (cell == Table::missing || cell >> Table::row_shift == guess >> Table::row_shift) return;
    }
}

// Takes a group to the end of what is known of a stretch, and looks at what matched.
void Stream::replay(Cache& cache, const Text& text, std::size_t group, std::size_t begin, KnownTrace known,
                    Matches& out) {
    const Trace& trace = known.trace;
    const std::size_t size = known.size;
    if (size == 0) return;
    const std::uint64_t offset = text.at + begin;
    std::size_t done = 0;
    // The start as it is in front of the byte at `to`.
    const auto follow_start = [&](std::size_t to) {
        std::size_t last = to;
        while (last > done && (trace.cells[last - 1] & Table::survives) != 0) --last;
        if (last > done) starts_[group] = offset + last - 1;
        done = to;
    };
    for (std::size_t at = trace.next_event(0); at < size; at = trace.next_event(at + 1)) {
        if (arms_.empty() && !Table::matters(cache.hot_[group].cells, trace.cells[at])) continue;
        follow_start(at);
        const Table::State state = cache.tables_[group].state(trace.cells[at] >> Table::row_shift);
        parts_seen(cache, text, group, state.before, state.now, starts_[group], offset + at, out);
    }
    follow_start(size);
    rows_[group] = trace.cells[size - 1] >> Table::row_shift;
}

std::size_t Stream::leap(Cache& cache, const Text& text, std::size_t from, Matches& out) {
    switch (lane_count_) {
    case 1: return leap<1>(cache, text, from, out);
    case 2: return leap<2>(cache, text, from, out);
    case 3: return leap<3>(cache, text, from, out);
    default: return leap<4>(cache, text, from, out);
    }
}

}  // namespace gw::guardrail
