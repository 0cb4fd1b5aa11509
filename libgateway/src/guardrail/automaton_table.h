// Table: the deterministic automaton of one group, made state by state as texts need it.
//
//     a row of cells:  flags | next | next | ... one per class of bytes, the commonest first
//     next:            row << 2 | survives << 1 | event
//
// A state is a set of live nodes, what stands to the left (as far as the group can tell) and what has just matched. The
// node set does not contain the beginnings that every position has; they are added when a step is computed. So "did
// anything but a new beginning live through this byte?" is known per step: that is the `survives` bit, and with it the
// start of the oldest live match is one conditional move per byte. `event` marks the steps that need a look: nothing
// computed yet, or something matched.
//
// Reading a cell is what a byte costs, so cells are small and rows begin with a cache line: of most states ordinary
// text touches that line only.
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
    using Cell = std::uint16_t;
    using Row = std::uint32_t;  // number of a state
    static constexpr Cell event = 1, survives = 2;
    static constexpr unsigned row_shift = 2;
    static constexpr Cell missing = 0xFFFF;
    static constexpr Row no_row = 0;  // a row of missing cells: the state is not in the table
    static constexpr Row rows_max = missing >> row_shift;
    static constexpr std::size_t line_cells = 32;
    // Flags: has live nodes; a match waits for the next byte; has live nodes that are not public.
    static constexpr Cell live = 1, undecided = 2, held = 4;

    // An odd number of lines that hold the flags and so many classes. (With an even one, the lines that are read most
    // would all fall into the same few sets of the processor's caches.)
    [[nodiscard]] static constexpr std::size_t lines_for(std::size_t classes) noexcept {
        return (classes + 1 + line_cells - 1) / line_cells | 1U;
    }
    // A row has at least lines_for() its classes.
    Table(const PatternSet& set, std::size_t group, std::size_t row_lines, std::pmr::memory_resource* memory);

    struct State {
        std::span<const std::uint16_t> before, now, nodes;
        Context context;
    };
    [[nodiscard]] State state(Row row) const noexcept;
    [[nodiscard]] Cell flags(Row row) const noexcept { return cells()[row * row_lines_ * line_cells]; }
    [[nodiscard]] Cell next(Row row, unsigned byte) const noexcept {
        return cells()[row * row_lines_ * line_cells + 1 + group_.class_of[byte]];
    }
    [[nodiscard]] const Cell* cells() const noexcept { return lines_.data()->cells; }
    // The cell behind `cell`; `column` is that of a byte's class. Kept short: this is the way that a text takes.
    template <std::size_t row_lines>
    [[nodiscard, gnu::always_inline]] static std::size_t follow(const Cell* column, std::size_t cell) noexcept {
        return column[(cell & ~std::size_t{3}) * (row_lines * line_cells >> row_shift)];
    }
    // The cells of a row begin with its flags, so the class of a byte is one less than its cell.
    [[nodiscard]] const std::uint8_t* classes() const noexcept { return group_.class_of.data(); }

    // The row of the state with these nodes and nothing just matched.
    [[nodiscard]] Row find(std::span<const std::uint16_t> nodes, Context context);
    // Computes the missing cell of `row` for `byte`.
    [[nodiscard]] Cell fill(Row row, unsigned byte);
    // One step without the table. `byte` may be end_of_text.
    void step(std::span<const std::uint16_t> nodes, Context context, unsigned byte, Successor& out);
    [[nodiscard]] Cell flags_of(std::span<const std::uint16_t> nodes) const noexcept;

    void clear() noexcept;
    // No state can be added before clear().
    [[nodiscard]] bool full() const noexcept { return states_.size() + 2 >= rows_max; }
    [[nodiscard]] std::size_t size() const noexcept;  // bytes that clear() would free
    [[nodiscard]] std::size_t state_count() const noexcept { return states_.size(); }

private:
    struct alignas(64) Line {
        Cell cells[line_cells];
    };
    [[nodiscard]] static Line missing_line() noexcept {
        Line line;
        for (Cell& cell : line.cells) cell = missing;
        return line;
    }
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
    std::size_t row_lines_;
    std::pmr::vector<Line> lines_;
    std::pmr::vector<Stored> states_;
    std::pmr::vector<std::uint16_t> sets_;
    std::pmr::vector<std::uint32_t> buckets_;  // state + 1, 0: free; a power of two
    std::pmr::vector<Fresh> fresh_;            // by context and class
    std::pmr::vector<std::uint16_t> fresh_sets_;
    std::pmr::vector<std::uint8_t> node_flags_;  // what a live node adds to the flags of a state
    // Scratch: the set being built, as bits and as bits of which words have any.
    std::pmr::vector<std::uint64_t> words_;
    std::array<std::uint64_t, 16> summary_{};
    std::pmr::vector<std::uint16_t> looked_;
    Successor successor_, fresh_successor_;
};

}  // namespace gw::guardrail
