// Table: the deterministic automaton of one group, made state by state as texts need it.
//
//     cells of a state:  flags | next | next | ... one per class of bytes ...   (its row is the index of the first
//     next) next:              row << 2 | survives << 1 | event
//
// A state is a set of live nodes, what stands to the left (as far as the group can tell) and what has just matched. The
// node set does not contain the beginnings that every position has; they are added when a step is computed. So "did
// anything but a new beginning live through this byte?" is known per step: that is the `survives` bit, and with it the
// start of the oldest live match is one conditional move per byte. `event` marks the steps that need a look: nothing
// computed yet, or something matched.
#pragma once

#include <array>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include "guardrail/automaton_set.h"

namespace gw::guardrail {

// What one byte makes of a set of nodes.
struct Successor {
    explicit Successor(std::pmr::memory_resource* memory) : nodes(memory), before(memory), now(memory) {}
    Context context = Context::other;
    bool survives = false;
    std::pmr::vector<std::uint16_t> nodes;   // live, numbered from the group's first, sorted
    std::pmr::vector<std::uint16_t> before;  // parts that match and end before the byte
    std::pmr::vector<std::uint16_t> now;     // parts that match and end behind it
};

class Table {
public:
    using Cell = std::uint32_t;
    using Row = std::uint32_t;  // index of a state's first next cell
    static constexpr Cell event = 1, survives = 2;
    static constexpr unsigned row_shift = 2;
    static constexpr Cell missing = ~Cell{0};
    static constexpr Row no_row = 1;                // a row of missing cells: the state is not in the table
    static constexpr Cell live = 1, undecided = 2;  // flags: has live nodes; a match waits for the next byte

    Table(const PatternSet& set, std::size_t group, std::pmr::memory_resource* memory);

    struct State {
        std::span<const std::uint16_t> before, now, nodes;
        Context context;
    };
    [[nodiscard]] State state(Row row) const noexcept;
    [[nodiscard]] Cell flags(Row row) const noexcept { return cells_[row - 1]; }
    [[nodiscard]] const Cell* cells() const noexcept { return cells_.data(); }
    [[nodiscard]] const std::uint8_t* classes() const noexcept { return group_.class_of.data(); }

    // The row of the state with these nodes and nothing just matched.
    [[nodiscard]] Row find(std::span<const std::uint16_t> nodes, Context context);
    // Computes the missing cell of `row` for `byte`.
    [[nodiscard]] Cell fill(Row row, unsigned byte);
    // One step without the table. `byte` may be end_of_text.
    void step(std::span<const std::uint16_t> nodes, Context context, unsigned byte, Successor& out);
    // True when a node of the set waits for the next byte to match.
    [[nodiscard]] bool waits(std::span<const std::uint16_t> nodes) const noexcept;

    void clear() noexcept;
    [[nodiscard]] std::size_t size() const noexcept;  // bytes that clear() would free
    [[nodiscard]] std::size_t state_count() const noexcept { return states_.size(); }

private:
    struct Stored {
        std::uint32_t begin;  // in sets_: before, now, nodes
        std::uint16_t before_count, now_count, node_count;
        Context context;
    };
    // What the beginnings of all parts make of a byte.
    struct Fresh {
        std::uint32_t begin = UINT32_MAX;  // in fresh_sets_: nodes, now
        std::uint16_t node_count = 0, now_count = 0;
    };

    [[nodiscard]] Row intern(const Successor& wanted);
    [[nodiscard]] const Fresh& fresh(Context context, unsigned byte);
    void advance(std::uint16_t node, Context left, Context right, unsigned byte, Successor& out);
    void put(NodeId node, Successor& out);
    void discard() noexcept;
    void collect(std::pmr::vector<std::uint16_t>& out);
    void rehash(std::size_t buckets);
    [[nodiscard]] static std::uint64_t hash(std::span<const std::uint16_t> before, std::span<const std::uint16_t> now,
                                            std::span<const std::uint16_t> nodes, Context context) noexcept;
    void mark(std::uint16_t node) noexcept {
        words_[node >> 6U] |= std::uint64_t{1} << (node & 63U);
        summary_[node >> 12U] |= std::uint64_t{1} << (node >> 6U & 63U);
    }

    const PatternSet::Group& group_;
    const Program& program_;
    std::size_t row_size_;
    std::pmr::vector<Cell> cells_;
    std::pmr::vector<Stored> states_;
    std::pmr::vector<std::uint16_t> sets_;
    std::pmr::vector<std::uint32_t> buckets_;  // state + 1, 0: free; a power of two
    std::pmr::vector<Fresh> fresh_;            // by context and class
    std::pmr::vector<std::uint16_t> fresh_sets_;
    std::pmr::vector<bool> deciding_;  // look nodes that a match stands behind
    // Scratch: the set being built, as bits and as bits of which words have any.
    std::pmr::vector<std::uint64_t> words_;
    std::array<std::uint64_t, 16> summary_{};
    std::pmr::vector<std::uint16_t> looked_;
    Successor successor_, fresh_successor_;
};

}  // namespace gw::guardrail
