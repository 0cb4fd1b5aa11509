// Which openings of a `mask` pattern may leave before more is known, because they say next to nothing.
//
//     https://user:pass...       "h" "ht" ... "https://"  public, by prefix
//     [A-Za-z0-9._-]+@...        any part of a word       public, when the word has less than `bits`
//
// A node is public when some path to it is as common in ordinary text as one beginning in 2^bits, or lies on the given
// prefix. The promise of a mask pattern then reads: of a match, nothing leaves but an opening that ends in a public
// node. A pattern of broad repeats (`\w+@`) never gathers bits in them: it is either strict, and holds every word, or
// gives that part away.
#pragma once

#include <memory_resource>
#include <string_view>
#include <utility>
#include <vector>

#include "guardrail/automaton_program.h"

namespace gw::guardrail {

class PublicNodes {
public:
    explicit PublicNodes(const Program& program, std::pmr::memory_resource* memory)
        : program_(program), nodes_(memory), bits_(memory) {}

    // Marks nodes of one expression or part, [entry.begin, entry.end), that is reached with `bits_before`. Returns the
    // least bits of a match of it.
    double mark(const Entry& entry, double bits_before, double bits_max);
    // Marks the nodes along the literal `prefix`, beside those that repeat. False when no match begins with it, or
    // when it is longer than the whole.
    [[nodiscard]] bool mark_prefix(const Entry& entry, std::string_view prefix);
    // By node; may be shorter than the program: the rest is not public.
    [[nodiscard]] std::pmr::vector<bool> take() { return std::move(nodes_); }

private:
    void set(NodeId node);
    template <typename Visit>
    void each_successor(Follow follow, const Visit& visit) const;

    const Program& program_;
    std::pmr::vector<bool> nodes_;
    std::pmr::vector<double> bits_;
};

// `tree` with every unbounded repeat as its least count, and a loop behind: x+ as xx*. New nodes lie in `arena`.
[[nodiscard]] const regex::Node& unroll(const regex::Node& tree, std::pmr::memory_resource* arena);

}  // namespace gw::guardrail
