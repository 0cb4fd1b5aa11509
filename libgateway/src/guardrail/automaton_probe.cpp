#include "guardrail/automaton_probe.h"

#include <algorithm>
#include <bit>

#include "guardrail/automaton_table.h"

namespace gw::guardrail {
namespace {

// SplitMix64: the same walk on every machine, so that a pack is judged the same everywhere.
class Walk {
public:
    std::size_t below(std::size_t limit) noexcept {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
        return static_cast<std::size_t>((z ^ (z >> 31U)) % limit);
    }

private:
    std::uint64_t state_ = 1;
};

// A byte of the set: the first one from a random place on.
unsigned byte_of(const ByteSet& set, Walk& walk) noexcept {
    const std::size_t from = walk.below(256);
    for (std::size_t i = 0; i <= set.bits.size(); ++i) {
        const std::size_t word = (from / 64 + i) % set.bits.size();
        const std::uint64_t bits = i == 0 ? set.bits[word] >> (from % 64) << (from % 64) : set.bits[word];
        if (bits != 0) return static_cast<unsigned>(word * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
    }
    return 0;
}

}  // namespace

std::size_t probe_states(const PatternSet& set, std::size_t group_index, std::size_t states_max,
                         std::pmr::memory_resource* memory) {
    constexpr std::size_t quiet_steps = 500;  // a walk that finds nothing new for so long has seen it all
    const PatternSet::Group& group = set.groups()[group_index];
    Table table(set, group_index, memory);
    Walk walk;
    Table::Row row = table.find({}, Context::text_begin);
    std::size_t quiet = 0;
    std::pmr::vector<std::uint16_t> nodes(memory);
    while (quiet < quiet_steps && table.state_count() <= states_max && !table.full()) {
        nodes.clear();
        table.expand(table.state(row).strands, nodes);
        unsigned byte = 0;
        const std::size_t choice = walk.below(4);
        if (choice == 0 || nodes.empty()) {  // begin anew
            const Follow start = group.entries[walk.below(group.entries.size())].start;
            const auto begun = set.program().nodes(start, Context::other);
            const ProgramNode* node = begun.empty() ? nullptr : &set.program().node(begun[walk.below(begun.size())]);
            byte = node != nullptr && node->kind == ProgramNode::Kind::bytes
                       ? byte_of(set.program().set(set.program().edges(*node)[0].set), walk)
                       : static_cast<unsigned>(walk.below(128));
        } else {  // go on, with some live node
            const ProgramNode& node = set.program().node(group.begin + nodes[walk.below(nodes.size())]);
            byte = node.kind == ProgramNode::Kind::bytes
                       ? byte_of(set.program().set(set.program().edges(node)[0].set), walk)
                       : static_cast<unsigned>(' ');
        }
        Table::Cell cell = table.next(row, byte);
        const std::size_t known = table.state_count();
        if (cell == Table::missing) cell = table.fill(row, byte);
        quiet = table.state_count() == known ? quiet + 1 : 0;
        row = cell >> Table::row_shift;
    }
    return table.state_count();
}

}  // namespace gw::guardrail
