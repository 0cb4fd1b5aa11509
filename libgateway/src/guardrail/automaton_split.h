// Cuts an expression into pieces whose automata stay small.
//
//     env[^;\n]*\|\s*curl   -->   env  ... gap [^;\n]*, any length ...  \|\s*curl
//
// A wide repeat in the middle (a gap) is what multiplies the states of a deterministic automaton: every beginning that
// was seen has its own distance to remember. So the automaton only looks for the parts, and a chain remembers which
// parts were seen, where, and whether the gap still holds. That is a necessary condition, never a sufficient one: what
// really matched, and from where to where, is found by running the whole expression over the candidate (Tracker).
//
// A wide repeat at the front that any text satisfies is left away altogether; the span is extended back afterwards. So
// is what only makes a match longer (`sk-\w{20,}` is looked for as `sk-\w{20}`): the candidate is grown by the Tracker.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <vector>

#include "guardrail/automaton_program.h"

namespace gw::guardrail {

// What may stand between two parts.
struct Gap {
    ByteSet allowed;                                        // bytes that may occur in it
    bool any_byte = false;                                  // all of them
    std::uint32_t characters_max = regex::Node::unbounded;  // the longest it can be
};

struct SplitChain {
    explicit SplitChain(std::pmr::memory_resource* memory) : parts(memory), gaps(memory) {}
    std::pmr::vector<const regex::Node*> parts;  // at least one
    std::pmr::vector<Gap> gaps;                  // between the parts, one less than those
    bool exact = true;                           // the last part was neither shortened nor loosened
    std::size_t bytes_max = 0;                   // of a part, before it was loosened; SIZE_MAX: no bound
    bool open_front = false;                     // a repeat in front was left away; `front` says what it takes
    bool has_head = false;                       // and what stands before that, an anchor or a character
    Gap front;
    [[nodiscard]] bool is_whole() const noexcept { return parts.size() == 1 && !open_front && exact; }
};

// The chains of `tree`: a text that matches has the parts of one chain in order, the last one at or before the end of
// the match. One chain with one part, the tree itself, when nothing is to be cut. New nodes lie in `arena`.
[[nodiscard]] std::pmr::vector<SplitChain> split(const regex::Node& tree, std::pmr::memory_resource* arena);
// The same without cutting.
[[nodiscard]] std::pmr::vector<SplitChain> unsplit(const regex::Node& tree, std::pmr::memory_resource* arena);

}  // namespace gw::guardrail
