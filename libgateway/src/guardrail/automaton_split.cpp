#include "guardrail/automaton_split.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace gw::guardrail {
namespace {

using regex::Node;
using regex::Range;

constexpr std::size_t chains_max = 12;           // alternatives that are told apart
constexpr std::uint32_t gap_characters_min = 8;  // shorter repeats stay inside
constexpr unsigned gap_width_min = 80;           // ASCII characters that a gap lets pass
constexpr std::size_t part_length_min = 2;       // a part of one character would be found everywhere

using Sequence = std::pmr::vector<const Node*>;

std::optional<Gap> as_gap(const Node& node) {
    if (node.kind != Node::Kind::repeat || node.most < gap_characters_min) return std::nullopt;
    const Node& child = *node.children[0];
    if (child.kind != Node::Kind::set) return std::nullopt;
    Gap gap;
    gap.characters_max = node.most;
    unsigned width = 0;
    for (const Range range : child.set) {
        if (range.low < 0x80) {
            const char32_t high = std::min<char32_t>(range.high, 0x7F);
            gap.allowed.add(range.low, high);
            width += high - range.low + 1;
        }
        if (range.high >= 0x80) gap.allowed.add(0x80, 0xFF);
    }
    gap.any_byte = std::all_of(gap.allowed.bits.begin(), gap.allowed.bits.end(), [](auto word) { return ~word == 0; });
    return width >= gap_width_min ? std::optional(gap) : std::nullopt;
}

bool has_gap(const Node& node) {
    if (as_gap(node)) return true;
    if (node.kind != Node::Kind::concat && node.kind != Node::Kind::alternate) return false;
    return std::any_of(node.children.begin(), node.children.end(), [](const Node* child) { return has_gap(*child); });
}

// Turns the tree inside out: sequences without alternatives at the top, as far as gaps are inside of those. False when
// there would be too many.
bool expand(const Node& node, std::pmr::vector<Sequence>& sequences, std::pmr::memory_resource* arena) {
    if (node.kind == Node::Kind::concat && has_gap(node)) {
        for (const Node* child : node.children) {
            if (!expand(*child, sequences, arena)) return false;
        }
        return true;
    }
    if (node.kind == Node::Kind::alternate && has_gap(node)) {
        std::pmr::vector<Sequence> all(arena);
        for (const Node* child : node.children) {
            std::pmr::vector<Sequence> branch(sequences, arena);
            if (!expand(*child, branch, arena)) return false;
            all.insert(all.end(), branch.begin(), branch.end());
            if (all.size() > chains_max) return false;
        }
        sequences = std::move(all);
        return true;
    }
    for (Sequence& sequence : sequences) sequence.push_back(&node);
    return true;
}

const Node* join(const Node* const* begin, const Node* const* end, std::pmr::memory_resource* arena) {
    if (end - begin == 1) return *begin;
    Node* node = new (arena->allocate(sizeof(Node), alignof(Node))) Node;
    node->kind = begin == end ? Node::Kind::empty : Node::Kind::concat;
    node->column = begin == end ? 0 : (*begin)->column;
    auto** copy = static_cast<const Node**>(
        arena->allocate(static_cast<std::size_t>(end - begin) * sizeof(const Node*) + 1, alignof(const Node*)));
    std::copy(begin, end, copy);
    node->children = {copy, static_cast<std::size_t>(end - begin)};
    return node;
}

// Beginnings of a line and the like: nothing, or one character at most. A character beyond ASCII says more than that.
std::size_t length_max(const Node& node) {
    switch (node.kind) {
    case Node::Kind::empty:
    case Node::Kind::assertion: return 0;
    case Node::Kind::set: return !node.set.empty() && node.set.front().low >= 0x80 ? 2 : 1;
    case Node::Kind::repeat: return node.most > 1 ? 2 : node.most == 0 ? 0 : length_max(*node.children[0]);
    case Node::Kind::concat: {
        std::size_t sum = 0;
        for (const Node* child : node.children) sum += length_max(*child);
        return std::min<std::size_t>(sum, 2);
    }
    case Node::Kind::alternate: {
        std::size_t most = 0;
        for (const Node* child : node.children) most = std::max(most, length_max(*child));
        return most;
    }
    }
    return 2;
}

// Without what only makes a match longer: every match of `node` begins with one of the result's.
const Node* shorten(const Node& node, std::pmr::memory_resource* arena) {
    switch (node.kind) {
    case Node::Kind::repeat: {
        if (node.least == node.most) return &node;
        if (node.least == 0) return join(nullptr, nullptr, arena);
        Node* exact = new (arena->allocate(sizeof(Node), alignof(Node))) Node(node);
        exact->most = exact->least;
        return exact;
    }
    case Node::Kind::concat: {
        const Node* const* begin = node.children.data();
        const Node* const* end = begin + node.children.size();
        while (begin != end) {
            const Node* last = *(end - 1);
            const Node* shorter = shorten(*last, arena);
            if (shorter == last) break;
            if (shorter->kind != Node::Kind::empty) {
                Sequence items(begin, end, arena);
                items.back() = shorter;
                return join(items.data(), items.data() + items.size(), arena);
            }
            --end;
        }
        return end == begin + node.children.size() ? &node : join(begin, end, arena);
    }
    case Node::Kind::alternate: {
        Sequence branches(arena);
        bool any = false;
        for (const Node* child : node.children) {
            branches.push_back(shorten(*child, arena));
            any = any || branches.back() != child;
        }
        if (!any) return &node;
        Node* shorter = new (arena->allocate(sizeof(Node), alignof(Node))) Node(node);
        shorter->children = join(branches.data(), branches.data() + branches.size(), arena)->children;
        return shorter;
    }
    case Node::Kind::empty:
    case Node::Kind::set:
    case Node::Kind::assertion: return &node;
    }
    return &node;
}

// What a match of `node` can begin with; false when that is not clear: the node may be empty or looks around.
bool add_first(const Node& node, regex::CharSet& out) {
    switch (node.kind) {
    case Node::Kind::set: out.add(node.set); return true;
    case Node::Kind::concat: return !node.children.empty() && add_first(*node.children[0], out);
    case Node::Kind::alternate:
        return std::all_of(node.children.begin(), node.children.end(),
                           [&](const Node* c) { return add_first(*c, out); });
    case Node::Kind::repeat: return node.least > 0 && add_first(*node.children[0], out);
    case Node::Kind::empty:
    case Node::Kind::assertion: return false;
    }
    return false;
}

// Bits of information in the least telling match, if all printable characters were as common.
double bits(const Node& node) {
    switch (node.kind) {
    case Node::Kind::set: {
        unsigned width = 0;
        for (const Range range : node.set) width += static_cast<unsigned>(range.high - range.low + 1);
        return width == 0 || width > 95 ? 0 : std::log2(95.0 / width);
    }
    case Node::Kind::concat: {
        double sum = 0;
        for (const Node* child : node.children) sum += bits(*child);
        return sum;
    }
    case Node::Kind::alternate: {
        double least = 1000;
        for (const Node* child : node.children) least = std::min(least, bits(*child));
        return node.children.empty() ? 0 : least - std::log2(node.children.size());
    }
    case Node::Kind::repeat: return node.least * bits(*node.children[0]);
    case Node::Kind::empty:
    case Node::Kind::assertion: return 0;
    }
    return 0;
}

// Most bytes of a match; SIZE_MAX when there is no bound.
std::size_t bytes_max(const Node& node) {
    const auto add = [](std::size_t a, std::size_t b) { return a > SIZE_MAX - b ? SIZE_MAX : a + b; };
    switch (node.kind) {
    case Node::Kind::set: return node.set.empty() ? 0 : node.set.back().high < 0x80 ? 1 : 4;
    case Node::Kind::concat: {
        std::size_t sum = 0;
        for (const Node* child : node.children) sum = add(sum, bytes_max(*child));
        return sum;
    }
    case Node::Kind::alternate: {
        std::size_t most = 0;
        for (const Node* child : node.children) most = std::max(most, bytes_max(*child));
        return most;
    }
    case Node::Kind::repeat: {
        const std::size_t one = bytes_max(*node.children[0]);
        if (one == 0 || node.most == 0) return 0;
        return node.most == Node::unbounded || one > SIZE_MAX / node.most ? SIZE_MAX : one * node.most;
    }
    case Node::Kind::empty:
    case Node::Kind::assertion: return 0;
    }
    return SIZE_MAX;
}

bool meet(std::span<const Range> left, std::span<const Range> right) {
    return std::any_of(left.begin(), left.end(), [right](Range a) {
        return std::any_of(right.begin(), right.end(), [a](Range b) { return a.low <= b.high && b.low <= a.high; });
    });
}

// Lets counted repeats run freely where counting is what multiplies states: `[MN][A-Za-z]{23}\.` is looked for as
// `[MN][A-Za-z]{2,}\.`. Only where the beginning says little, so that many counts would run at once, and where what
// follows ends the run or says much, so that little more is found. The Tracker counts.
class Loosener {
public:
    explicit Loosener(std::pmr::memory_resource* arena) : arena_(arena) {}

