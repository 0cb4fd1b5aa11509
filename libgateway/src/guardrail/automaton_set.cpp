#include "guardrail/automaton_set.h"

#include <algorithm>

#include "guardrail/automaton_classes.h"
#include "guardrail/automaton_probe.h"
#include "guardrail/automaton_public.h"

namespace gw::guardrail {

PatternSet::PatternSet(const SetOptions& options, std::pmr::memory_resource* memory)
    : options_(options),
      program_(memory),
      groups_(memory),
      chains_(memory),
      patterns_(memory),
      gaps_(memory),
      public_(memory) {}

std::size_t PatternSet::size() const noexcept {
    std::size_t sum = sizeof *this + program_.size() + chains_.capacity() * sizeof(Chain) +
                      patterns_.capacity() * sizeof(Pattern) + gaps_.capacity() * sizeof(Gap);
    for (const Group& group : groups_) {
        sum += sizeof group + group.parts.capacity() * sizeof(Part) + group.entries.capacity() * sizeof(Entry);
    }
    return sum;
}

class SetBuilder {
public:
    SetBuilder(PatternSet& set, std::pmr::memory_resource* memory, std::pmr::vector<Problem>& problems)
        : set_(set), arena_(memory), problems_(problems) {}

    bool run(std::span<const PatternSource> sources) {
        const std::size_t problems_before = problems_.size();
        read(sources);
        if (refused(problems_before)) return false;
        build_groups(Kind::mask);
        build_groups(Kind::stop);
        build_whole();
        mark_public(sources);
        for (PatternSet::Group& group : set_.groups_) finish_group(group);
        for (PatternSet::Pattern& pattern : set_.patterns_) finish_pattern(pattern);
        if (refused(problems_before)) return false;
        probe(sources);
        return true;
    }

private:
    struct Source {
        explicit Source(std::pmr::memory_resource* memory) : chains(memory), entries(memory) {}
        const regex::Node* tree = nullptr;
        std::pmr::vector<SplitChain> chains;
        std::pmr::vector<Entry> entries;  // of all parts of all chains
    };

    [[nodiscard]] bool refused(std::size_t from) const noexcept {
        return std::any_of(problems_.begin() + static_cast<std::ptrdiff_t>(from), problems_.end(),
                           [](const Problem& problem) { return problem.refused; });
    }
    void refuse(std::uint32_t pattern, const Error& error) {
        problems_.push_back({pattern, static_cast<std::uint32_t>(error.where), true, error.what});
    }

    void read(std::span<const PatternSource> sources) {
        sources_.reserve(sources.size());
        set_.patterns_.resize(sources.size());
        for (std::uint32_t i = 0; i < sources.size(); ++i) {
            Source& source = sources_.emplace_back(&arena_);
            set_.patterns_[i].kind = sources[i].kind;
            auto tree = regex::parse(sources[i].text, sources[i].syntax, &arena_);
            if (!tree) {
                refuse(i, tree.error());
                continue;
            }
            const std::size_t length = regex::length_min(**tree);
            if (length == 0) refuse(i, {GW_ERR_CONFIG, 0, "it matches the empty text, so it would match everywhere"});
            if (length == SIZE_MAX) refuse(i, {GW_ERR_CONFIG, 0, "no text can match it"});
            source.tree = *tree;
            source.chains = set_.options_.split_at_gaps ? split(**tree, &arena_) : unsplit(**tree, &arena_);
        }
    }

    // The counts that were let run still bound how far back a beginning can lie, and so what is held.
    [[nodiscard]] std::size_t reach(std::uint32_t pattern) const noexcept {
        std::size_t most = 0;
        for (const SplitChain& chain : sources_[pattern].chains) most = std::max(most, chain.bytes_max);
        return most < reach_max ? most + 1 : SIZE_MAX;
    }

    // True when some set names characters beyond ASCII, other than by excluding or by folding case.
    [[nodiscard]] static bool names_foreign(const regex::Node& node) {
        constexpr char32_t few = 1000;
        char32_t count = 0;
        for (const regex::Range range : node.set) {
            const bool folded = range.low == range.high && (range.low == 0x17F || range.low == 0x212A);
            if (range.high >= 0x80 && !folded) count += range.high - std::max<char32_t>(range.low, 0x80) + 1;
        }
        return (count > 0 && count < few) ||
               std::any_of(node.children.begin(), node.children.end(),
                           [](const regex::Node* child) { return names_foreign(*child); });
    }

