// Strands: where single parts of a group stand, and what a byte makes of that.
//
//     live nodes of the group:   | part 3: 7 9 | part 12: 40 | part 31: 88 90 91 |     begun with the last byte:
//     strands:                         #5            #2                #9               #17, the tail
//
//     #5  --'x'--> #8            remembered: strand, class of the byte for that part -> strand, flags
//     #17 --'x'--> part 4: #20   remembered: tail, class of the byte for the group -> what grows out of it
//
// Texts meet the same few strands again and again, only in ever new combinations. So a state of the group is kept as
// the list of its strands, and a step that no table has yet is a look-up for each of them instead of a walk over all
// their nodes. That is what new states cost, and what a byte costs where no table is used at all.
//
// A strand is a part's live nodes, never none, and what stands to the left of the place (as far as the group can tell).
// The beginnings that every position has are in what a byte leads to. Of the parts that have nothing but a beginning
// most end with the next byte, and there are many: together they are one strand, the tail, of no part. It comes last in
// a list, and may have nodes of parts that have a strand of their own, which has them, too.
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

    // What a byte makes of one strand. One word: separate members would be stored and read again.
    struct Move {
        static constexpr std::uint32_t before_bit = 1U << 16U, now_bit = 1U << 17U;
        std::uint32_t word = 0;
        [[nodiscard]] Id next() const noexcept {
            return static_cast<Id>(word);
        }  // with the part's new beginning, if any
        [[nodiscard]] bool survives() const noexcept { return next() != none; }  // more than that beginning
        [[nodiscard]] bool before() const noexcept {
            return (word & before_bit) != 0;
        }                                                                          // it matches in front of the byte
        [[nodiscard]] bool now() const noexcept { return (word & now_bit) != 0; }  // or behind it
    };
    [[nodiscard]] Move move(Id strand, unsigned byte) {
        const Stored& stored = stored_[strand];
        const std::uint16_t cell = cells_[stored.cells + classes_[stored.classes][byte]];
        if (cell < ids_max) return Move{cell};
        return cell == unknown ? compute(strand, byte) : Move{matching_[cell - ids_max]};
    }
    // The parts that begin with a byte: the tail behind it, or none, and those of which it is a whole match, sorted.
    struct Begun {
        Id tail;
        std::span<const std::uint16_t> now;
    };
    [[nodiscard]] Begun begin(Context left, unsigned byte);
    // What a byte makes of a part in a tail, where it survives or matches. By part; no_part ends the list.
    struct Grown {
        std::uint16_t part;
        Move move;
    };
    static constexpr std::uint16_t no_part = UINT16_MAX;
    [[nodiscard]] bool is_tail(Id strand) const noexcept { return part(strand) == no_part; }
    [[nodiscard]] const Grown* grow(Id tail, unsigned byte) {
        std::uint32_t list = growths_[stored_[tail].cells + group_.class_of[byte]];
        if (list == 0) list = compute_growth(tail, byte);
        return grown_.data() + list;
    }
    [[nodiscard]] const Grown* grow_nothing() const noexcept { return grown_.data(); }
    // Appends the parts that match before the end of the text, if that comes next.
    void end(Id strand, std::pmr::vector<std::uint16_t>& parts);

    [[nodiscard]] std::uint16_t part(Id strand) const noexcept { return stored_[strand].part; }
    // Of Table: what a live node of it adds to the flags of a state.
    [[nodiscard]] std::uint8_t flags(Id strand) const noexcept { return origins_[strand].flags; }
    // Appends its live nodes; a tail's are those of its parts.
    void append_nodes(Id strand, std::pmr::vector<std::uint16_t>& nodes) const;
    // The strands of these nodes, sorted, of any parts; appended in the order of the parts.
    void append(std::span<const std::uint16_t> nodes, Context left, std::pmr::vector<Id>& out);

    void clear() noexcept;
    // No step is possible before clear().
    [[nodiscard]] bool full() const noexcept {
        const std::size_t step_max = 3 * group_.entries.size() + 2;
        return stored_.size() + step_max > ids_max || matching_.size() + step_max > unknown - ids_max;
    }
    [[nodiscard]] std::size_t count() const noexcept { return stored_.size(); }
    [[nodiscard]] std::size_t size() const noexcept;  // bytes that clear() would free