    // `before`: bits of information in front of `node`, those of what it becomes are added. `after`: bits behind it.
    // `next`: what follows it, or nullptr.
    const Node* run(const Node& node, double& before, double after, const Node* next) {
        switch (node.kind) {
        case Node::Kind::concat: return concat(node, before, after, next);
        case Node::Kind::alternate: {
            Sequence branches(arena_);
            double least = telling_bits;
            bool any = false;
            for (const Node* child : node.children) {
                double bits_before = before;
                branches.push_back(run(*child, bits_before, after, next));
                any = any || branches.back() != child;
                least = std::min(least, bits_before);
            }
            before = least;
            return any ? copy(node, branches) : &node;
        }
        case Node::Kind::repeat:
            if (node.most != 1) return repeat(node, before, after, next);
            if (double ignored = before; const Node* inner = run(*node.children[0], ignored, after, next)) {
                if (node.least == 1) before = ignored;
                return inner == node.children[0] ? &node : copy(node, Sequence({inner}, arena_));
            }
            return &node;
        case Node::Kind::set: before += bits(node); return &node;
        case Node::Kind::empty:
        case Node::Kind::assertion: return &node;
        }
        return &node;
    }

private:
    static constexpr std::uint32_t count_min = 8;
    static constexpr double telling_bits = 20;   // in front: few beginnings, few counts
    static constexpr double deciding_bits = 16;  // behind: few candidates