    // Words of other scripts have classes of bytes that the rest need not tell apart. Beside that neighbours stay
    // together, because rules that stand side by side are alike and share states.
    void build_groups(Kind kind) {
        std::size_t nodes_left = 0;
        std::pmr::vector<std::uint32_t> patterns(&arena_);
        for (std::uint32_t i = 0; i < sources_.size(); ++i) {
            if (set_.patterns_[i].kind != kind) continue;
            nodes_left += weight(i);
            patterns.push_back(i);
        }
        std::stable_partition(patterns.begin(), patterns.end(),
                              [this](std::uint32_t i) { return !names_foreign(*sources_[i].tree); });
        std::size_t left = nodes_left > set_.options_.group_nodes_max ? 2 : 1;
        for (std::size_t done = 0; done < patterns.size();) {
            const std::size_t share = nodes_left / left;
            PatternSet::Group& group = set_.groups_.emplace_back(memory());
            group.kind = kind;
            group.begin = static_cast<NodeId>(set_.program_.node_count());
            std::size_t taken = 0;
            do {
                const std::size_t before = set_.program_.node_count();
                group.bytes_max = std::max(group.bytes_max, reach(patterns[done]));
                add_parts(group, patterns[done]);
                // State sets store node numbers in 16 bits.
                if (set_.program_.node_count() - group.begin > group_nodes_max) {
                    if (before == group.begin) {
                        refuse(patterns[done], {GW_ERR_LIMIT, 0, "the expression is too large"});
                        return;
                    }
                    refuse(patterns[done], {GW_ERR_LIMIT, 0, "the rules together are too large for one group"});
                    return;
                }
                taken += weight(patterns[done]);
                nodes_left -= weight(patterns[done]);
                ++done;
            } while (done < patterns.size() && (left == 1 || taken + weight(patterns[done]) / 2 <= share));
            group.end = static_cast<NodeId>(set_.program_.node_count());
            if (left > 1) --left;
        }
    }
    // What a pattern adds to the node count of its group, roughly.
    [[nodiscard]] static std::size_t weight(const regex::Node& node) {
        std::size_t sum = node.kind == regex::Node::Kind::set ? 1 : 0;
        for (const regex::Node* child : node.children) sum += weight(*child);
        if (node.kind != regex::Node::Kind::repeat) return sum;
        return sum * std::max(1U, node.most == regex::Node::unbounded ? node.least : node.most);
    }
    [[nodiscard]] std::size_t weight(std::uint32_t pattern) const {
        std::size_t sum = 1;
        for (const SplitChain& chain : sources_[pattern].chains) {
            for (const regex::Node* part : chain.parts) sum += weight(*part);
        }
        return sum;
    }

    // A pattern is whole in its group when it was not cut; its nodes then serve the Tracker, too.
    [[nodiscard]] bool is_whole(std::uint32_t pattern) const {
        return sources_[pattern].chains.size() == 1 && sources_[pattern].chains[0].is_whole();
    }

    void add_parts(PatternSet::Group& group, std::uint32_t pattern) {
        PatternSet::Pattern& compiled = set_.patterns_[pattern];
        compiled.first_chain = static_cast<std::uint32_t>(set_.chains_.size());
        compiled.chain_count = static_cast<std::uint32_t>(sources_[pattern].chains.size());
        for (const SplitChain& source : sources_[pattern].chains) {
            PatternSet::Chain chain;
            chain.pattern = pattern;
            chain.group = static_cast<std::uint32_t>(set_.groups_.size() - 1);
            chain.part_count = static_cast<std::uint16_t>(source.parts.size());
            chain.open_front = source.open_front;
            chain.has_head = source.has_head;
            chain.gaps = static_cast<std::uint32_t>(set_.gaps_.size());
            if (source.open_front) set_.gaps_.push_back(source.front);
            set_.gaps_.insert(set_.gaps_.end(), source.gaps.begin(), source.gaps.end());
            set_.has_open_front_ = set_.has_open_front_ || source.open_front;
            const auto chain_index = static_cast<std::uint32_t>(set_.chains_.size());
            set_.chains_.push_back(chain);
            for (std::uint16_t i = 0; i < chain.part_count; ++i) {
                const auto entry = compile(set_.program_, *source.parts[i],
                                           static_cast<std::uint32_t>(group.parts.size()), nodes_max());
                if (!entry) {
                    refuse(pattern, entry.error());
                    return;
                }
                sources_[pattern].entries.push_back(*entry);
                group.parts.push_back({chain_index, i});
                group.entries.push_back(*entry);
                if (is_whole(pattern)) compiled.entry = *entry;
            }
        }
    }

