#include "guardrail/automaton_program.h"

#include <algorithm>
#include <map>

namespace gw::guardrail {

std::size_t Program::size() const noexcept {
    return nodes_.capacity() * sizeof(ProgramNode) + edges_.capacity() * sizeof(Edge) +
           sets_.capacity() * sizeof(ByteSet) + lists_.capacity() * sizeof(List) + pool_.capacity() * sizeof(NodeId);
}

namespace {

using regex::Assertion;
using regex::Node;
using regex::Range;

constexpr std::uint8_t bit(Context context) { return static_cast<std::uint8_t>(1U << static_cast<unsigned>(context)); }
constexpr std::uint8_t word_left = bit(Context::word);
constexpr std::uint8_t not_word_left = bit(Context::text_begin) | bit(Context::line_begin) | bit(Context::other);

}  // namespace

// Builds from the end to the beginning: build(tree, next) gives the step from which `tree` leads to `next`.
class Compiler {
public:
    Compiler(Program& program, std::size_t nodes_max)
        : program_(program), steps_max_(nodes_max), arena_(program.nodes_.get_allocator().resource()) {}

    Result<Entry> add(const Node& tree, std::uint32_t match) {
        const StepId end = step(make(Step::Kind::match));
        const StepId start = build(tree, end);
        if (too_large()) return Error{GW_ERR_LIMIT, tree.column, "the expression is too large"};
        return flatten(start, match);
    }

private:
    using StepId = std::uint32_t;
    static constexpr StepId none = UINT32_MAX;

    // A node while it is being built: Thompson's construction, with epsilon moves (fork, left).
    struct Step {
        enum class Kind : std::uint8_t { bytes, fork, left, look, match };
        Kind kind = Kind::fork;
        Look look = Look::word;
        std::uint8_t contexts = 0;           // left: bit per Context that lets it through
        StepId out = none;                   // left, look
        std::uint32_t begin = 0, count = 0;  // fork: in targets; bytes: in arcs
    };

    struct Arc {
        ByteSet set;
        StepId target = none;
    };

    [[nodiscard]] bool too_large() const noexcept {
        return steps_.size() > 4 * steps_max_ || bytes_steps_ > steps_max_;
    }

    static Step make(Step::Kind kind) {
        Step made;
        made.kind = kind;
        return made;
    }
    StepId step(Step value) {
        if (value.kind == Step::Kind::bytes) ++bytes_steps_;
        steps_.push_back(value);
        return static_cast<StepId>(steps_.size() - 1);
    }
    void set_fork(StepId id, std::initializer_list<StepId> to) {
        steps_[id].begin = static_cast<std::uint32_t>(targets_.size());
        steps_[id].count = static_cast<std::uint32_t>(to.size());
        targets_.insert(targets_.end(), to);
    }
    StepId fork(std::initializer_list<StepId> to) {
        const StepId id = step(make(Step::Kind::fork));
        set_fork(id, to);
        return id;
    }
    StepId bytes(std::span<const Arc> arcs) {
        const StepId id = step(make(Step::Kind::bytes));
        steps_[id].begin = static_cast<std::uint32_t>(arcs_.size());
        steps_[id].count = static_cast<std::uint32_t>(arcs.size());
        arcs_.insert(arcs_.end(), arcs.begin(), arcs.end());
        return id;
    }

    StepId build(const Node& tree, StepId next) {
        if (too_large()) return next;
        switch (tree.kind) {
        case Node::Kind::empty: return next;
        case Node::Kind::set: return build_set(tree.set, next);
        case Node::Kind::concat:
            for (auto child = tree.children.rbegin(); child != tree.children.rend(); ++child) {
                next = build(**child, next);
            }
            return next;
        case Node::Kind::alternate: {
            std::pmr::vector<StepId> branches(&arena_);
            for (const Node* child : tree.children) branches.push_back(build(*child, next));
            const StepId id = step(make(Step::Kind::fork));
            steps_[id].begin = static_cast<std::uint32_t>(targets_.size());
            steps_[id].count = static_cast<std::uint32_t>(branches.size());
            targets_.insert(targets_.end(), branches.begin(), branches.end());
            return id;
        }
        case Node::Kind::repeat: return build_repeat(tree, next);
        case Node::Kind::assertion: return build_assertion(tree.assertion, next);
        }
        return next;
    }

