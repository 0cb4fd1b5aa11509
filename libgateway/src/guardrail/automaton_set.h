// PatternSet: the expressions of all rules, compiled together. Immutable; any number of threads may share it.
//
//     sources -- parse, split, compile --> Program (nodes) + groups (who is stepped together) + chains (what a part is
//     of)
//
// What is lazily made from it (the deterministic tables) lives in a Cache, one per thread; where a text stands lives in
// a Stream, one per text. automaton_scanner.h says how to use the three.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

#include "guardrail/automaton_program.h"
#include "guardrail/automaton_split.h"
#include "guardrail/regex_syntax.h"

namespace gw::guardrail {

// What is promised about a pattern's matches.
enum class Kind : std::uint8_t {
    mask,  // no byte of a match leaves: bytes of a live partial match are held
    stop,  // no complete match leaves: only the byte is held that decides a pending \b or $
};

struct PatternSource {
    std::string_view text;
    Kind kind = Kind::stop;
    regex::SyntaxOptions syntax;
    bool public_opening = false;  // of a mask pattern's partial match, what it spells out may leave: automaton_public.h
    bool probe = true;            // try it against the budget of states; false: that was done
};

struct SetOptions {
    std::uint32_t nodes_per_pattern_max = 20000;
    std::uint32_t nodes_max = 400000;
    std::uint32_t states_per_pattern_max = 2000;  // what a probe text may make of one pattern; more is a Problem
    std::uint32_t window_bytes = 8192;            // how far back the beginning of a match is looked for
    std::uint32_t front_bytes = 256;              // how far a repeat at the front is extended back
    // The patterns of a kind that have more nodes, roughly, are stepped as two groups: state sets store node numbers in
    // 16 bits. Below that two tables gain nothing: together they have as many states as one.
    std::uint32_t group_nodes_max = 50000;
    bool split_at_gaps = true;
};

struct Problem {
    std::uint32_t pattern = 0;  // index in the sources
    std::uint32_t column = 0;   // in characters, from 0
    bool refused = true;        // false: it works, but it is expensive
    std::string_view what;      // static text
};

class PatternSet {
public:
    // Compiles all sources; nothing when one of them was refused. `problems` gets every reason, not only the first, and
    // the warnings. A pattern that matches the empty text is refused: it would match everywhere.
    [[nodiscard]] static std::shared_ptr<const PatternSet> compile(std::span<const PatternSource> sources,
                                                                   const SetOptions& options,
                                                                   std::pmr::memory_resource* memory,
                                                                   std::pmr::vector<Problem>& problems);

    // One alternative of a pattern: its parts, looked for one after the other.
    struct Chain {
        std::uint32_t pattern = 0;
        std::uint32_t group = 0;
        std::uint16_t part_count = 1;
        bool open_front = false, has_head = false;
        std::uint32_t gaps = 0;  // index of its first gap: the front's when open_front, then those between the parts
    };
    // What the match nodes of a group mean.
    struct Part {
        std::uint32_t chain = 0;
        std::uint16_t index = 0;
    };
    struct Pattern {
        Kind kind = Kind::stop;
        std::uint32_t first_chain = 0, chain_count = 0;
        std::uint16_t class_count = 0;
        std::array<std::uint8_t, 256> class_of{};  // bytes that no node of the whole expression tells apart
        Entry entry;
    };
    struct Group {
        explicit Group(std::pmr::memory_resource* memory) : parts(memory), entries(memory) {}
        Kind kind = Kind::stop;
        NodeId begin = 0, end = 0;
        std::size_t bytes_max = 0;  // what is alive began no earlier than so many bytes ago; SIZE_MAX: no bound
        std::uint16_t class_count = 0;
        std::array<std::uint8_t, 256> class_of{};
        // Contexts that the group cannot tell apart share a number.
        std::array<Context, context_count> context{};
        std::pmr::vector<Part> parts;     // by the number in a match node
        std::pmr::vector<Entry> entries;  // of the same
    };

    [[nodiscard]] const Program& program() const noexcept { return program_; }
    [[nodiscard]] std::span<const Group> groups() const noexcept { return groups_; }
    [[nodiscard]] std::span<const Chain> chains() const noexcept { return chains_; }
    [[nodiscard]] std::span<const Pattern> patterns() const noexcept { return patterns_; }
    [[nodiscard]] const Gap& gap(std::size_t index) const noexcept { return gaps_[index]; }
    [[nodiscard]] const SetOptions& options() const noexcept { return options_; }
    [[nodiscard]] bool is_public(NodeId node) const noexcept { return node < public_.size() && public_[node]; }
    [[nodiscard]] bool has_open_front() const noexcept { return has_open_front_; }
    [[nodiscard]] std::size_t entry_nodes_max() const noexcept { return entry_nodes_max_; }
    [[nodiscard]] std::size_t size() const noexcept;  // bytes it takes
    [[nodiscard]] std::pmr::memory_resource* memory() const noexcept { return groups_.get_allocator().resource(); }

    PatternSet(const SetOptions& options, std::pmr::memory_resource* memory);  // empty; use compile()

private:
    friend class SetBuilder;
    SetOptions options_;
    Program program_;
    std::pmr::vector<Group> groups_;
    std::pmr::vector<Chain> chains_;
    std::pmr::vector<Pattern> patterns_;
    std::pmr::vector<Gap> gaps_;
    std::pmr::vector<bool> public_;  // by node
    bool has_open_front_ = false;
    std::size_t entry_nodes_max_ = 0;
};

}  // namespace gw::guardrail