    // What is behind may be loosened itself, and then says less.
    static double loose_bits(const Node& node) {
        const bool counts = node.kind == Node::Kind::repeat && node.most >= count_min;
        return counts ? std::min(node.least, 2U) * bits(*node.children[0]) : bits(node);
    }
    const Node* concat(const Node& node, double& before, double after, const Node* next) {
        Sequence items(node.children.begin(), node.children.end(), arena_);
        bool any = false;
        for (std::size_t i = 0; i < items.size() && before < telling_bits; ++i) {
            double behind = after;
            for (std::size_t k = i + 1; k < items.size(); ++k) behind += loose_bits(*node.children[k]);
            const Node* item = run(*items[i], before, behind, i + 1 < items.size() ? items[i + 1] : next);
            any = any || item != items[i];
            items[i] = item;
        }
        return any ? join(items.data(), items.data() + items.size(), arena_) : &node;
    }
    const Node* repeat(const Node& node, double& before, double after, const Node* next) {
        const double in_front = before;
        before += bits(node);
        if (node.most == Node::unbounded || node.most < count_min || in_front >= telling_bits) return &node;
        const std::span<const Range> set = node.children[0]->set;
        if (node.children[0]->kind != Node::Kind::set || next == nullptr) return &node;
        regex::CharSet first(arena_);
        if (after < deciding_bits && (!add_first(*next, first) || meet(set, first.ranges()))) return &node;
        Node* loose = copy(node, {});
        loose->children = node.children;
        loose->least = std::min(node.least, 2U);
        loose->most = Node::unbounded;
        before = in_front + bits(*loose);
        return loose;
    }
    Node* copy(const Node& node, const Sequence& children) {
        Node* made = new (arena_->allocate(sizeof(Node), alignof(Node))) Node(node);
        auto** at = static_cast<const Node**>(
            arena_->allocate(children.size() * sizeof(const Node*) + 1, alignof(const Node*)));
        std::copy(children.begin(), children.end(), at);
        made->children = {at, children.size()};
        return made;
    }