    StepId build_repeat(const Node& tree, StepId next) {
        const Node& child = *tree.children[0];
        if (tree.most == Node::unbounded) {
            const StepId loop = step(make(Step::Kind::fork));
            const StepId body = build(child, loop);
            set_fork(loop, {body, next});
            // x* enters at the fork; x+ at the body, which is the first of its `least` copies.
            next = tree.least == 0 ? loop : body;
            for (std::uint32_t i = 1; i < tree.least && !too_large(); ++i) next = build(child, next);
            return next;
        }
        StepId optional = next;
        for (std::uint32_t i = tree.least; i < tree.most && !too_large(); ++i) {
            optional = fork({build(child, optional), next});
        }
        next = optional;
        for (std::uint32_t i = 0; i < tree.least && !too_large(); ++i) next = build(child, next);
        return next;
    }

    StepId left(std::uint8_t contexts, StepId next) {
        Step made = make(Step::Kind::left);
        made.contexts = contexts;
        made.out = next;
        return step(made);
    }
    StepId look(Look which, StepId next) {
        Step made = make(Step::Kind::look);
        made.look = which;
        made.out = next;
        return step(made);
    }

    StepId build_assertion(Assertion which, StepId next) {
        switch (which) {
        case Assertion::text_begin: return left(bit(Context::text_begin), next);
        case Assertion::line_begin: return left(bit(Context::text_begin) | bit(Context::line_begin), next);
        case Assertion::text_end: return look(Look::text_end, next);
        case Assertion::line_end: return look(Look::line_end, next);
        case Assertion::word_boundary:
            return fork({left(word_left, look(Look::not_word, next)), left(not_word_left, look(Look::word, next))});
        case Assertion::not_word_boundary:
            return fork({left(word_left, look(Look::word, next)), left(not_word_left, look(Look::not_word, next))});
        }
        return next;
    }

    // --- sets of characters as UTF-8 ---

    StepId build_set(std::span<const Range> ranges, StepId next) {
        const auto known = built_.find(ranges.data());
        if (known != built_.end()) return copy_set(known->second, next);
        const auto begin = static_cast<StepId>(steps_.size());
        const StepId root = encode_set(ranges, next);
        if (root != begin) built_.emplace(ranges.data(), Built{begin, root, next});
        return root;
    }

    // The steps of a set, for the next round of a repeat.
    struct Built {
        StepId begin, root, next;  // the root is the last one
    };
    StepId copy_set(const Built& built, StepId next) {
        const auto offset = static_cast<StepId>(steps_.size()) - built.begin;
        std::pmr::vector<Arc> arcs(&arena_);
        for (StepId id = built.begin; id <= built.root; ++id) {
            const auto from = arcs_.begin() + steps_[id].begin;
            arcs.assign(from, from + steps_[id].count);
            for (Arc& arc : arcs) arc.target = arc.target == built.next ? next : arc.target + offset;
            bytes(arcs);
        }
        return built.root + offset;
    }

    StepId encode_set(std::span<const Range> ranges, StepId next) {
        std::pmr::vector<Arc> arcs(&arena_);
        Arc ascii{{}, next};
        for (const Range range : ranges) {
            if (range.low < 0x80) ascii.set.add(range.low, std::min<char32_t>(range.high, 0x7F));
        }
        if (ascii.set != ByteSet{}) arcs.push_back(ascii);
        if (!ranges.empty() && ranges.back().high >= 0x80) {
            if (ranges.back().low <= 0x80 && ranges.back().high == regex::code_point_max) {
                // All of the rest: the text is valid UTF-8, so overlong forms need no nodes of their own.
                const auto more = [this](StepId target) { return bytes(std::array{arc(0x80, 0xBF, target)}); };
                const StepId one = more(next);
                const StepId two = more(one);
                const StepId three = more(two);
                arcs.push_back(arc(0xC2, 0xDF, one));
                arcs.push_back(arc(0xE0, 0xEF, two));
                arcs.push_back(arc(0xF0, 0xF4, three));
            } else {
                Tails tails(&arena_);
                lead(arcs, tails, ranges, 1, 0x80, 0x7FF, 0xC0, next);
                lead(arcs, tails, ranges, 2, 0x800, 0xFFFF, 0xE0, next);
                lead(arcs, tails, ranges, 3, 0x10000, regex::code_point_max, 0xF0, next);
            }
        }
        return bytes(arcs);
    }

    using Tails = std::pmr::map<std::pair<unsigned, std::pmr::vector<std::pair<char32_t, char32_t>>>, StepId>;
    using Pairs = std::pmr::vector<std::pair<char32_t, char32_t>>;

