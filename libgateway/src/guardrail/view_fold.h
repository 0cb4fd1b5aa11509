// What a character looks like to a reader of ASCII, by tables that view_fold_tables.py makes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gw::guardrail {

struct Folded {
    enum class Kind : std::uint8_t {
        same,   // a character of its own
        shown,  // looks like `text`
        sign,   // looks like `text`, but is East Asian punctuation in East Asian text
        gone,   // leaves no trace
        mark,   // leaves no trace on a Latin letter
    };
    Kind kind = Kind::same;
    char single = 0;             // the text when it is one character
    std::string_view text = {};  // otherwise
};

[[nodiscard]] Folded fold_character(char32_t character) noexcept;

// How many bytes at the beginning of `text` are whole characters of three bytes from blocks where nothing folds, as
// most East Asian text is: a quick look, which may stop early.
[[nodiscard]] std::size_t count_unfolded(std::string_view text) noexcept;

}  // namespace gw::guardrail