    std::pmr::memory_resource* arena_;
};

// A part as it is looked for, before the gap `next`.
void push_part(SplitChain& chain, const Node& part, const Node* next, std::pmr::memory_resource* arena) {
    double before = 0;
    chain.parts.push_back(Loosener(arena).run(part, before, 0, next));
    chain.bytes_max = std::max(chain.bytes_max, bytes_max(part));
}
void push_last(SplitChain& chain, const Node& last, std::pmr::memory_resource* arena) {
    push_part(chain, *shorten(last, arena), nullptr, arena);
    chain.exact = chain.parts.back() == &last;
}

SplitChain cut(const Sequence& sequence, std::pmr::memory_resource* arena) {
    SplitChain chain(arena);
    const Node* const* begin = sequence.data();
    const Node* const* end = begin + sequence.size();
    const auto length = [&](const Node* const* from, const Node* const* to) {
        return regex::length_min(*join(from, to, arena));
    };
    for (const Node* const* at = begin; at != end; ++at) {
        const auto gap = as_gap(**at);
        if (!gap || length(at + 1, end) < part_length_min) continue;
        if (chain.parts.empty() && !chain.open_front && length_max(*join(begin, at, arena)) <= 1) {
            chain.open_front = true;
            chain.has_head = at != begin;
            chain.front = *gap;
            begin = at + 1;
        } else if (length(begin, at) >= part_length_min) {
            // What follows the gap up to the next one must be a part of its own, too.
            const Node* const* next = at + 1;
            while (next != end && !as_gap(**next)) ++next;
            if (length(at + 1, next) < part_length_min && next != end) continue;
            push_part(chain, *join(begin, at, arena), *at, arena);
            chain.gaps.push_back(*gap);
            begin = at + 1;
        }
    }
    const Node* last = join(begin, end, arena);
    push_last(chain, *last, arena);
    return chain;
}

}  // namespace

std::pmr::vector<SplitChain> split(const Node& tree, std::pmr::memory_resource* arena) {
    std::pmr::vector<SplitChain> chains(arena);
    std::pmr::vector<Sequence> sequences(arena);
    sequences.emplace_back();
    if (has_gap(tree) && expand(tree, sequences, arena)) {
        bool any = false;
        for (const Sequence& sequence : sequences) {
            chains.push_back(cut(sequence, arena));
            any = any || chains.back().parts.size() > 1 || chains.back().open_front;
        }
        if (any) return chains;
    }
    chains.clear();
    push_last(chains.emplace_back(arena), tree, arena);
    return chains;
}

std::pmr::vector<SplitChain> unsplit(const Node& tree, std::pmr::memory_resource* arena) {
    std::pmr::vector<SplitChain> chains(arena);
    chains.emplace_back(arena);
    chains.back().parts.push_back(&tree);
    chains.back().bytes_max = bytes_max(tree);
    return chains;
}

}  // namespace gw::guardrail
