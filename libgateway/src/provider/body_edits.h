// Changing a request's body without writing it anew: Edits that put text in, and leave every other byte as it came.
// What takes elements out, and what makes the edits, is in dialect_edits.h.
//
//     "old"  ── append_to_string ──►  "old\n\nnew"       {...}  ── prepend_member ──►  {"k":v,...}
//     [a]    ── append_to_array ───►  [a,new]
#pragma once

#include <string_view>

#include "provider/dialect.h"

namespace gw::provider {

// Adds a paragraph at the end of a JSON string.
void append_to_string(const json::Value& string, std::string_view text, Edits& edits);
// Adds an element, JSON text, at the end of an array.
void append_to_array(const json::Value& array, std::string_view element, Edits& edits);
// Adds a member, `"key":value` as JSON text, at the front of an object.
void prepend_member(const json::Value& object, std::string_view member, Edits& edits);
// Puts JSON text where a value stands.
void replace_value(const json::Value& value, std::string_view text, Edits& edits);

// `before`, `text` as the inside of a JSON string, `after`: {"text":" + ... + "}.
[[nodiscard]] std::pmr::string around_text(std::string_view before, std::string_view text, std::string_view after,
                                           std::pmr::memory_resource* memory);

// Whether a text is one of our notices.
[[nodiscard]] inline bool is_notice(const json::Value& text) noexcept {
    return text.as_string().value_or("").starts_with(notice_prefix);
}

}  // namespace gw::provider
