#include "guardrail/automaton_public.h"

#include <algorithm>

namespace gw::guardrail {
namespace {

// One letter in either case, or a few marks and blanks; or one byte of a character beyond ASCII.
bool is_spelled_out(const ByteSet& set) noexcept {
    constexpr unsigned marks_max = 8;
    unsigned letters = 0, digits = 0, marks = 0, high = 0;
    for (unsigned byte = 0; byte < 256; ++byte) {
        if (!set.has(byte)) continue;
        const bool capital = byte >= 'A' && byte <= 'Z';
        if (byte >= 0x80) {
            ++high;
        } else if (byte >= '0' && byte <= '9') {
            ++digits;
        } else if (capital || (byte >= 'a' && byte <= 'z')) {
            if (!capital || !set.has(byte + 32U)) ++letters;
        } else {
            ++marks;
        }
    }
    if (high != 0) return high == 1 && letters + digits + marks == 0;
    return digits == 0 && letters <= 1 && marks <= marks_max;
}

}  // namespace

void mark_openings(const Program& program, const Entry& entry, std::pmr::vector<bool>& nodes) {
    if (nodes.size() < entry.end) nodes.resize(entry.end, false);
    const auto from = nodes.begin() + static_cast<std::ptrdiff_t>(entry.begin);
    std::fill(from, nodes.begin() + static_cast<std::ptrdiff_t>(entry.end), true);
    std::pmr::vector<NodeId> secret(nodes.get_allocator());
    const auto reach = [&](Follow follow) {
        for (std::size_t c = 0; c < (follow.depends_on_context() ? context_count : 1); ++c) {
            for (const NodeId next : program.nodes(follow, static_cast<Context>(c))) {
                if ((next & match_bit) != 0 || !nodes[next]) continue;
                nodes[next] = false;
                secret.push_back(next);
            }
        }
    };
    for (NodeId id = entry.begin; id < entry.end; ++id) {
        if (program.node(id).kind != ProgramNode::Kind::bytes) continue;
        for (const Edge& edge : program.edges(program.node(id))) {
            if (!is_spelled_out(program.set(edge.set))) reach(edge.follow);
        }
    }
    while (!secret.empty()) {
        const ProgramNode& node = program.node(secret.back());
        secret.pop_back();
        if (node.kind == ProgramNode::Kind::look) reach(node.follow);
        if (node.kind != ProgramNode::Kind::bytes) continue;
        for (const Edge& edge : program.edges(node)) reach(edge.follow);
    }
}

}  // namespace gw::guardrail
