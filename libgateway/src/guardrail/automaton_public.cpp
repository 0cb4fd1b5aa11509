#include "guardrail/automaton_public.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <queue>
#include <utility>

namespace gw::guardrail {
namespace {

// How often a byte stands in ordinary text, prose and source code together, in 1/10000. What is not named is as rare as
// it can be without saying that it never occurs.
double frequency(unsigned byte) noexcept {
    constexpr std::string_view order = " etaonisrhldcupmfg\nybw.,v-x_kqj`\"()/:=0;'1z2*#{}[]<>3456789$&@%+!?~^|\\";
    constexpr double share[] = {1550, 860, 620, 560, 550, 520, 510, 470, 450, 250, 330, 280, 270, 210, 200, 180,
                                170,  150, 250, 130, 120, 100, 110, 100, 80,  80,  30,  40,  50,  20,  20};
    const auto capital = static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte + 32U : byte);
    const std::size_t at = order.find(capital);
    if (at == std::string_view::npos) return 0.0002;
    const double each = (at < std::size(share) ? share[at] : 20) / 10000;
    return byte >= 'A' && byte <= 'Z' ? each / 12 : each;
}

double bits_of(const ByteSet& set) noexcept {
    double sum = 0;
    for (unsigned byte = 0; byte < 256; ++byte) {
        if (set.has(byte)) sum += frequency(byte);
    }
    return sum >= 1 ? 0 : sum <= 0 ? 64 : -std::log2(sum);
}

}  // namespace

void PublicNodes::set(NodeId node) {
    if (nodes_.size() <= node) nodes_.resize(node + 1, false);
    nodes_[node] = true;
}

template <typename Visit>
void PublicNodes::each_successor(Follow follow, const Visit& visit) const {
    for (std::size_t c = 0; c < (follow.depends_on_context() ? context_count : 1); ++c) {
        for (const NodeId next : program_.nodes(follow, static_cast<Context>(c))) visit(next);
    }
}

double PublicNodes::mark(const Entry& entry, double bits_before, double bits_max) {
    // Dijkstra over the nodes: the least information that any path to a node carries.
    using Item = std::pair<double, NodeId>;
    constexpr double far = std::numeric_limits<double>::infinity();
    bits_.assign(entry.end - entry.begin, far);
    std::pmr::vector<Item> items(bits_.get_allocator());
    std::priority_queue<Item, std::pmr::vector<Item>, std::greater<>> queue({}, std::move(items));
    double least_match = far;
    const auto reach = [&](NodeId node, double bits) {
        if ((node & match_bit) != 0) {
            least_match = std::min(least_match, bits);
        } else if (bits < bits_[node - entry.begin]) {
            bits_[node - entry.begin] = bits;
            queue.emplace(bits, node);
        }
    };
    each_successor(entry.start, [&](NodeId node) { reach(node, bits_before); });
    while (!queue.empty()) {
        const double bits = queue.top().first;
        const NodeId id = queue.top().second;
        queue.pop();
        if (bits > bits_[id - entry.begin]) continue;
        if (bits < bits_max) set(id);
        const ProgramNode& node = program_.node(id);
        if (node.kind == ProgramNode::Kind::look) each_successor(node.follow, [&](NodeId next) { reach(next, bits); });
        if (node.kind != ProgramNode::Kind::bytes) continue;
        for (const Edge& edge : program_.edges(node)) {
            const double further = bits + bits_of(program_.set(edge.set));
            each_successor(edge.follow, [&](NodeId next) { reach(next, further); });
        }
    }
    return least_match;
}

bool PublicNodes::mark_prefix(const Entry& entry, std::string_view prefix) {
    std::pmr::memory_resource* memory = bits_.get_allocator().resource();
    std::pmr::vector<NodeId> live(memory);
    std::pmr::vector<NodeId> next(memory);
    const auto add = [&](NodeId node) {
        if ((node & match_bit) == 0 && std::find(next.begin(), next.end(), node) == next.end()) next.push_back(node);
    };
    each_successor(entry.start, add);
    for (const char c : prefix) {
        live.swap(next);
        next.clear();
        for (std::size_t i = 0; i < live.size(); ++i) {
            const ProgramNode& node = program_.node(live[i]);
            if (node.kind == ProgramNode::Kind::look) {
                each_successor(node.follow, [&](NodeId behind) {
                    if ((behind & match_bit) == 0 && std::find(live.begin(), live.end(), behind) == live.end())
                        live.push_back(behind);
                });
            }
            if (node.kind != ProgramNode::Kind::bytes) continue;
            for (const Edge& edge : program_.edges(node)) {
                if (program_.set(edge.set).has(static_cast<unsigned char>(c))) each_successor(edge.follow, add);
            }
        }
        for (const NodeId id : next) {
            bool repeats = false;
            const ProgramNode& node = program_.node(id);
            if (node.kind == ProgramNode::Kind::bytes) {
                for (const Edge& edge : program_.edges(node)) {
                    each_successor(edge.follow, [&](NodeId behind) { repeats = repeats || behind == id; });
                }
            }
            if (!repeats) set(id);
        }
    }
    return !next.empty();
}

const regex::Node& unroll(const regex::Node& tree, std::pmr::memory_resource* arena) {
    using regex::Node;
    const auto make = [arena](Node::Kind kind, std::initializer_list<const Node*> children) {
        Node* node = new (arena->allocate(sizeof(Node), alignof(Node))) Node;
        auto** at =
            static_cast<const Node**>(arena->allocate(children.size() * sizeof(const Node*), alignof(const Node*)));
        std::copy(children.begin(), children.end(), at);
        node->kind = kind;
        node->children = {at, children.size()};
        return node;
    };
    const auto repeat = [&](const Node& what, std::uint32_t least, std::uint32_t most) {
        Node* node = make(Node::Kind::repeat, {&what});
        node->least = least;
        node->most = most;
        return node;
    };
    if (tree.children.empty()) return tree;
    if (tree.kind == Node::Kind::repeat) {
        const Node& inner = unroll(*tree.children[0], arena);
        if (tree.most != Node::unbounded) return *repeat(inner, tree.least, tree.most);
        const Node* loop = repeat(inner, 0, Node::unbounded);
        const Node* first =
            make(Node::Kind::concat, {repeat(inner, std::max(tree.least, 1U), std::max(tree.least, 1U)), loop});
        return tree.least == 0 ? *repeat(*first, 0, 1) : *first;
    }
    Node* copy = new (arena->allocate(sizeof(Node), alignof(Node))) Node(tree);
    auto** at =
        static_cast<const Node**>(arena->allocate(tree.children.size() * sizeof(const Node*), alignof(const Node*)));
    std::transform(tree.children.begin(), tree.children.end(), at, [&](const Node* c) { return &unroll(*c, arena); });
    copy->children = {at, tree.children.size()};
    return *copy;
}

}  // namespace gw::guardrail
