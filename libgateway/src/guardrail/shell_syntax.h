// What a shell text says, before anything in it is run: commands made of words made of parts.
//
//     A=1 curl "$url" 2>/dev/null | sh      pipeline
//                                           ├ simple  assignments A, words curl and "$url", redirect 2>
//                                           └ simple  words sh
//
// All spans are offsets of the original text, also in code that stood inside quotes. What does not matter to the facts
// is not kept: && and || are a sequence, so are the branches of `if`, `case` and the bodies of `while`.
#pragma once

#include "core/text.h"
#include "guardrail/shell_text.h"

namespace gw::guardrail::shell {

// The characters of a variable's name.
[[nodiscard]] constexpr bool is_name_start(char c) noexcept { return is_alpha(c) || c == '_'; }
[[nodiscard]] constexpr bool is_name(char c) noexcept { return is_name_start(c) || is_digit(c); }

struct Node;
struct SyntaxWord;

// What ${name...} asks for.
struct Parameter {
    enum class Operation : std::uint8_t {
        value,        // ${x}
        length,       // ${#x}
        indirect,     // ${!x}
        fallback,     // ${x:-word}, ${x-word}
        assign,       // ${x:=word}
        alternative,  // ${x:+word}
        demand,       // ${x:?word}
        cut_front,    // ${x#word}
        cut_back,     // ${x%word}
        replace,      // ${x/word/second}
        replace_all,  // ${x//word/second}
        substring,    // ${x:word}
        upper,
        lower,  // ${x^^}, ${x,,}
        other,
    };
    Operation operation = Operation::value;
    std::string_view index;  // of an array: ${x[index]}
    const SyntaxWord* operand = nullptr;
    const SyntaxWord* second = nullptr;
};

struct Part {
    enum class Kind : std::uint8_t { literal, parameter, command, process_in, process_out, arithmetic };
    Kind kind = Kind::literal;
    bool quoted = false;
    bool exact = true;  // of a literal: byte i is byte i of the span
    Span span;
    std::string_view text;  // of a literal; the name of a parameter
    const Parameter* parameter = nullptr;
    const Node* body = nullptr;           // of a command or process substitution
    const SyntaxWord* operand = nullptr;  // the expression of an arithmetic expansion
};

struct SyntaxWord {
    Span span;
    std::span<const Part> parts;
};

struct Assignment {
    Span span;
    std::string_view name;
    bool append = false;  // NAME+=
    bool array = false;   // NAME=(elements)
    SyntaxWord value;
    std::span<const SyntaxWord> elements;
};

struct Redirect {
    enum class Kind : std::uint8_t {
        in,
        out,
        append,
        in_out,
        both,
        both_append,
        duplicate,
        here_document,
        here_string
    };
    Kind kind = Kind::in;
    std::uint32_t fd = 0;
    Span span;
    SyntaxWord target;
    const SyntaxWord* document = nullptr;  // the text of a here-document
};

struct Node {
    enum class Kind : std::uint8_t {
        simple,
        pipeline,  // children are connected
        sequence,  // children run one after the other, or one of them does
        subshell,  // the same, and what they set is forgotten
        each,      // for `name` in `words`: children
        function,  // children[0] is the body of `name`
    };
    Kind kind = Kind::sequence;
    bool pipes_errors = false;  // followed by |&
    bool has_list = false;      // of a loop: `in` was given
    Span span;
    std::string_view name;
    std::span<const Node* const> children;
    std::span<const Assignment> assignments;
    std::span<const SyntaxWord> words;
    std::span<const Redirect> redirects;
};

}  // namespace gw::guardrail::shell