    static Arc arc(unsigned low, unsigned high, StepId target) {
        Arc made{{}, target};
        made.set.add(low, high);
        return made;
    }
    void lead(std::pmr::vector<Arc>& arcs, Tails& tails, std::span<const Range> ranges, unsigned depth, char32_t low,
              char32_t high, unsigned mark, StepId next) {
        Pairs inside(&arena_);
        for (const Range range : ranges) {
            const char32_t from = std::max(range.low, low);
            const char32_t to = std::min(range.high, high);
            if (from <= to) inside.emplace_back(from, to);
        }
        digits(arcs, tails, depth, inside, mark, next);
    }
    // Arcs for the leading digit (base 64) of `ranges`, each to what may follow it.
    void digits(std::pmr::vector<Arc>& arcs, Tails& tails, unsigned depth, const Pairs& ranges, unsigned mark,
                StepId next) {
        if (ranges.empty()) return;
        if (depth == 0) {
            Arc last{{}, next};
            for (const auto& [low, high] : ranges) last.set.add(low | mark, high | mark);
            arcs.push_back(last);
            return;
        }
        const char32_t unit = char32_t{1} << (6 * depth);
        const std::size_t begin = arcs.size();
        std::size_t first = 0;
        for (char32_t digit = ranges.front().first / unit; digit <= ranges.back().second / unit; ++digit) {
            const char32_t low = digit * unit;
            const char32_t high = low + unit - 1;
            while (ranges[first].second < low) ++first;
            Pairs rest(&arena_);
            for (std::size_t i = first; i < ranges.size() && ranges[i].first <= high; ++i) {
                rest.emplace_back(std::max(ranges[i].first, low) - low, std::min(ranges[i].second, high) - low);
            }
            if (rest.empty()) continue;
            add_arc(arcs, begin, static_cast<unsigned>(digit) | mark, tail(tails, depth, rest, next));
        }
    }
    static void add_arc(std::pmr::vector<Arc>& arcs, std::size_t begin, unsigned byte, StepId target) {
        const auto same = std::find_if(arcs.begin() + static_cast<std::ptrdiff_t>(begin), arcs.end(),
                                       [&](const Arc& a) { return a.target == target; });
        if (same != arcs.end()) {
            same->set.add(byte, byte);
        } else {
            arcs.push_back(arc(byte, byte, target));
        }
    }
    // The step that takes `depth` continuation bytes whose value is in `ranges`; shared within one set.
    StepId tail(Tails& tails, unsigned depth, const Pairs& ranges, StepId next) {
        const auto key = std::make_pair(depth, ranges);
        if (const auto found = tails.find(key); found != tails.end()) return found->second;
        std::pmr::vector<Arc> arcs(&arena_);
        digits(arcs, tails, depth - 1, ranges, 0x80, next);
        const StepId id = bytes(arcs);
        tails.emplace(key, id);
        return id;
    }

    // --- without epsilon moves, into the program ---

    // The bytes, look and match steps that `from` reaches without consuming anything in this context.
    void reach(StepId from, Context context, std::pmr::vector<StepId>& out) {
        ++visit_;
        visited_.resize(steps_.size(), 0);
        std::pmr::vector<StepId>& stack = stack_;
        stack.assign(1, from);
        while (!stack.empty()) {
            const StepId id = stack.back();
            stack.pop_back();
            if (visited_[id] == visit_) continue;
            visited_[id] = visit_;
            const Step& s = steps_[id];
            switch (s.kind) {
            case Step::Kind::fork:
                for (std::uint32_t i = s.count; i-- > 0;) stack.push_back(targets_[s.begin + i]);
                break;
            case Step::Kind::left:
                met_left_ = true;
                if ((s.contexts & bit(context)) != 0) stack.push_back(s.out);
                break;
            case Step::Kind::bytes:
                if (s.count != 0) out.push_back(id);
                break;
            case Step::Kind::look:
            case Step::Kind::match: out.push_back(id); break;
            }
        }
    }

    // The node of a step; new ones are queued, their edges come later.
    NodeId node_of(StepId id) {
        if (node_ids_[id] == none) {
            node_ids_[id] = static_cast<NodeId>(program_.nodes_.size());
            program_.nodes_.emplace_back();
            queue_.push_back(id);
        }
        return node_ids_[id];
    }