private:
    // What a step needs, and what it does not.
    struct Stored {
        std::uint32_t cells = 0;  // in cells_, of a tail in growths_
        std::uint16_t part = 0, classes = 0;
    };
    struct Origin {
        std::uint32_t members = 0;  // in sets_: nodes, of a tail strands
        std::uint16_t count = 0;
        Context left = Context::other;
        std::uint8_t flags = 0;
    };
    // Of a part that has a strand.
    struct Part {
        std::uint16_t class_count = 0;  // 0: it has none yet
        std::uint16_t classes = 0;      // in classes_
    };
    struct Beginning {
        std::uint32_t now = UINT32_MAX;  // in begun_now_; UINT32_MAX: not computed
        std::uint16_t now_count = 0;
        Id tail = none;
    };
    // A cell is the next strand, or none; from ids_max on, a number in matching_.
    static constexpr std::uint16_t ids_max = 0xC000, unknown = 0xFFFF;
    // The walk over the nodes of one part.
    struct Step {
        Context left, right;
        unsigned byte;
        bool before = false, now = false;
    };
    [[nodiscard]] Move compute(Id strand, unsigned byte);
    [[nodiscard]] std::uint32_t compute_growth(Id tail, unsigned byte);
    void advance(std::uint16_t node, Step& step);
    void begin_part(std::uint16_t part, Step& step);
    void mark(std::uint16_t node) noexcept { words_[node >> 6U] |= std::uint64_t{1} << (node & 63U); }
    // The marked nodes of a part as a strand; nothing is marked any more.
    [[nodiscard]] Id collect(std::uint16_t part, Context left);
    [[nodiscard]] Id intern(std::span<const std::uint16_t> members, std::uint16_t part, Context left);
    [[nodiscard]] std::span<const std::uint16_t> members(Id strand) const noexcept {
        return {sets_.data() + origins_[strand].members, origins_[strand].count};
    }
    void classify(std::uint16_t part);
    void unmark() noexcept;
    [[nodiscard]] static std::size_t hash(std::span<const std::uint16_t> members, Context left) noexcept;
    [[nodiscard]] Context merged(Context context) const noexcept {
        return group_.context[static_cast<std::size_t>(context)];
    }

    const PatternSet::Group& group_;
    const Program& program_;
    std::pmr::vector<Stored> stored_;  // by Id; the first is none
    std::pmr::vector<Origin> origins_;
    std::pmr::vector<Part> parts_;
    std::pmr::vector<std::array<std::uint8_t, 256>> classes_;
    std::pmr::vector<std::uint16_t> cells_;
    std::pmr::vector<std::uint32_t> matching_;  // moves with which something matches
    std::pmr::vector<std::uint32_t> growths_;   // by tail and class of the group: where in grown_, 0: not computed
    std::pmr::vector<std::uint16_t> sets_;
    std::pmr::vector<std::uint32_t> buckets_;  // Id, 0: free; a power of two
    std::pmr::vector<Beginning> beginnings_;   // by context and class of the group
    std::pmr::vector<std::uint16_t> begun_now_;
    std::pmr::vector<Grown> grown_;  // lists; those at 0 and 1 are empty
    std::pmr::vector<std::uint8_t> node_flags_;
    // Scratch: marked nodes as bits, look nodes that were passed, nodes collected, sets of a part.
    std::pmr::vector<std::uint64_t> words_;
    std::pmr::vector<std::uint16_t> looked_, nodes_;
    std::pmr::vector<std::uint32_t> part_sets_;
    std::pmr::vector<Id> made_;
    std::pmr::vector<std::uint16_t> made_now_;
    std::pmr::vector<Grown> made_grown_;
    bool dirty_ = false;
};

}  // namespace gw::guardrail
