#include "guardrail/automaton_table.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace gw::guardrail {

Table::Table(const PatternSet& set, std::size_t group, std::size_t row_lines, std::pmr::memory_resource* memory)
    : group_(set.groups()[group]),
      program_(set.program()),
      row_lines_(row_lines),
      lines_(memory),
      states_(memory),
      sets_(memory),
      buckets_(memory),
      fresh_(memory),
      fresh_sets_(memory),
      node_flags_(memory),
      words_((group_.end - group_.begin) / 64 + 1, 0, memory),
      looked_(memory),
      successor_(memory),
      fresh_successor_(memory) {
    fresh_.resize(context_count * group_.class_count);
    node_flags_.resize(group_.end - group_.begin, live);
    for (NodeId id = group_.begin; id < group_.end; ++id) {
        const ProgramNode& node = program_.node(id);
        std::uint8_t& flags = node_flags_[id - group_.begin];
        if (!set.is_public(id)) flags |= held;
        if (node.kind != ProgramNode::Kind::look) continue;
        for (std::size_t c = 0; c < context_count; ++c) {
            for (const NodeId next : program_.nodes(node.follow, static_cast<Context>(c))) {
                // A match stands behind it, or may after another look.
                if ((next & match_bit) != 0 || program_.node(next).kind != ProgramNode::Kind::bytes) flags |= undecided;
            }
        }
    }
    lines_.resize(row_lines_, missing_line());  // no_row
}

void Table::clear() noexcept {
    lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(row_lines_), lines_.end());
    states_.clear();
    sets_.clear();
    std::fill(buckets_.begin(), buckets_.end(), 0);
}

std::size_t Table::size() const noexcept {
    return lines_.size() * sizeof(Line) + states_.size() * (sizeof(Stored) + 2 * sizeof(std::uint32_t)) +
           sets_.size() * sizeof(std::uint16_t);
}

Table::State Table::state(Row row) const noexcept {
    assert(row != no_row);
    const Stored& stored = states_[row - 1];
    const std::uint16_t* at = sets_.data() + stored.begin;
    State state{};
    state.before = {at, stored.before_count};
    state.now = {at + stored.before_count, stored.now_count};
    state.nodes = {at + stored.before_count + stored.now_count, stored.node_count};
    state.context = stored.context;
    return state;
}

std::uint64_t Table::hash(std::span<const std::uint16_t> before, std::span<const std::uint16_t> now,
                          std::span<const std::uint16_t> nodes, Context context) noexcept {
    std::uint64_t h = static_cast<std::uint64_t>(context) + before.size() * 7 + now.size() * 131;
    const auto mix = [&h](std::span<const std::uint16_t> items) {
        for (const std::uint16_t item : items) {
            h = (h ^ item) * 0x9E3779B97F4A7C15ULL;
            h ^= h >> 29U;
        }
    };
    mix(before);
    mix(now);
    mix(nodes);
    return h;
}

void Table::rehash(std::size_t buckets) {
    std::pmr::vector<std::uint32_t> grown(buckets, 0, buckets_.get_allocator());
    for (std::size_t i = 0; i < states_.size(); ++i) {
        const State s = state(static_cast<Row>(i + 1));
        std::size_t at = hash(s.before, s.now, s.nodes, s.context) & (buckets - 1);
        while (grown[at] != 0) at = (at + 1) & (buckets - 1);
        grown[at] = static_cast<std::uint32_t>(i + 1);
    }
    buckets_ = std::move(grown);
}