    // The expressions that the groups hold only in parts, once more as a whole, for Tracker.
    void build_whole() {
        for (std::uint32_t i = 0; i < sources_.size(); ++i) {
            PatternSet::Pattern& pattern = set_.patterns_[i];
            if (!is_whole(i)) {
                const auto entry = compile(set_.program_, *sources_[i].tree, 0, nodes_max());
                if (!entry) {
                    refuse(i, entry.error());
                    continue;
                }
                pattern.entry = *entry;
            }
            set_.entry_nodes_max_ =
                std::max<std::size_t>(set_.entry_nodes_max_, pattern.entry.end - pattern.entry.begin);
        }
    }
    [[nodiscard]] std::size_t nodes_max() const noexcept {
        const std::size_t used = set_.program_.node_count();
        return std::min<std::size_t>(set_.options_.nodes_per_pattern_max,
                                     set_.options_.nodes_max - std::min<std::size_t>(used, set_.options_.nodes_max));
    }

    // Of a chain the first part, unless something was left away in front of it.
    void mark_public(std::span<const PatternSource> sources) {
        std::pmr::vector<bool>& marked = set_.public_;
        for (std::uint32_t i = 0; i < sources.size(); ++i) {
            if (sources[i].kind != Kind::mask || !sources[i].public_opening) continue;
            const PatternSet::Pattern& pattern = set_.patterns_[i];
            mark_openings(set_.program_, pattern.entry, marked);
            if (is_whole(i)) continue;
            const Entry* entry = sources_[i].entries.data();
            for (std::uint32_t c = pattern.first_chain; c < pattern.first_chain + pattern.chain_count; ++c) {
                if (!set_.chains_[c].open_front) mark_openings(set_.program_, *entry, marked);
                entry += set_.chains_[c].part_count;
            }
        }
        release_later_parts();
    }

    // Of a chain only the first part holds by itself: a later one counts when those before were seen, and then their
    // arm holds from where the first began.
    void release_later_parts() {
        std::pmr::vector<bool>& marked = set_.public_;
        for (std::uint32_t i = 0; i < sources_.size(); ++i) {
            const PatternSet::Pattern& pattern = set_.patterns_[i];
            if (is_whole(i)) continue;
            const Entry* entry = sources_[i].entries.data();
            for (std::uint32_t c = pattern.first_chain; c < pattern.first_chain + pattern.chain_count; ++c) {
                for (std::uint16_t part = 0; part < set_.chains_[c].part_count; ++part, ++entry) {
                    if (part == 0) continue;
                    if (marked.size() < entry->end) marked.resize(entry->end, false);
                    std::fill(marked.begin() + static_cast<std::ptrdiff_t>(entry->begin),
                              marked.begin() + static_cast<std::ptrdiff_t>(entry->end), true);
                }
            }
        }
    }

    // Expressions that are large enough to be dangerous are tried alone.
    void probe(std::span<const PatternSource> sources) {
        if (set_.options_.states_per_pattern_max == 0) return;
        for (std::uint32_t i = 0; i < sources_.size(); ++i) {
            if (!sources[i].probe || weight(i) < probe_weight_min) continue;
            const std::pmr::vector<Entry>& entries = sources_[i].entries;
            PatternSet::Group alone(memory());
            alone.begin = entries.front().begin;
            alone.end = entries.back().end;
            const PatternSet::Group& owner = set_.groups_[set_.chains_[set_.patterns_[i].first_chain].group];
            alone.class_of = owner.class_of;
            alone.class_count = owner.class_count;
            alone.context = owner.context;
            alone.entries.assign(entries.begin(), entries.end());
            set_.groups_.push_back(std::move(alone));
            const std::size_t states =
                probe_states(set_, set_.groups_.size() - 1, set_.options_.states_per_pattern_max, memory());
            set_.groups_.pop_back();
            if (states <= set_.options_.states_per_pattern_max) continue;
            problems_.push_back(
                {i, 0, false, "it keeps making new states: a long repeat that can begin almost anywhere"});
        }
    }

