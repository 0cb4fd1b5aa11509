// Moves: what a byte does to the threads of a pattern, remembered.
//
// What a step does depends on the nodes of the threads and on which of them began together, not on where that was. So
// the threads are taken apart: the shape (nodes, in the order of their starts, and the rank of each start), and the
// starts by rank. A move leads from shape to shape and says where each start comes from:
//
//     shape 7, byte 'x'  -->  shape 9, starts {old 0, old 2, here}, nothing matches
//
// Between pieces the threads are kept as they are, so what is here may be thrown away at any time.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <unordered_map>
#include <vector>

#include "guardrail/automaton_set.h"

namespace gw::guardrail {

struct Thread {
    NodeId node = 0;
    std::uint64_t start = 0;
};

// One step of one pattern's threads, computed.
class ThreadStepper {
public:
    static constexpr std::uint64_t never = UINT64_MAX;

    ThreadStepper(const PatternSet& set, std::pmr::memory_resource* memory)
        : set_(&set),
          next_(set.entry_nodes_max(), memory),
          marks_(set.entry_nodes_max(), 0, memory),
          looks_(set.entry_nodes_max(), 0, memory) {}

    // Moves `threads`, oldest first, over `byte` (or end_of_text), and begins a new one at `position`. What is left is
    // in threads(), in `before` the start of what matches in front of the byte, in `now` of what matches behind it.
    void step(std::uint32_t pattern, std::span<const Thread> threads, Context left, std::uint64_t position,
              unsigned byte);
    [[nodiscard]] std::span<const Thread> threads() const noexcept { return {next_.data(), count_}; }
    std::uint64_t before = never, now = never;

private:
    struct Step;
    void advance(const Step& step, NodeId node, std::uint64_t start);
    void pass_look(const Step& step, NodeId node, std::uint64_t start);

    const PatternSet* set_;
    std::pmr::vector<Thread> next_;
    std::size_t count_ = 0;
    std::pmr::vector<std::uint32_t> marks_, looks_;  // the step that saw a node last
    std::uint32_t step_ = 0;
};

class Moves {
public:
    using Shape = std::uint32_t;
    static constexpr Shape no_shape = 0;
    static constexpr std::size_t ranks_max = 64;
    static constexpr std::uint16_t here = UINT16_MAX, none = UINT16_MAX - 1;

    struct Move {
        Shape to = no_shape;                      // no_shape: too large to remember
        std::uint16_t before = none, now = none;  // rank of what matches; `here`: the thread that begins here
        std::uint16_t rank_count = 0;
        std::uint32_t sources = 0;  // rank by rank: an old rank, or `here`
    };

    Moves(const PatternSet& set, std::pmr::memory_resource* memory);

    // The shape of these threads; their starts by rank go to `starts`. no_shape when there are too many.
    [[nodiscard]] Shape shape(std::uint32_t pattern, std::span<const Thread> threads, Context left,
                              std::uint64_t* starts, std::size_t& rank_count);
    // Puts the threads together again.
    void threads(Shape shape, const std::uint64_t* starts, std::pmr::vector<Thread>& out) const;
    [[nodiscard]] const Move& move(Shape shape, unsigned byte, ThreadStepper& stepper) {
        const std::uint32_t known = cells_[shapes_[shape].cells + classes_of(shape)[byte]];
        return known != 0 ? moves_[known] : compute(shape, byte, stepper);
    }
    [[nodiscard]] const std::uint16_t* sources(const Move& move) const noexcept {
        return sources_.data() + move.sources;
    }
    // Patterns with long counts make new shapes all the time; for those remembering is not worth its price. Bytes of
    // this pattern that are to be stepped plainly before the next try.
    [[nodiscard]] std::size_t& plain_bytes(std::uint32_t pattern) noexcept { return plain_bytes_[pattern]; }
    [[nodiscard]] std::size_t computed() const noexcept { return moves_.size(); }
    [[nodiscard]] bool full() const noexcept { return cells_.size() + sources_.size() > size_max; }
    void clear() noexcept;

private:
    static constexpr std::size_t size_max = 1U << 18U;
    struct Stored {
        std::uint32_t pattern = 0;
        std::uint32_t nodes = 0;  // in nodes_: node and rank in turns
        std::uint32_t cells = 0;
        std::uint16_t node_count = 0;
        std::uint16_t rank_count = 0;
        Context left = Context::other;
    };
    [[nodiscard]] const std::uint8_t* classes_of(Shape shape) const noexcept {
        return set_->patterns()[shapes_[shape].pattern].class_of.data();
    }
    const Move& compute(Shape shape, unsigned byte, ThreadStepper& stepper);

    const PatternSet* set_;
    std::pmr::vector<Stored> shapes_;
    std::pmr::vector<std::uint32_t> nodes_;
    std::pmr::vector<std::uint32_t> cells_;
    std::pmr::vector<Move> moves_;
    std::pmr::vector<std::uint16_t> sources_;
    std::pmr::unordered_multimap<std::uint64_t, Shape> index_;
    std::pmr::vector<Thread> scratch_;
    std::pmr::vector<std::size_t> plain_bytes_;
};

}  // namespace gw::guardrail
