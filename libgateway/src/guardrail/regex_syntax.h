// Regular expressions in the syntax of RE2, as a tree.
//
//     (?i)ab*|\bc  -- parse() -->  Alternate{ Concat{ [aA], Repeat{[bB], 0, unbounded} }, Concat{ \b, [cC] } }
//
// Case, dot and line flags are resolved while parsing, so the tree has only what matters to an automaton: sets of
// characters, repeats, and seven assertions. Groups leave no trace, because spans of groups are not reported. Lazy
// repeats (`*?`, (?U)) are read as greedy: which of the possible matches is meant is settled elsewhere, by
// "leftmost, then longest", and for that the preference of a repeat does not exist.
//
// Not supported, each refused with its reason: look-around, back-references, atomic groups and possessive repeats
// (none of them is regular), comments, \C, \X, \R, \K, \G, \Z, and what RE2 refuses too.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>

#include "core/result.h"
#include "guardrail/regex_charset.h"

namespace gw::guardrail::regex {

enum class Assertion : std::uint8_t {
    text_begin,         // \A, and ^ without (?m)
    text_end,           // \z, and $ without (?m)
    line_begin,         // ^ with (?m): the beginning, or after a line feed
    line_end,           // $ with (?m): the end, or before a line feed
    word_boundary,      // \b, where "word" is [0-9A-Za-z_] as in RE2, never more
    not_word_boundary,  // \B
};

struct Node {
    enum class Kind : std::uint8_t { empty, set, concat, alternate, repeat, assertion };
    static constexpr std::uint32_t unbounded = UINT32_MAX;

    Kind kind = Kind::empty;
    Assertion assertion = Assertion::text_begin;
    std::uint32_t least = 0, most = 0;      // repeat; most may be `unbounded`
    std::uint32_t column = 0;               // where it begins, in characters from 0
    std::span<const Range> set;             // set: sorted; an empty set matches nothing
    std::span<const Node* const> children;  // concat, alternate: any number; repeat: one
};

struct SyntaxOptions {
    bool ignore_case = false;          // as if the expression began with (?i)
    bool dot_matches_newline = false;  // (?s)
    bool multi_line = false;           // (?m)
};

constexpr std::uint32_t repeat_max = 1000;  // the largest n of x{n}, as in RE2
constexpr std::uint32_t nesting_max = 200;  // groups in groups

// Reads `text`. The tree lies in `arena`, which must live as long as the tree and frees it as a whole (a
// std::pmr::monotonic_buffer_resource). On an error, `where` is the column in characters, counted from 0.
[[nodiscard]] Result<const Node*> parse(std::string_view text, const SyntaxOptions& options,
                                        std::pmr::memory_resource* arena);

// Least number of characters of a match; assertions count nothing. SIZE_MAX when nothing can match.
[[nodiscard]] std::size_t length_min(const Node& node);

}  // namespace gw::guardrail::regex
