// Strands: where single parts of a group stand, and what a byte makes of that.
//
//     live nodes of the group:   | part 3: 7 9 | part 12: 40 | part 31: 88 90 91 |
//     strands:                         #5            #2                #9          one number for each
//
//     #5 --'x'--> #8             remembered: strand, class of the byte for that part -> strand, flags
//
// Texts meet the same few strands again and again, only in ever new combinations. So a state of the group is kept as
// the list of its strands, and a step that no table has yet is a look-up for each of them instead of a walk over all
// their nodes. That is what new states cost, and what a byte costs where no table is used at all.
//
// A strand is a part's live nodes, never none, and what stands to the left of the place (as far as the group can tell).
// The beginnings that every position has are in what a byte leads to.
#pragma once

#include <array>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include "guardrail/automaton_set.h"

namespace gw::guardrail {

class Strands {
public:
    using Id = std::uint16_t;
    static constexpr Id none = 0;

    Strands(const PatternSet& set, const PatternSet::Group& group, std::pmr::memory_resource* memory);

    // What a byte makes of one strand. One word, as it is in the cell: separate members would be stored and read again.
    struct Move {
        static constexpr std::uint32_t survives_bit = 1U << 16U, before_bit = 1U << 17U, now_bit = 1U << 18U;
        std::uint32_t word = 0;
        [[nodiscard]] Id next() const noexcept {
            return static_cast<Id>(word);
        }  // with the part's new beginning, if any
        [[nodiscard]] bool survives() const noexcept { return (word & survives_bit) != 0; }  // more than that beginning
        [[nodiscard]] bool before() const noexcept {
            return (word & before_bit) != 0;
        }                                                                          // it matches in front of the byte
        [[nodiscard]] bool now() const noexcept { return (word & now_bit) != 0; }  // or behind it
    };
    [[nodiscard]] Move move(Id strand, unsigned byte) {
        const Stored& stored = stored_[strand];
        const std::uint32_t cell = cells_[stored.cells + classes_[stored.classes][byte]];
        return (cell & known) != 0 ? Move{cell} : compute(strand, byte);
    }
    // The parts that begin with a byte: their strands behind it, and those of which it is a whole match. By part.
    struct Beginning {
        std::uint16_t part;
        Id strand;
    };
    struct Begun {
        std::span<const Beginning> strands;
        std::span<const std::uint16_t> now;
    };
    [[nodiscard]] Begun begin(Context left, unsigned byte);
    // True when the part matches before the end of the text, if that comes next.
    [[nodiscard]] bool ends(Id strand);

    [[nodiscard]] std::uint16_t part(Id strand) const noexcept { return stored_[strand].part; }
    // Of Table: what a live node of it adds to the flags of a state.
    [[nodiscard]] std::uint8_t flags(Id strand) const noexcept { return stored_[strand].flags; }
    [[nodiscard]] std::span<const std::uint16_t> nodes(Id strand) const noexcept {
        return {sets_.data() + stored_[strand].nodes, stored_[strand].count};
    }
    // The strands of these nodes, sorted, of any parts; appended in the order of the parts.
    void append(std::span<const std::uint16_t> nodes, Context left, std::pmr::vector<Id>& out);

    void clear() noexcept;
    // No step is possible before clear().
    [[nodiscard]] bool full() const noexcept { return stored_.size() + 2 * group_.entries.size() + 2 > UINT16_MAX; }
    [[nodiscard]] std::size_t size() const noexcept;  // bytes that clear() would free

private:
    struct Stored {
        std::uint32_t nodes = 0, cells = 0;  // in sets_, in cells_
        std::uint16_t count = 0, part = 0, classes = 0;
        Context left = Context::other;
        std::uint8_t flags = 0;
    };
    // Of a part that has a strand.
    struct Part {
        std::uint16_t class_count = 0;  // 0: it has none yet
        std::uint16_t classes = 0;      // in classes_
    };
    struct BeginningList {
        std::uint32_t begin = UINT32_MAX, now = 0;  // in begun_, begun_now_
        std::uint16_t count = 0, now_count = 0;
    };
    // A cell is a Move and this bit.
    static constexpr std::uint32_t known = 1U << 31U;
    // The walk over the nodes of one part.
    struct Step {
        Context left, right;
        unsigned byte;
        bool before = false, now = false;
    };
    [[nodiscard]] Move compute(Id strand, unsigned byte);
    void advance(std::uint16_t node, Step& step);
    void mark(std::uint16_t node) noexcept { words_[node >> 6U] |= std::uint64_t{1} << (node & 63U); }
    // The marked nodes of a part as a strand; nothing is marked any more.
    [[nodiscard]] Id collect(std::uint16_t part, Context left);
    [[nodiscard]] Id intern(std::span<const std::uint16_t> nodes, std::uint16_t part, Context left);
    void classify(std::uint16_t part);
    void unmark() noexcept;
    [[nodiscard]] static std::size_t hash(std::span<const std::uint16_t> nodes, Context left) noexcept;
    [[nodiscard]] Context merged(Context context) const noexcept {
        return group_.context[static_cast<std::size_t>(context)];
    }

    const PatternSet::Group& group_;
    const Program& program_;
    std::pmr::vector<Stored> stored_;  // by Id; the first is none
    std::pmr::vector<Part> parts_;
    std::pmr::vector<std::array<std::uint8_t, 256>> classes_;
    std::pmr::vector<std::uint32_t> cells_;
    std::pmr::vector<std::uint16_t> sets_;
    std::pmr::vector<std::uint32_t> buckets_;     // Id, 0: free; a power of two
    std::pmr::vector<BeginningList> beginnings_;  // by context and class of the group
    std::pmr::vector<Beginning> begun_;
    std::pmr::vector<std::uint16_t> begun_now_;
    std::pmr::vector<std::uint8_t> node_flags_;
    // Scratch: marked nodes as bits, look nodes that were passed, nodes collected, sets of a part.
    std::pmr::vector<std::uint64_t> words_;
    std::pmr::vector<std::uint16_t> looked_, nodes_;
    std::pmr::vector<std::uint32_t> part_sets_;
    std::pmr::vector<Beginning> made_;
    std::pmr::vector<std::uint16_t> made_now_;
    bool dirty_ = false;
};

}  // namespace gw::guardrail
