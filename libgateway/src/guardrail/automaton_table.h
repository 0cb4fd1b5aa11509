// Table: the deterministic automaton of one group, made state by state as texts need it.
//
//     a row of cells:  flags | next | next | ... one per class of bytes, the commonest first
//     next:            row << 2 | survives << 1 | event
//
// A state is a set of live nodes (as strands), what stands to the left (as far as the group can tell) and what has just
// matched. It does not contain the beginnings that every position has; they are added when a step is computed. So "did
// anything but a new beginning live through this byte?" is known per step: that is the `survives` bit, and with it the
// start of the oldest live match is one conditional move per byte. `event` marks the steps that need a look: nothing
// computed yet, or something matched.
//
// Reading a cell is what a byte costs, so cells are small, and the table is laid out in planes: the first cache line of
// all rows, then the second of all rows, and so on. Ordinary text touches the first plane and little else, so what it
// needs lies close together.
#pragma once

#include <array>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include "guardrail/automaton_set.h"
#include "guardrail/automaton_strands.h"

namespace gw::guardrail {

// What one byte makes of a set of strands.
struct Successor {
    explicit Successor(std::pmr::memory_resource* memory) : strands(memory), before(memory), now(memory) {}
    Context context = Context::other;
    bool survives = false;
    std::pmr::vector<Strands::Id> strands;   // in the order of their parts, the tail last
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
    // Flags: has live nodes; a match waits for the next byte; has live nodes that are not public; what has just matched
    // are later parts of chains, which mean nothing to a stream that has seen none of the first.
    static constexpr Cell live = 1, undecided = 2, held = 4, later = 8;

    Table(const PatternSet& set, std::size_t group, std::pmr::memory_resource* memory);

    struct State {
        std::span<const std::uint16_t> before, now;
        std::span<const Strands::Id> strands;
        Context context;
    };
    [[nodiscard]] State state(Row row) const noexcept;
    [[nodiscard]] Cell flags(Row row) const noexcept { return cells()[row * line_cells]; }
    [[nodiscard]] Cell next(Row row, unsigned byte) const noexcept {
        return cells()[row * line_cells + columns_[byte]];
    }
    // Of the first row. Both change what they hold when a state is added.
    [[nodiscard]] const Cell* cells() const noexcept { return lines_.data()->cells; }
    [[nodiscard]] const std::uint32_t* columns() const noexcept { return columns_.data(); }  // of the bytes, in a row
    // The cell behind `cell`. Kept short: this is the way that a text takes.
    [[nodiscard, gnu::always_inline]] static std::size_t follow(const Cell* cells, std::size_t column,
                                                                std::size_t cell) noexcept {
        return (cells + column)[(cell & ~std::size_t{3}) * (line_cells >> row_shift)];
    }
    // False when a step with `event` may be taken like any other by a stream without arms.
    [[nodiscard]] static bool matters(const Cell* cells, std::size_t cell) noexcept {
        return cell == missing || (follow(cells, 0, cell) & later) == 0;
    }

    // The row of the state with these strands and nothing just matched.
    [[nodiscard]] Row find(std::span<const Strands::Id> strands, Context context);
    // Computes the missing cell of `row` for `byte`.
    [[nodiscard]] Cell fill(Row row, unsigned byte);
    // One step without the table.
    void step(std::span<const Strands::Id> strands, Context context, unsigned byte, Successor& out);
    // The parts that match in front of the end of the text, if that comes next, in `out.before`.
    void end(std::span<const Strands::Id> strands, Successor& out);
    [[nodiscard]] Cell flags_of(std::span<const Strands::Id> strands) const noexcept;
    // From strands, whose numbers mean something to this table only and until clear(), to nodes, numbered from the
    // group's first, and back: to an empty list.
    void expand(std::span<const Strands::Id> strands, std::pmr::vector<std::uint16_t>& nodes) const;
    void reduce(std::span<const std::uint16_t> nodes, Context left, std::pmr::vector<Strands::Id>& strands) {
        strands_.append(nodes, left, strands);
    }

    // Forgets all states, and the strands too unless they are to stay: they are few where states are many.
    void clear(bool with_strands) noexcept;
    [[nodiscard]] std::size_t strands_size() const noexcept { return strands_.size(); }
    [[nodiscard]] std::size_t strand_count() const noexcept { return strands_.count(); }
    // No state can be added before clear().
    [[nodiscard]] bool full() const noexcept { return states_.size() + 2 >= rows_max || strands_.full(); }
    [[nodiscard]] std::size_t size() const noexcept;  // bytes that clear() would free, and strands
    [[nodiscard]] std::size_t state_count() const noexcept { return states_.size(); }

private:
    struct alignas(64) Line {
        Cell cells[line_cells];
    };
    static constexpr Line missing_line = [] {
        Line line{};
        for (Cell& cell : line.cells) cell = missing;
        return line;
    }();
    // Room for so many rows, in every plane.
    void resize(std::size_t rows);
    void clear_row(Row row) noexcept {
        for (std::size_t plane = 0; plane < planes_; ++plane) lines_[plane * rows_ + row] = missing_line;
    }
    struct Stored {
        std::uint32_t begin;  // in sets_: before, now, strands
        std::uint16_t before_count, now_count, strand_count;
        Context context;
    };

    [[nodiscard]] Row intern(const Successor& wanted);
    void rehash(std::size_t buckets);
    [[nodiscard]] static std::uint64_t hash(std::span<const std::uint16_t> before, std::span<const std::uint16_t> now,
                                            std::span<const Strands::Id> strands, Context context) noexcept;

    const PatternSet::Group& group_;
    std::size_t planes_;
    std::size_t rows_ = 0;  // there is room for
    std::array<std::uint32_t, 256> columns_{};
    std::pmr::vector<Line> lines_;
    std::pmr::vector<Stored> states_;
    std::pmr::vector<std::uint16_t> sets_;
    std::pmr::vector<std::uint32_t> buckets_;  // state + 1, 0: free; a power of two
    Strands strands_;
    Successor successor_;
};

}  // namespace gw::guardrail