Table::Row Table::intern(const Successor& wanted) {
    if (buckets_.size() < 2 * (states_.size() + 1)) rehash(std::max<std::size_t>(256, buckets_.size() * 2));
    const std::uint64_t key = hash(wanted.before, wanted.now, wanted.nodes, wanted.context);
    std::size_t at = key & (buckets_.size() - 1);
    for (; buckets_[at] != 0; at = (at + 1) & (buckets_.size() - 1)) {
        const Row row = buckets_[at];
        const State s = state(row);
        if (s.context == wanted.context &&
            std::equal(s.nodes.begin(), s.nodes.end(), wanted.nodes.begin(), wanted.nodes.end()) &&
            std::equal(s.before.begin(), s.before.end(), wanted.before.begin(), wanted.before.end()) &&
            std::equal(s.now.begin(), s.now.end(), wanted.now.begin(), wanted.now.end())) {
            return row;
        }
    }
    // Reserve first, so that a refusing allocator leaves the table as it was.
    const std::size_t set_size = wanted.before.size() + wanted.now.size() + wanted.nodes.size();
    const auto room = [](auto& vector, std::size_t more) {
        if (vector.capacity() - vector.size() < more) vector.reserve(std::max(vector.size() + more, vector.size() * 2));
    };
    room(lines_, row_lines_);
    room(states_, 1);
    room(sets_, set_size);
    assert(!full());
    const Row row = static_cast<Row>(states_.size() + 1);
    lines_.insert(lines_.end(), row_lines_, missing_line());
    lines_[row * row_lines_].cells[0] = flags_of(wanted.nodes);
    states_.push_back({static_cast<std::uint32_t>(sets_.size()), static_cast<std::uint16_t>(wanted.before.size()),
                       static_cast<std::uint16_t>(wanted.now.size()), static_cast<std::uint16_t>(wanted.nodes.size()),
                       wanted.context});
    sets_.insert(sets_.end(), wanted.before.begin(), wanted.before.end());
    sets_.insert(sets_.end(), wanted.now.begin(), wanted.now.end());
    sets_.insert(sets_.end(), wanted.nodes.begin(), wanted.nodes.end());
    buckets_[at] = static_cast<std::uint32_t>(states_.size());
    return row;
}

Table::Row Table::find(std::span<const std::uint16_t> nodes, Context context) {
    successor_.nodes.assign(nodes.begin(), nodes.end());
    successor_.before.clear();
    successor_.now.clear();
    successor_.context = group_.context[static_cast<std::size_t>(context)];
    return intern(successor_);
}

Table::Cell Table::fill(Row row, unsigned byte) {
    const State from = state(row);
    step(from.nodes, from.context, byte, successor_);
    const Row to = intern(successor_);
    unsigned cell = to << row_shift;
    if (successor_.survives) cell |= survives;
    if (!successor_.before.empty() || !successor_.now.empty()) cell |= event;
    const std::size_t at = row * row_lines_ * line_cells + 1 + group_.class_of[byte];
    lines_[at / line_cells].cells[at % line_cells] = static_cast<Cell>(cell);
    return static_cast<Cell>(cell);
}

void Table::step(std::span<const std::uint16_t> nodes, Context context, unsigned byte, Successor& out) {
    out.nodes.clear();
    out.before.clear();
    out.now.clear();
    looked_.clear();
    discard();
    const Context right = byte == end_of_text ? Context::other : context_after(byte);
    out.context = group_.context[static_cast<std::size_t>(right)];
    for (const std::uint16_t node : nodes) advance(node, context, right, byte, out);
    out.survives = std::any_of(summary_.begin(), summary_.end(), [](std::uint64_t word) { return word != 0; });
    if (byte != end_of_text) {
        const Fresh& begun = fresh(context, byte);
        const std::uint16_t* at = fresh_sets_.data() + begun.begin;
        for (std::size_t i = 0; i < begun.node_count; ++i) mark(at[i]);
        out.now.insert(out.now.end(), at + begun.node_count, at + begun.node_count + begun.now_count);
    }
    collect(out.nodes);
    for (auto* list : {&out.before, &out.now}) {
        if (list->size() < 2) continue;
        std::sort(list->begin(), list->end());
        list->erase(std::unique(list->begin(), list->end()), list->end());
    }
}

