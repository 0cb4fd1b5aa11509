#include "guardrail/automaton_probe.h"

#include <algorithm>

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

unsigned byte_of(const ByteSet& set, Walk& walk) noexcept {
    for (unsigned byte = static_cast<unsigned>(walk.below(256)), i = 0; i < 256; ++i, byte = (byte + 1) % 256) {
        if (set.has(byte)) return byte;
    }
    return 0;
}

}  // namespace

std::size_t probe_states(const PatternSet& set, std::size_t states_max, std::pmr::memory_resource* memory) {
    std::size_t most = 0;
    for (std::size_t g = 0; g < set.groups().size(); ++g) {
        const PatternSet::Group& group = set.groups()[g];
        Table table(set, g, memory);
        Walk walk;
        Table::Row row = table.find({}, Context::text_begin);
        // A walk long enough that a tame table would be full: twice the bound.
        for (std::size_t i = 0; i < 2 * states_max && table.state_count() <= states_max; ++i) {
            const std::span<const std::uint16_t> nodes = table.state(row).nodes;
            unsigned byte = 0;
            const std::size_t choice = walk.below(4);
            if (choice == 0 || nodes.empty()) {  // begin anew
                const Follow start = group.starts[walk.below(group.starts.size())];
                const auto begun = set.program().nodes(start, Context::other);
                const ProgramNode* node =
                    begun.empty() ? nullptr : &set.program().node(begun[walk.below(begun.size())]);
                byte = node != nullptr && node->kind == ProgramNode::Kind::bytes
                           ? byte_of(set.program().set(set.program().edges(*node)[0].set), walk)
                           : static_cast<unsigned>(walk.below(128));
            } else {  // go on, with some live node
                const ProgramNode& node = set.program().node(group.begin + nodes[walk.below(nodes.size())]);
                byte = node.kind == ProgramNode::Kind::bytes
                           ? byte_of(set.program().set(set.program().edges(node)[0].set), walk)
                           : static_cast<unsigned>(' ');
            }
            Table::Cell cell = table.cells()[row + table.classes()[byte]];
            if (cell == Table::missing) cell = table.fill(row, byte);
            row = cell >> Table::row_shift;
        }
        most = std::max(most, table.state_count());
    }
    return most;
}

}  // namespace gw::guardrail
