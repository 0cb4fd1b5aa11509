#include "guardrail/automaton_table.h"

#include <algorithm>
#include <cassert>

namespace gw::guardrail {

namespace {

constexpr std::size_t rows_min = 64;

void sort_unique(std::pmr::vector<std::uint16_t>& numbers) {
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
}

}  // namespace

Table::Table(const PatternSet& set, std::size_t group, std::pmr::memory_resource* memory)
    : group_(set.groups()[group]),
      planes_((group_.class_count + 1U + line_cells - 1) / line_cells),  // one cell more: the flags
      lines_(memory),
      states_(memory),
      sets_(memory),
      buckets_(memory),
      strands_(set, group_, memory),
      successor_(memory) {
    resize(rows_min);
    clear_row(no_row);
}

void Table::resize(std::size_t rows) {
    std::pmr::vector<Line> lines(planes_ * rows, lines_.get_allocator());
    for (std::size_t plane = 0; plane < planes_; ++plane) {
        const auto from = lines_.begin() + static_cast<std::ptrdiff_t>(plane * rows_);
        std::copy_n(from, rows_, lines.begin() + static_cast<std::ptrdiff_t>(plane * rows));
    }
    lines_ = std::move(lines);
    rows_ = rows;
    for (unsigned byte = 0; byte < 256; ++byte) {
        const std::size_t cell = group_.class_of[byte] + 1U;
        columns_[byte] = static_cast<std::uint32_t>(cell / line_cells * rows_ * line_cells + cell % line_cells);
    }
}

void Table::clear(bool with_strands) noexcept {
    states_.clear();
    sets_.clear();
    std::fill(buckets_.begin(), buckets_.end(), 0);
    // Strands are few where states are many: they stay, unless it is they that are many.
    if (with_strands || strands_.full()) strands_.clear();
}

std::size_t Table::size() const noexcept {
    return states_.size() * planes_ * sizeof(Line) + states_.size() * (sizeof(Stored) + 2 * sizeof(std::uint32_t)) +
           sets_.size() * sizeof(std::uint16_t) + strands_.size();
}

Table::State Table::state(Row row) const noexcept {
    assert(row != no_row);
    const Stored& stored = states_[row - 1];
    const std::uint16_t* at = sets_.data() + stored.begin;
    State state{};
    state.before = {at, stored.before_count};
    state.now = {at + stored.before_count, stored.now_count};
    state.strands = {at + stored.before_count + stored.now_count, stored.strand_count};
    state.context = stored.context;
    return state;
}

std::uint64_t Table::hash(std::span<const std::uint16_t> before, std::span<const std::uint16_t> now,
                          std::span<const Strands::Id> strands, Context context) noexcept {
    std::uint64_t h = static_cast<std::uint64_t>(context) + before.size() * 7 + now.size() * 131;
    const auto mix = [&h](std::span<const std::uint16_t> items) {
        for (const std::uint16_t item : items) {
            h = (h ^ item) * 0x9E3779B97F4A7C15ULL;
            h ^= h >> 29U;
        }
    };
    mix(before);
    mix(now);
    mix(strands);
    return h;
}

void Table::rehash(std::size_t buckets) {
    std::pmr::vector<std::uint32_t> grown(buckets, 0, buckets_.get_allocator());
    for (std::size_t i = 0; i < states_.size(); ++i) {
        const State s = state(static_cast<Row>(i + 1));
        std::size_t at = hash(s.before, s.now, s.strands, s.context) & (buckets - 1);
        while (grown[at] != 0) at = (at + 1) & (buckets - 1);
        grown[at] = static_cast<std::uint32_t>(i + 1);
    }
    buckets_ = std::move(grown);
}

Table::Row Table::intern(const Successor& wanted) {
    if (buckets_.size() < 2 * (states_.size() + 1)) rehash(std::max<std::size_t>(256, buckets_.size() * 2));
    const std::uint64_t key = hash(wanted.before, wanted.now, wanted.strands, wanted.context);
    std::size_t at = key & (buckets_.size() - 1);
    for (; buckets_[at] != 0; at = (at + 1) & (buckets_.size() - 1)) {
        const Row row = buckets_[at];
        const State s = state(row);
        if (s.context == wanted.context &&
            std::equal(s.strands.begin(), s.strands.end(), wanted.strands.begin(), wanted.strands.end()) &&
            std::equal(s.before.begin(), s.before.end(), wanted.before.begin(), wanted.before.end()) &&
            std::equal(s.now.begin(), s.now.end(), wanted.now.begin(), wanted.now.end())) {
            return row;
        }
    }
    // Reserve first, so that a refusing allocator leaves the table as it was.
    const std::size_t set_size = wanted.before.size() + wanted.now.size() + wanted.strands.size();
    const auto room = [](auto& vector, std::size_t more) {
        if (vector.capacity() - vector.size() < more) vector.reserve(std::max(vector.size() + more, vector.size() * 2));
    };
    const Row row = static_cast<Row>(states_.size() + 1);
    if (row == rows_) resize(rows_ + rows_ / 2);
    room(states_, 1);
    room(sets_, set_size);
    assert(!full());
    clear_row(row);
    const auto is_later = [this](std::uint16_t part) {
        return part < group_.parts.size() && group_.parts[part].index > 0;
    };
    Cell& flags = lines_[row].cells[0];
    flags = flags_of(wanted.strands);
    if (std::all_of(wanted.before.begin(), wanted.before.end(), is_later) &&
        std::all_of(wanted.now.begin(), wanted.now.end(), is_later)) {
        flags |= later;
    }
    states_.push_back({static_cast<std::uint32_t>(sets_.size()), static_cast<std::uint16_t>(wanted.before.size()),
                       static_cast<std::uint16_t>(wanted.now.size()), static_cast<std::uint16_t>(wanted.strands.size()),
                       wanted.context});
    sets_.insert(sets_.end(), wanted.before.begin(), wanted.before.end());
    sets_.insert(sets_.end(), wanted.now.begin(), wanted.now.end());
    sets_.insert(sets_.end(), wanted.strands.begin(), wanted.strands.end());
    buckets_[at] = static_cast<std::uint32_t>(states_.size());
    return row;
}

Table::Row Table::find(std::span<const Strands::Id> strands, Context context) {
    successor_.strands.assign(strands.begin(), strands.end());
    successor_.before.clear();
    successor_.now.clear();
    successor_.context = group_.context[static_cast<std::size_t>(context)];
    return intern(successor_);
}

Table::Cell Table::fill(Row row, unsigned byte) {
    const State from = state(row);
    step(from.strands, from.context, byte, successor_);
    const Row to = intern(successor_);
    unsigned cell = to << row_shift;
    if (successor_.survives) cell |= survives;
    if (!successor_.before.empty() || !successor_.now.empty()) cell |= event;
    const std::size_t at = row * line_cells + columns_[byte];
    lines_[at / line_cells].cells[at % line_cells] = static_cast<Cell>(cell);
    return static_cast<Cell>(cell);
}

// Both lists are in the order of the parts. What grows out of the tail counts only for parts without a strand of their
// own, which takes its beginnings along. No move touches the list of what grows.
void Table::step(std::span<const Strands::Id> strands, Context context, unsigned byte, Successor& out) {
    out.before.clear();
    out.now.clear();
    out.strands.clear();
    out.context = group_.context[static_cast<std::size_t>(context_after(byte))];
    const Strands::Begun begun = strands_.begin(context, byte);
    out.now.assign(begun.now.begin(), begun.now.end());
    const bool has_tail = !strands.empty() && strands_.is_tail(strands.back());
    const Strands::Grown* grown = has_tail ? strands_.grow(strands.back(), byte) : strands_.grow_nothing();
    if (has_tail) strands = strands.first(strands.size() - 1);
    const auto take = [&out](std::uint16_t part, Strands::Move move) {
        if (move.survives()) out.strands.push_back(move.next());
        if (move.before()) out.before.push_back(part);
        if (move.now()) out.now.push_back(part);
    };
    for (const Strands::Id strand : strands) {
        const std::uint16_t part = strands_.part(strand);
        for (; grown->part < part; ++grown) take(grown->part, grown->move);
        if (grown->part == part) ++grown;
        take(part, strands_.move(strand, byte));
    }
    for (; grown->part != Strands::no_part; ++grown) take(grown->part, grown->move);
    out.survives = !out.strands.empty();
    if (begun.tail != Strands::none) out.strands.push_back(begun.tail);
    if (out.now.size() > 1) sort_unique(out.now);
}

void Table::end(std::span<const Strands::Id> strands, Successor& out) {
    out.before.clear();
    for (const Strands::Id strand : strands) strands_.end(strand, out.before);
    sort_unique(out.before);
}

void Table::expand(std::span<const Strands::Id> strands, std::pmr::vector<std::uint16_t>& nodes) const {
    for (const Strands::Id strand : strands) strands_.append_nodes(strand, nodes);
    sort_unique(nodes);
}

Table::Cell Table::flags_of(std::span<const Strands::Id> strands) const noexcept {
    unsigned flags = 0;
    for (const Strands::Id strand : strands) flags |= strands_.flags(strand);
    return static_cast<Cell>(flags);
}

}  // namespace gw::guardrail
