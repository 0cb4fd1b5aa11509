#include "guardrail/automaton_moves.h"

#include <algorithm>

namespace gw::guardrail {

// What stays the same during the step of one byte.
struct ThreadStepper::Step {
    const Program& program;
    Program::View view;
    const Entry& entry;
    std::uint64_t position;
    unsigned byte;
    Context left, right;
};

void ThreadStepper::step(std::uint32_t pattern, std::span<const Thread> threads, Context left, std::uint64_t position,
                         unsigned byte) {
    const Program& program = set_->program();
    const Step step{program,
                    program.view(),
                    set_->patterns()[pattern].entry,
                    position,
                    byte,
                    left,
                    byte == end_of_text ? Context::other : context_after(byte)};
    if (++step_ == 0) {
        marks_.assign(marks_.size(), 0);
        looks_.assign(looks_.size(), 0);
        step_ = 1;
    }
    count_ = 0;
    before = now = never;
    for (const Thread thread : threads) {
        // A match throws away what began behind its beginning, unless that is at its end.
        if (thread.start > now) break;
        if (thread.start > before && thread.start < position) continue;
        advance(step, thread.node, thread.start);
    }
    if (now == never && byte != end_of_text && step.entry.first.has(byte)) {
        for (const NodeId node : program.nodes(step.entry.start, left)) advance(step, node, position);
    }
}

// Moves one thread over the byte.
inline void ThreadStepper::advance(const Step& step, NodeId id, std::uint64_t start) {
    const ProgramNode& node = step.view.nodes[id];
    if (node.kind != ProgramNode::Kind::bytes) [[unlikely]] {
        pass_look(step, id, start);
        return;
    }
    if (step.byte == end_of_text) return;
    const Edge* edge = step.view.edges + node.first;
    for (const Edge* const end = edge + node.edge_count; edge != end; ++edge) {
        if (!step.view.sets[edge->set].has(step.byte)) continue;
        std::span<const NodeId> to(step.view.pool + edge->follow.first, edge->follow.count);
        if (edge->follow.depends_on_context()) [[unlikely]]
            to = step.program.nodes(edge->follow, step.right);
        for (const NodeId next : to) {
            if ((next & match_bit) != 0) {
                now = std::min(now, start);
                continue;
            }
            std::uint32_t& mark = marks_[next - step.entry.begin];
            if (mark == step_) continue;  // an older thread is there already
            mark = step_;
            next_[count_++] = {next, start};
        }
        return;  // the edges of a node are disjoint
    }
}

void ThreadStepper::pass_look(const Step& step, NodeId id, std::uint64_t start) {
    const ProgramNode& node = step.view.nodes[id];
    if (!satisfied(node.look, step.byte)) return;
    std::uint32_t& mark = looks_[id - step.entry.begin];
    if (mark == step_) return;
    mark = step_;
    for (const NodeId next : step.program.nodes(node.follow, step.left)) {
        if ((next & match_bit) != 0) {
            if (start < step.position) before = std::min(before, start);
        } else {
            advance(step, next, start);
        }
    }
}

Moves::Moves(const PatternSet& set, std::pmr::memory_resource* memory)
    : set_(&set),
      shapes_(memory),
      nodes_(memory),
      cells_(memory),
      moves_(memory),
      sources_(memory),
      index_(memory),
      scratch_(memory),
      plain_bytes_(set.patterns().size(), 0, memory) {
    shapes_.resize(1);  // no_shape
    moves_.resize(1);   // not known
}

void Moves::clear() noexcept {
    shapes_.resize(1);
    moves_.resize(1);
    nodes_.clear();
    cells_.clear();
    sources_.clear();
    index_.clear();
}

Moves::Shape Moves::shape(std::uint32_t pattern, std::span<const Thread> threads, Context left, std::uint64_t* starts,
                          std::size_t& rank_count) {
    rank_count = 0;
    std::uint64_t key = pattern * 4U + static_cast<std::uint64_t>(left);
    for (const Thread& thread : threads) {
        if (rank_count == 0 || starts[rank_count - 1] != thread.start) {
            if (rank_count == ranks_max) return no_shape;
            starts[rank_count++] = thread.start;
        }
        key = (key ^ (thread.node + (rank_count << 32U))) * 0x9E3779B97F4A7C15ULL;
        key ^= key >> 29U;
    }
    if (threads.size() > UINT16_MAX) return no_shape;
    for (auto [at, end] = index_.equal_range(key); at != end; ++at) {
        const Stored& stored = shapes_[at->second];
        bool same = stored.pattern == pattern && stored.left == left && stored.node_count == threads.size();
        for (std::size_t i = 0, rank = 0; same && i < threads.size(); ++i) {
            while (starts[rank] != threads[i].start) ++rank;
            same = nodes_[stored.nodes + 2 * i] == threads[i].node && nodes_[stored.nodes + 2 * i + 1] == rank;
        }
        if (same) return at->second;
    }
    Stored stored;
    stored.pattern = pattern;
    stored.left = left;
    stored.nodes = static_cast<std::uint32_t>(nodes_.size());
    stored.cells = static_cast<std::uint32_t>(cells_.size());
    stored.node_count = static_cast<std::uint16_t>(threads.size());
    stored.rank_count = static_cast<std::uint16_t>(rank_count);
    for (std::size_t i = 0, rank = 0; i < threads.size(); ++i) {
        while (starts[rank] != threads[i].start) ++rank;
        nodes_.push_back(threads[i].node);
        nodes_.push_back(static_cast<std::uint32_t>(rank));
    }
    cells_.resize(cells_.size() + set_->patterns()[pattern].class_count, 0);
    shapes_.push_back(stored);
    const auto made = static_cast<Shape>(shapes_.size() - 1);
    index_.emplace(key, made);
    return made;
}

void Moves::threads(Shape shape, const std::uint64_t* starts, std::pmr::vector<Thread>& out) const {
    const Stored& stored = shapes_[shape];
    out.clear();
    for (std::size_t i = 0; i < stored.node_count; ++i) {
        out.push_back({nodes_[stored.nodes + 2 * i], starts[nodes_[stored.nodes + 2 * i + 1]]});
    }
}

const Moves::Move& Moves::compute(Shape shape, unsigned byte, ThreadStepper& stepper) {
    const Stored from = shapes_[shape];
    // The step is done once with the ranks as starts; what begins here gets the next number.
    std::uint64_t ranks[ranks_max];
    for (std::size_t i = 0; i < ranks_max; ++i) ranks[i] = i;
    threads(shape, ranks, scratch_);
    stepper.step(from.pattern, scratch_, from.left, from.rank_count, byte);
    const auto source = [&](std::uint64_t start) {
        return start == ThreadStepper::never ? none
               : start == from.rank_count    ? here
                                             : static_cast<std::uint16_t>(start);
    };
    Move move;
    move.before = source(stepper.before);
    move.now = source(stepper.now);
    move.sources = static_cast<std::uint32_t>(sources_.size());
    std::uint64_t starts[ranks_max];
    std::size_t rank_count = 0;
    move.to = this->shape(from.pattern, stepper.threads(), context_after(byte), starts, rank_count);
    for (std::size_t rank = 0; rank < rank_count; ++rank) sources_.push_back(source(starts[rank]));
    move.rank_count = static_cast<std::uint16_t>(rank_count);
    moves_.push_back(move);
    cells_[from.cells + set_->patterns()[from.pattern].class_of[byte]] = static_cast<std::uint32_t>(moves_.size() - 1);
    return moves_.back();
}

}  // namespace gw::guardrail
