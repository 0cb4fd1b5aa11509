// A big piece is read in several places at once.
//
//     |---- true state ---->|---- guess ---->|---- guess ---->|---- guess ---->|
//                           true state -->=      -->=              -->=
//
// A table is bound by the time a cell takes to arrive, so stepping from several places costs little more than from one.
// Where the text stands there is guessed: nothing is live. Then the true state is led into each stretch until it meets
// the guess, which takes a byte or two in ordinary text; from there on the two are the same. Only stretches without any
// event count: what matches or is missing is looked at by the loop, byte by byte.
#include <algorithm>

#include "guardrail/automaton_each.h"
#include "guardrail/automaton_scanner.h"

namespace gw::guardrail {
namespace {

// More chains than registers hold gain nothing.
constexpr std::size_t ways_for(std::size_t lanes) { return lanes == 1 ? 6 : lanes == 2 ? 4 : 3; }

}  // namespace

std::size_t Stream::leap_bytes() const noexcept {
    return lane_count_ == 0 ? SIZE_MAX : ways_for(lane_count_) * stretch_bytes;
}

template <std::size_t count, std::size_t row_lines>
std::size_t Stream::leap(Cache& cache, const unsigned char* bytes, std::uint64_t offset) {
    constexpr std::size_t ways = ways_for(count);
    constexpr std::size_t chains = ways * count;
    // Copies, so that the stores to the trace do not make them be read again.
    const Table::Cell* cells[count];
    const std::uint8_t* classes[count];
    std::size_t state[chains];
    each<count>([&](auto g) {
        cells[g] = cache.hot_[g].cells + 1;
        classes[g] = cache.hot_[g].classes;
        state[g] = std::size_t{rows_[g]} << Table::row_shift;
        for (std::size_t w = 1; w < ways; ++w) {
            const auto left = static_cast<std::size_t>(context_after(bytes[w * stretch_bytes - 1]));
            state[w * count + g] = std::size_t{cache.hot_[g].empty[left]} << Table::row_shift;
        }
    });
    const auto cell_at = [&cells, &classes](auto g, std::size_t cell, unsigned byte) -> std::size_t {
        return Table::follow<row_lines>(cells[g] + classes[g][byte], cell);
    };
    Table::Cell trace[chains][stretch_bytes];
    std::size_t done = 0;
    for (; done < stretch_bytes; ++done) {
        std::size_t any = 0;
        each<chains>([&](auto c) {
            constexpr std::size_t g = decltype(c)::value % count;
            state[c] =
                cell_at(std::integral_constant<std::size_t, g>{}, state[c], bytes[c / count * stretch_bytes + done]);
            any |= state[c];
            trace[c][done] = static_cast<Table::Cell>(state[c]);
        });
        if ((any & Table::event) == 0) continue;
        bool matters = !arms_.empty();
        each<chains>([&](auto c) {
            if ((state[c] & Table::event) != 0)
                matters = matters || Table::matters<row_lines>(cells[decltype(c)::value % count] - 1, state[c]);
        });
        if (matters) break;
    }
    // What the true chain has done counts in any case.
    const auto commit = [&](std::size_t g, const Table::Cell* steps, std::size_t from, std::size_t size,
                            std::uint64_t begin, std::uint64_t start) {
        if (size == 0) return;
        std::size_t last = size;
        while (last > from && (steps[last - 1] & Table::survives) != 0) --last;
        starts_[g] = last > from ? begin + last - 1 : start;
        rows_[g] = steps[size - 1] >> Table::row_shift;
    };
    for (std::size_t g = 0; g < count; ++g) commit(g, trace[g], 0, done, offset, starts_[g]);
    if (done < stretch_bytes) {
        warm_up<chains, count>(cache, bytes, done, trace);
        return done;
    }
    for (std::size_t w = 1; w < ways; ++w) {
        const unsigned char* const stretch = bytes + w * stretch_bytes;
        const std::uint64_t begin = offset + w * stretch_bytes;
        std::uint64_t starts[count];
        std::size_t met[count];
        std::size_t end[count];
        for (std::size_t g = 0; g < count; ++g) {
            const Table::Cell* const guess = trace[w * count + g];
            starts[g] = starts_[g];
            end[g] = std::size_t{rows_[g]} << Table::row_shift;
            for (met[g] = 0; met[g] < stretch_bytes;) {
                end[g] = cell_at(g, end[g], stretch[met[g]]);
                if ((end[g] & Table::event) != 0 &&
                    (!arms_.empty() || Table::matters<row_lines>(cells[g] - 1, end[g]))) {
                    return w * stretch_bytes;
                }
                if ((end[g] & Table::survives) == 0) starts[g] = begin + met[g];
                if (end[g] >> Table::row_shift == std::size_t{guess[met[g]++]} >> Table::row_shift) break;
            }
        }
        for (std::size_t g = 0; g < count; ++g) {
            rows_[g] = static_cast<Table::Row>(end[g] >> Table::row_shift);
            starts_[g] = starts[g];
            commit(g, trace[w * count + g], met[g], met[g] == stretch_bytes ? 0 : stretch_bytes, begin, starts[g]);
        }
    }
    return ways * stretch_bytes;
}

// Guesses meet cells that no true state has needed; computed once, they do not stop the next leap.
template <std::size_t chains, std::size_t count>
void Stream::warm_up(Cache& cache, const unsigned char* bytes, std::size_t at,
                     const Table::Cell (&trace)[chains][stretch_bytes]) {
    if (cache.crowded()) return;
    for (std::size_t c = count; c < chains; ++c) {
        if (trace[c][at] != Table::missing) continue;
        const std::size_t g = c % count;
        const std::size_t begin = c / count * stretch_bytes;
        const auto left = static_cast<std::size_t>(context_after(bytes[begin - 1]));
        const Table::Row row = at == 0 ? cache.hot_[g].empty[left] : Table::Row{trace[c][at - 1]} >> Table::row_shift;
        if (row == Table::no_row || cache.tables_[g].full()) continue;
        (void)cache.tables_[g].fill(row, bytes[begin + at]);
    }
    cache.refresh();
}

std::size_t Stream::leap(Cache& cache, const unsigned char* bytes, std::uint64_t offset) {
    const auto by_lanes = [&](auto row_lines) -> std::size_t {
        switch (lane_count_) {
        case 1: return leap<1, row_lines>(cache, bytes, offset);
        case 2: return leap<2, row_lines>(cache, bytes, offset);
        case 3: return leap<3, row_lines>(cache, bytes, offset);
        default: return leap<4, row_lines>(cache, bytes, offset);
        }
    };
    switch (cache.row_lines_) {
    case 1: return by_lanes(std::integral_constant<std::size_t, 1>{});
    case 3: return by_lanes(std::integral_constant<std::size_t, 3>{});
    case 5: return by_lanes(std::integral_constant<std::size_t, 5>{});
    case 7: return by_lanes(std::integral_constant<std::size_t, 7>{});
    default: return by_lanes(std::integral_constant<std::size_t, 9>{});
    }
}

}  // namespace gw::guardrail