    Follow follow_of(StepId id) {
        if (follow_ids_[id].first != none) return follow_ids_[id];
        const auto append = [&](Context context) {
            reached_.clear();
            reach(id, context, reached_);
            const Program::List list{static_cast<std::uint32_t>(program_.pool_.size()),
                                     static_cast<std::uint32_t>(reached_.size())};
            for (const StepId to : reached_) {
                program_.pool_.push_back(node_of(to) | (steps_[to].kind == Step::Kind::match ? match_bit : 0));
            }
            return list;
        };
        met_left_ = false;
        const Program::List list = append(Context::text_begin);
        Follow follow{list.begin, list.count};
        if (met_left_) {
            follow = {static_cast<std::uint32_t>(program_.lists_.size()), Follow::by_context};
            program_.lists_.push_back(list);
            for (const Context context : {Context::line_begin, Context::word, Context::other}) {
                const Program::List other = append(context);
                program_.lists_.push_back(other);
            }
        }
        follow_ids_[id] = follow;
        return follow;
    }

    std::uint32_t set_id(const ByteSet& set) {
        const auto [found, is_new] =
            program_.set_ids_.try_emplace(set, static_cast<std::uint32_t>(program_.sets_.size()));
        if (is_new) program_.sets_.push_back(set);
        return found->second;
    }

    Result<Entry> flatten(StepId start, std::uint32_t match) {
        node_ids_.assign(steps_.size(), none);
        follow_ids_.assign(steps_.size(), Follow{none, 0});
        Entry entry;
        entry.begin = static_cast<NodeId>(program_.nodes_.size());
        entry.start = follow_of(start);
        for (std::size_t i = 0; i < queue_.size(); ++i) {
            const StepId id = queue_[i];
            const Step& s = steps_[id];
            ProgramNode node;
            switch (s.kind) {
            case Step::Kind::bytes:
                node.kind = ProgramNode::Kind::bytes;
                node.first = static_cast<std::uint32_t>(program_.edges_.size());
                node.edge_count = static_cast<std::uint16_t>(s.count);
                program_.edges_.resize(program_.edges_.size() + s.count);
                for (std::uint32_t a = 0; a < s.count; ++a) {
                    const Arc& arc = arcs_[s.begin + a];
                    program_.edges_[node.first + a] = {set_id(arc.set), follow_of(arc.target)};
                }
                break;
            case Step::Kind::look:
                node.kind = ProgramNode::Kind::look;
                node.look = s.look;
                node.follow = follow_of(s.out);
                break;
            default: node.kind = ProgramNode::Kind::match; node.first = match;
            }
            program_.nodes_[node_ids_[id]] = node;
        }
        entry.end = static_cast<NodeId>(program_.nodes_.size());
        add_first(entry);
        return entry;
    }

    // The bytes that take a start node further, looks passed through, in any context.
    void add_first(Entry& entry) {
        std::pmr::vector<NodeId> open(&arena_);
        std::pmr::vector<bool> seen(entry.end - entry.begin, false, &arena_);
        const auto push = [&](Follow follow) {
            for (std::size_t c = 0; c < context_count; ++c) {
                for (NodeId id : program_.nodes(follow, static_cast<Context>(c))) {
                    id &= ~match_bit;
                    if (!seen[id - entry.begin]) open.push_back(id);
                    seen[id - entry.begin] = true;
                }
            }
        };
        push(entry.start);
        while (!open.empty()) {
            const ProgramNode& node = program_.nodes_[open.back()];
            open.pop_back();
            if (node.kind == ProgramNode::Kind::look) push(node.follow);
            if (node.kind != ProgramNode::Kind::bytes) continue;
            for (const Edge& edge : program_.edges(node)) entry.first.add(program_.sets_[edge.set]);
        }
    }

    Program& program_;
    std::size_t steps_max_;
    std::pmr::monotonic_buffer_resource arena_;
    std::pmr::vector<Step> steps_{&arena_};
    std::pmr::vector<StepId> targets_{&arena_};
    std::pmr::vector<Arc> arcs_{&arena_};
    std::size_t bytes_steps_ = 0;
    std::pmr::map<const Range*, Built> built_{&arena_};
    std::pmr::vector<NodeId> node_ids_{&arena_};
    std::pmr::vector<Follow> follow_ids_{&arena_};
    std::pmr::vector<StepId> queue_{&arena_};
    std::pmr::vector<StepId> reached_{&arena_};
    std::pmr::vector<StepId> stack_{&arena_};
    std::pmr::vector<std::uint32_t> visited_{&arena_};
    std::uint32_t visit_ = 0;
    bool met_left_ = false;
};

Result<Entry> compile(Program& program, const Node& tree, std::uint32_t match, std::size_t nodes_max) {
    return Compiler(program, nodes_max).add(tree, match);
}

}  // namespace gw::guardrail
