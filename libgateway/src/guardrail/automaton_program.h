// The automaton of a rule set as data: a nondeterministic one over bytes, without epsilon moves.
//
//     tree -- Compiler::add() --> nodes, each with edges {bytes -> the list of nodes that are live afterwards}
//
// Three kinds of nodes: `bytes` consumes one byte; `look` waits for the next byte (or the end) to decide \b, \B, $ or
// \z and consumes nothing; `match` says that an expression matches here. The assertions that look left are decided when
// a list is taken, so a list comes in up to four forms, one per Context. Immutable once built; any thread may read it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory_resource>
#include <span>
#include <vector>

#include "core/result.h"
#include "guardrail/regex_syntax.h"

namespace gw::guardrail {

// What stands to the left of a position, as far as an assertion can see it.
enum class Context : std::uint8_t { text_begin, line_begin, word, other };
constexpr std::size_t context_count = 4;

[[nodiscard]] constexpr bool is_word_byte(unsigned byte) noexcept {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}
[[nodiscard]] constexpr Context context_after(unsigned byte) noexcept {
    return byte == '\n' ? Context::line_begin : is_word_byte(byte) ? Context::word : Context::other;
}

// What a look node waits for on its right. The end of the text counts as no word and as a line's end.
enum class Look : std::uint8_t { word, not_word, line_end, text_end };

constexpr unsigned end_of_text = 256;  // stands for the byte behind the last one
[[nodiscard]] constexpr bool satisfied(Look look, unsigned next) noexcept {
    switch (look) {
    case Look::word: return next != end_of_text && is_word_byte(next);
    case Look::not_word: return next == end_of_text || !is_word_byte(next);
    case Look::line_end: return next == end_of_text || next == '\n';
    case Look::text_end: return next == end_of_text;
    }
    return false;
}

struct ByteSet {
    std::array<std::uint64_t, 4> bits{};
    void add(unsigned low, unsigned high) noexcept {
        for (unsigned b = low; b <= high; ++b) bits[b >> 6U] |= std::uint64_t{1} << (b & 63U);
    }
    void add(const ByteSet& other) noexcept {
        for (std::size_t i = 0; i < 4; ++i) bits[i] |= other.bits[i];
    }
    [[nodiscard]] bool has(unsigned byte) const noexcept { return (bits[byte >> 6U] >> (byte & 63U) & 1U) != 0; }
    friend auto operator<=>(const ByteSet&, const ByteSet&) = default;
};

using NodeId = std::uint32_t;

// The nodes that are live behind something, by the Context there. Values come from Program.
struct Follow {
    static constexpr std::uint32_t by_context = UINT32_MAX;  // as count: `first` is that of four lists in a row
    std::uint32_t first = 0;                                 // in the pool of node numbers
    std::uint32_t count = 0;
    [[nodiscard]] bool depends_on_context() const noexcept { return count == by_context; }
};
// Set in the numbers of match nodes where a Follow lists them, so that reading a list needs no look at the nodes.
constexpr NodeId match_bit = 1U << 31U;

struct Edge {
    std::uint32_t set = 0;
    Follow follow;
};

struct ProgramNode {
    enum class Kind : std::uint8_t { bytes, look, match };
    Kind kind = Kind::bytes;
    Look look = Look::word;
    std::uint16_t edge_count = 0;  // bytes
    std::uint32_t first =
        0;          // bytes: its first edge, all of them disjoint; match: what matched, the number given to add()
    Follow follow;  // look: where it leads once satisfied
};

// One expression inside a program.
struct Entry {
    Follow start;
    NodeId begin = 0, end = 0;  // its nodes
    ByteSet first;              // bytes a match can begin with, whatever stands to the left
};

class Program {
public:
    explicit Program(std::pmr::memory_resource* memory)
        : nodes_(memory), edges_(memory), sets_(memory), lists_(memory), pool_(memory), set_ids_(memory) {}

    [[nodiscard]] const ProgramNode& node(NodeId id) const noexcept { return nodes_[id]; }
    [[nodiscard]] std::span<const Edge> edges(const ProgramNode& node) const noexcept {
        return {edges_.data() + node.first, node.edge_count};
    }
    [[nodiscard]] const ByteSet& set(std::uint32_t id) const noexcept { return sets_[id]; }
    // Match nodes carry match_bit.
    [[nodiscard]] std::span<const NodeId> nodes(Follow follow, Context context) const noexcept {
        if (!follow.depends_on_context()) return {pool_.data() + follow.first, follow.count};
        const List& list = lists_[follow.first + static_cast<std::uint32_t>(context)];
        return {pool_.data() + list.begin, list.count};
    }
    // For the inner loop of Tracker: everything behind one pointer each.
    struct View {
        const ProgramNode* nodes;
        const Edge* edges;
        const ByteSet* sets;
        const NodeId* pool;
    };
    [[nodiscard]] View view() const noexcept { return {nodes_.data(), edges_.data(), sets_.data(), pool_.data()}; }
    // What a match node stands for: the number given to compile().
    [[nodiscard]] std::uint32_t match(NodeId id) const noexcept { return nodes_[id & ~match_bit].first; }
    [[nodiscard]] std::size_t node_count() const noexcept { return nodes_.size(); }
    [[nodiscard]] std::size_t size() const noexcept;  // bytes it takes

private:
    friend class Compiler;
    struct List {
        std::uint32_t begin = 0, count = 0;
    };
    std::pmr::vector<ProgramNode> nodes_;
    std::pmr::vector<Edge> edges_;
    std::pmr::vector<ByteSet> sets_;
    std::pmr::vector<List> lists_;
    std::pmr::vector<NodeId> pool_;
    std::pmr::map<ByteSet, std::uint32_t> set_ids_;
};

// Appends the automaton of `tree` to `program`; its match nodes carry `match`. Fails with GW_ERR_LIMIT when it would
// have more than `nodes_max` nodes; the program is then as it was.
[[nodiscard]] Result<Entry> compile(Program& program, const regex::Node& tree, std::uint32_t match,
                                    std::size_t nodes_max);

}  // namespace gw::guardrail