const Table::Fresh& Table::fresh(Context context, unsigned byte) {
    Fresh& known = fresh_[static_cast<std::size_t>(context) * group_.class_count + group_.class_of[byte]];
    if (known.begin != UINT32_MAX) return known;
    // Called in the middle of a step: the set so far is put aside.
    std::pmr::vector<std::uint16_t> aside(fresh_sets_.get_allocator());
    collect(aside);
    Successor& out = fresh_successor_;
    out.before.clear();
    out.now.clear();
    out.nodes.clear();
    looked_.clear();
    for (const Follow start : group_.starts) {
        for (const NodeId node : program_.nodes(start, context)) {
            advance(static_cast<std::uint16_t>(node - group_.begin), context, context_after(byte), byte, out);
        }
    }
    collect(out.nodes);
    std::sort(out.now.begin(), out.now.end());
    out.now.erase(std::unique(out.now.begin(), out.now.end()), out.now.end());
    Fresh made;
    made.begin = static_cast<std::uint32_t>(fresh_sets_.size());
    made.node_count = static_cast<std::uint16_t>(out.nodes.size());
    made.now_count = static_cast<std::uint16_t>(out.now.size());
    fresh_sets_.insert(fresh_sets_.end(), out.nodes.begin(), out.nodes.end());
    fresh_sets_.insert(fresh_sets_.end(), out.now.begin(), out.now.end());
    known = made;
    for (const std::uint16_t node : aside) mark(node);
    return known;
}

void Table::advance(std::uint16_t local, Context left, Context right, unsigned byte, Successor& out) {
    const ProgramNode& node = program_.node(group_.begin + local);
    if (node.kind == ProgramNode::Kind::bytes) {
        if (byte == end_of_text) return;
        for (const Edge& edge : program_.edges(node)) {
            if (!program_.set(edge.set).has(byte)) continue;
            for (const NodeId next : program_.nodes(edge.follow, right)) put(next, out);
            return;  // the edges of a node are disjoint
        }
        return;
    }
    if (node.kind != ProgramNode::Kind::look || !satisfied(node.look, byte)) return;
    if (std::find(looked_.begin(), looked_.end(), local) != looked_.end()) return;
    looked_.push_back(local);
    for (const NodeId next : program_.nodes(node.follow, left)) {
        if ((next & match_bit) != 0) {
            out.before.push_back(static_cast<std::uint16_t>(program_.match(next)));
        } else {
            advance(static_cast<std::uint16_t>(next - group_.begin), left, right, byte, out);
        }
    }
}

void Table::put(NodeId id, Successor& out) {
    if ((id & match_bit) != 0) {
        out.now.push_back(static_cast<std::uint16_t>(program_.match(id)));
    } else {
        mark(static_cast<std::uint16_t>(id - group_.begin));
    }
}

void Table::collect(std::pmr::vector<std::uint16_t>& out) {
    for (std::size_t s = 0; s < summary_.size(); ++s) {
        for (std::uint64_t summary = summary_[s]; summary != 0; summary &= summary - 1) {
            const std::size_t w = s * 64 + static_cast<std::size_t>(std::countr_zero(summary));
            for (std::uint64_t word = words_[w]; word != 0; word &= word - 1) {
                out.push_back(static_cast<std::uint16_t>(w * 64 + static_cast<std::size_t>(std::countr_zero(word))));
            }
            words_[w] = 0;
        }
        summary_[s] = 0;
    }
}

// What a step left behind that std::bad_alloc cut short.
void Table::discard() noexcept {
    for (std::uint64_t& summary : summary_) {
        if (summary == 0) continue;
        std::fill(words_.begin(), words_.end(), 0);
        summary_.fill(0);
        return;
    }
}

Table::Cell Table::flags_of(std::span<const std::uint16_t> nodes) const noexcept {
    unsigned flags = 0;
    for (const std::uint16_t node : nodes) flags |= node_flags_[node];
    return static_cast<Cell>(flags);
}

}  // namespace gw::guardrail
