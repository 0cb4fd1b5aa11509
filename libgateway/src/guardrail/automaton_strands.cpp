#include "guardrail/automaton_strands.h"

#include <algorithm>
#include <bit>

#include "guardrail/automaton_classes.h"
#include "guardrail/automaton_table.h"

namespace gw::guardrail {
namespace {

constexpr std::size_t buckets_min = 1024;
constexpr std::size_t empty_lists = 2;

}  // namespace

Strands::Strands(const PatternSet& set, const PatternSet::Group& group, std::pmr::memory_resource* memory)
    : group_(group),
      program_(set.program()),
      stored_(1, memory),
      origins_(1, memory),
      parts_(group.entries.size(), memory),
      classes_(memory),
      cells_(memory),
      matching_(memory),
      growths_(memory),
      sets_(memory),
      buckets_(buckets_min, 0, memory),
      beginnings_(context_count * group.class_count, memory),
      begun_now_(memory),
      grown_(empty_lists, {no_part, {}}, memory),
      node_flags_(group.end - group.begin, Table::live, memory),
      words_((group.end - group.begin) / 64 + 1, 0, memory),
      looked_(memory),
      nodes_(memory),
      part_sets_(memory),
      made_(memory),
      made_now_(memory),
      made_grown_(memory) {
    for (NodeId id = group_.begin; id < group_.end; ++id) {
        const ProgramNode& node = program_.node(id);
        std::uint8_t& flags = node_flags_[id - group_.begin];
        if (!set.is_public(id)) flags |= Table::held;
        if (node.kind != ProgramNode::Kind::look) continue;
        for (std::size_t c = 0; c < context_count; ++c) {
            for (const NodeId next : program_.nodes(node.follow, static_cast<Context>(c))) {
                // A match stands behind it, or may after another look.
                if ((next & match_bit) != 0 || program_.node(next).kind != ProgramNode::Kind::bytes)
                    flags |= Table::undecided;
            }
        }
    }
}

void Strands::clear() noexcept {
    stored_.resize(1);
    origins_.resize(1);
    cells_.clear();
    matching_.clear();
    growths_.clear();
    sets_.clear();
    std::fill(buckets_.begin(), buckets_.end(), 0);
    std::fill(beginnings_.begin(), beginnings_.end(), Beginning{});
    begun_now_.clear();
    grown_.resize(empty_lists);
}

std::size_t Strands::size() const noexcept {
    return stored_.size() * (sizeof(Stored) + sizeof(Origin) + 2 * sizeof(std::uint32_t)) +
           (cells_.size() + sets_.size() + begun_now_.size()) * sizeof(std::uint16_t) +
           (matching_.size() + growths_.size()) * sizeof(std::uint32_t) + grown_.size() * sizeof(Grown) +
           classes_.size() * sizeof classes_[0];
}

// --- strands -----------------------------------------------------------------------------------------------------

std::size_t Strands::hash(std::span<const std::uint16_t> members, Context left) noexcept {
    std::uint64_t h = static_cast<std::uint64_t>(left);
    for (const std::uint16_t member : members) {
        h = (h ^ member) * 0x9E3779B97F4A7C15ULL;
        h ^= h >> 29U;
    }
    return static_cast<std::size_t>(h);
}

Strands::Id Strands::intern(std::span<const std::uint16_t> wanted, std::uint16_t part, Context left) {
    if (buckets_.size() < 2 * (stored_.size() + 1)) {
        std::pmr::vector<std::uint32_t> grown(buckets_.size() * 2, 0, buckets_.get_allocator());
        for (std::size_t i = 1; i < stored_.size(); ++i) {
            std::size_t at = hash(members(static_cast<Id>(i)), origins_[i].left) & (grown.size() - 1);
            while (grown[at] != 0) at = (at + 1) & (grown.size() - 1);
            grown[at] = static_cast<std::uint32_t>(i);
        }
        buckets_ = std::move(grown);
    }
    std::size_t at = hash(wanted, left) & (buckets_.size() - 1);
    for (; buckets_[at] != 0; at = (at + 1) & (buckets_.size() - 1)) {
        const Id id = static_cast<Id>(buckets_[at]);
        const auto have = members(id);
        if (origins_[id].left == left && stored_[id].part == part &&
            std::equal(have.begin(), have.end(), wanted.begin(), wanted.end()))
            return id;
    }
    const bool tail = part == no_part;
    if (!tail && parts_[part].class_count == 0) classify(part);
    Stored stored{static_cast<std::uint32_t>(tail ? growths_.size() : cells_.size()), part, 0};
    if (!tail) stored.classes = parts_[part].classes;
    Origin origin{static_cast<std::uint32_t>(sets_.size()), static_cast<std::uint16_t>(wanted.size()), left};
    for (const std::uint16_t member : wanted) origin.flags |= tail ? flags(member) : node_flags_[member];
    origins_.resize(stored_.size());  // after std::bad_alloc it may be one ahead
    origins_.push_back(origin);
    sets_.insert(sets_.end(), wanted.begin(), wanted.end());
    if (tail) {
        growths_.resize(growths_.size() + group_.class_count, 0);
    } else {
        cells_.resize(cells_.size() + parts_[part].class_count, unknown);
    }
    stored_.push_back(stored);
    buckets_[at] = static_cast<std::uint32_t>(stored_.size() - 1);
    return static_cast<Id>(stored_.size() - 1);
}

void Strands::append(std::span<const std::uint16_t> nodes, Context left, std::pmr::vector<Id>& out) {
    while (!nodes.empty()) {
        const NodeId first = group_.begin + nodes.front();
        const auto owner = std::upper_bound(group_.entries.begin(), group_.entries.end(), first,
                                            [](NodeId id, const Entry& entry) { return id < entry.end; });
        std::size_t count = 1;
        while (count < nodes.size() && group_.begin + nodes[count] < owner->end) ++count;
        const auto part = static_cast<std::uint16_t>(owner - group_.entries.begin());
        out.push_back(intern(nodes.first(count), part, merged(left)));
        nodes = nodes.subspan(count);
    }
}

void Strands::append_nodes(Id strand, std::pmr::vector<std::uint16_t>& nodes) const {
    const auto all = members(strand);
    if (!is_tail(strand)) {
        nodes.insert(nodes.end(), all.begin(), all.end());
    } else {
        for (const Id member : all) append_nodes(member, nodes);
    }
}

// Bytes that no node of the part tells apart, nor what stands to the left afterwards, are a class.
void Strands::classify(std::uint16_t part) {
    const Entry& entry = group_.entries[part];
    part_sets_.clear();
    for (NodeId id = entry.begin; id < entry.end; ++id) {
        const ProgramNode& node = program_.node(id);
        if (node.kind != ProgramNode::Kind::bytes) continue;
        for (const Edge& edge : program_.edges(node)) part_sets_.push_back(edge.set);
    }
    std::sort(part_sets_.begin(), part_sets_.end());
    part_sets_.erase(std::unique(part_sets_.begin(), part_sets_.end()), part_sets_.end());
    ByteClasses classes;
    for (const std::uint32_t id : part_sets_) classes.refine(program_.set(id));
    classes.refine_contexts();  // a look sees what stands to the right, too
    classes_.push_back(classes.numbers());
    parts_[part] = {static_cast<std::uint16_t>(classes.count()), static_cast<std::uint16_t>(classes_.size() - 1)};
}

// --- steps -------------------------------------------------------------------------------------------------------

void Strands::advance(std::uint16_t local, Step& step) {
    const ProgramNode& node = program_.node(group_.begin + local);
    if (node.kind == ProgramNode::Kind::bytes) {
        if (step.byte == end_of_text) return;
        for (const Edge& edge : program_.edges(node)) {
            if (!program_.set(edge.set).has(step.byte)) continue;
            for (const NodeId next : program_.nodes(edge.follow, step.right)) {
                if ((next & match_bit) != 0) {
                    step.now = true;
                } else {
                    mark(static_cast<std::uint16_t>(next - group_.begin));
                }
            }
            return;  // the edges of a node are disjoint
        }
        return;
    }
    if (node.kind != ProgramNode::Kind::look || !satisfied(node.look, step.byte)) return;
    if (std::find(looked_.begin(), looked_.end(), local) != looked_.end()) return;
    looked_.push_back(local);
    for (const NodeId next : program_.nodes(node.follow, step.left)) {
        if ((next & match_bit) != 0) {
            step.before = true;
        } else {
            advance(static_cast<std::uint16_t>(next - group_.begin), step);
        }
    }
}

Strands::Id Strands::collect(std::uint16_t part, Context left) {
    const Entry& entry = group_.entries[part];
    nodes_.clear();
    for (std::size_t w = (entry.begin - group_.begin) / 64; w <= (entry.end - 1 - group_.begin) / 64; ++w) {
        for (std::uint64_t word = words_[w]; word != 0; word &= word - 1)
            nodes_.push_back(static_cast<std::uint16_t>(w * 64 + static_cast<std::size_t>(std::countr_zero(word))));
        words_[w] = 0;
    }
    return nodes_.empty() ? none : intern(nodes_, part, left);
}

// What a step left behind that std::bad_alloc cut short.
void Strands::unmark() noexcept {
    if (dirty_) std::fill(words_.begin(), words_.end(), 0);
    dirty_ = true;
}

// Marks where a part stands that begins with the byte.
void Strands::begin_part(std::uint16_t part, Step& step) {
    const Entry& entry = group_.entries[part];
    if (!entry.first.has(step.byte)) return;
    looked_.clear();
    for (const NodeId node : program_.nodes(entry.start, step.left))
        advance(static_cast<std::uint16_t>(node - group_.begin), step);
}

Strands::Move Strands::compute(Id strand, unsigned byte) {
    const Stored from = stored_[strand];
    unmark();
    looked_.clear();
    const Context left = origins_[strand].left;
    Step step{left, context_after(byte), byte};
    for (const std::uint16_t node : members(strand)) advance(node, step);
    const Entry& entry = group_.entries[from.part];
    const std::size_t first_word = (entry.begin - group_.begin) / 64, last_word = (entry.end - 1 - group_.begin) / 64;
    const auto words = std::span(words_).subspan(first_word, last_word - first_word + 1);
    const bool survives = std::any_of(words.begin(), words.end(), [](std::uint64_t word) { return word != 0; });
    Step fresh{left, step.right, byte};
    begin_part(from.part, fresh);
    Move move;
    if (survives) {
        move.word = collect(from.part, merged(step.right));
    } else {
        std::fill(words.begin(), words.end(), 0);
    }
    dirty_ = false;
    if (step.before) move.word |= Move::before_bit;
    if (step.now || fresh.now) move.word |= Move::now_bit;
    std::size_t cell = move.word;
    if (move.before() || move.now()) {
        cell = ids_max + matching_.size();
        matching_.push_back(move.word);
    }
    cells_[from.cells + classes_[from.classes][byte]] = static_cast<std::uint16_t>(cell);
    return move;
}

Strands::Begun Strands::begin(Context left, unsigned byte) {
    Beginning& begun = beginnings_[static_cast<std::size_t>(left) * group_.class_count + group_.class_of[byte]];
    if (begun.now == UINT32_MAX) {
        unmark();
        made_.clear();
        made_now_.clear();
        const Context right = context_after(byte);
        for (std::size_t i = 0; i < group_.entries.size(); ++i) {
            const auto part = static_cast<std::uint16_t>(i);
            Step step{left, right, byte};
            begin_part(part, step);
            if (step.now) made_now_.push_back(part);
            if (const Id strand = collect(part, merged(right)); strand != none) made_.push_back(strand);
        }
        dirty_ = false;
        begun_now_.reserve(begun_now_.size() + made_now_.size());
        if (!made_.empty()) begun.tail = intern(made_, no_part, merged(right));
        begun.now_count = static_cast<std::uint16_t>(made_now_.size());
        begun.now = static_cast<std::uint32_t>(begun_now_.size());
        begun_now_.insert(begun_now_.end(), made_now_.begin(), made_now_.end());
    }
    return {begun.tail, {begun_now_.data() + begun.now, begun.now_count}};
}

std::uint32_t Strands::compute_growth(Id tail, unsigned byte) {
    made_grown_.clear();
    for (std::size_t i = 0; i < origins_[tail].count; ++i) {
        const Id strand = members(tail)[i];
        const Move move = this->move(strand, byte);
        if (move.survives() || move.before() || move.now()) made_grown_.push_back({part(strand), move});
    }
    std::uint32_t list = empty_lists - 1;
    if (!made_grown_.empty()) {
        made_grown_.push_back({no_part, {}});
        list = static_cast<std::uint32_t>(grown_.size());
        grown_.insert(grown_.end(), made_grown_.begin(), made_grown_.end());
    }
    growths_[stored_[tail].cells + group_.class_of[byte]] = list;
    return list;
}

void Strands::end(Id strand, std::pmr::vector<std::uint16_t>& parts) {
    if (is_tail(strand)) {
        for (const Id member : members(strand)) end(member, parts);
        return;
    }
    looked_.clear();
    Step step{origins_[strand].left, Context::other, end_of_text};
    for (const std::uint16_t node : members(strand)) advance(node, step);
    if (step.before) parts.push_back(part(strand));
}

}  // namespace gw::guardrail