    // Bytes that no node in [begin, end) tells apart become one class.
    void classify(NodeId begin, NodeId end, std::span<const Entry> entries) {
        const Program& program = set_.program_;
        bool looks = false;
        std::pmr::vector<std::uint32_t> sets(&arena_);
        for (const Entry& entry : entries) looks = looks || entry.start.depends_on_context();
        for (NodeId id = begin; id < end; ++id) {
            const ProgramNode& node = program.node(id);
            looks = looks || node.kind == ProgramNode::Kind::look;
            if (node.kind != ProgramNode::Kind::bytes) continue;
            for (const Edge& edge : program.edges(node)) {
                sets.push_back(edge.set);
                looks = looks || edge.follow.depends_on_context();
            }
        }
        std::sort(sets.begin(), sets.end());
        sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
        ByteClasses classes;
        for (const std::uint32_t id : sets) classes.refine(program.set(id));
        if (looks) classes.refine_contexts();
        refine_ = classes.numbers();
        refine_count_ = classes.count();
    }

    void finish_group(PatternSet::Group& group) {
        classify(group.begin, group.end, group.entries);
        order_classes();
        group.class_of = refine_;
        group.class_count = static_cast<std::uint16_t>(refine_count_);
        merge_contexts(group);
    }
    void finish_pattern(PatternSet::Pattern& pattern) {
        classify(pattern.entry.begin, pattern.entry.end, {&pattern.entry, 1});
        pattern.class_of = refine_;
        pattern.class_count = static_cast<std::uint16_t>(refine_count_);
    }

    // Numbers the classes by how common their bytes are, so that the cells that are read most share a cache line.
    void order_classes() noexcept {
        constexpr std::string_view common =
            " etaoinsrhldcumfpgwybv.,\nkx\"'-_/:0;1(=)2jqz*#|`<>\\{}3456789[]$&@%+!?~^\t\r";
        std::array<std::uint8_t, 256> number{};
        std::array<bool, 256> known{};
        std::size_t count = 0;
        const auto give = [&](unsigned byte) {
            if (!known[refine_[byte]]) number[refine_[byte]] = static_cast<std::uint8_t>(count++);
            known[refine_[byte]] = true;
        };
        for (const char c : common) give(static_cast<unsigned char>(c));
        for (unsigned byte = 0; byte < 256; ++byte) give(byte);
        for (std::uint8_t& of : refine_) of = number[of];
    }

    void merge_contexts(PatternSet::Group& group) {
        const Program& program = set_.program_;
        const auto same = [&](Follow follow, Context a, Context b) {
            const auto x = program.nodes(follow, a);
            const auto y = program.nodes(follow, b);
            return std::equal(x.begin(), x.end(), y.begin(), y.end());
        };
        for (std::size_t a = 0; a < context_count; ++a) {
            group.context[a] = static_cast<Context>(a);
            for (std::size_t b = 0; b < a; ++b) {
                const auto ca = static_cast<Context>(a);
                const auto cb = static_cast<Context>(b);
                bool alike = std::all_of(group.entries.begin(), group.entries.end(),
                                         [&](const Entry& entry) { return same(entry.start, ca, cb); });
                // A look node continues at a position whose context was noted when the state was made.
                for (NodeId id = group.begin; alike && id < group.end; ++id) {
                    const ProgramNode& node = program.node(id);
                    alike = node.kind != ProgramNode::Kind::look || same(node.follow, ca, cb);
                }
                if (alike) {
                    group.context[a] = group.context[b];
                    break;
                }
            }
        }
    }

    [[nodiscard]] std::pmr::memory_resource* memory() const noexcept { return set_.memory(); }

    static constexpr std::size_t group_nodes_max = 65535;
    static constexpr std::size_t reach_max = 1000;  // a bound beyond says little
    static constexpr std::size_t probe_weight_min = 100;

    PatternSet& set_;
    std::pmr::monotonic_buffer_resource arena_;
    std::pmr::vector<Problem>& problems_;
    std::pmr::vector<Source> sources_{&arena_};
    std::array<std::uint8_t, 256> refine_{};
    std::size_t refine_count_ = 1;
};

std::shared_ptr<const PatternSet> PatternSet::compile(std::span<const PatternSource> sources, const SetOptions& options,
                                                      std::pmr::memory_resource* memory,
                                                      std::pmr::vector<Problem>& problems) {
    auto set = std::allocate_shared<PatternSet>(std::pmr::polymorphic_allocator<PatternSet>(memory), options, memory);
    if (!SetBuilder(*set, memory, problems).run(sources)) return nullptr;
    return set;
}

}  // namespace gw::guardrail
