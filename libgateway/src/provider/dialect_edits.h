// Edits of a request's text that leave it valid JSON, in any combination and order, and every other byte as it came.
//
//     [a, X, b]   remove X    ──► [a, b]
//     [X]         add first Y ──► [Y,X],  then remove X ──► [Y]
#pragma once

#include <string_view>

#include "provider/dialect.h"

namespace gw::provider {

using ElementTest = bool (*)(const json::Value& element);

// Takes the elements out that `unwanted` names, with the commas that they leave over.
void remove_elements(const json::Value& array, ElementTest unwanted, Edits& edits);
// Puts `element`, which is JSON, in front of the first.
void insert_first_element(const json::Value& array, std::string_view element, Edits& edits);
// Puts `text` in front of what the string member `key` of an object says, with a blank line between. The member is
// added when it is missing, and becomes a string when it is null; a value of another kind is left alone.
void prepend_to_member(const json::Value& object, std::string_view key, std::string_view text, Edits& edits);

// The body with the edits made, in whatever order they were asked for. They are apart from each other; of two that are
// not, the first one counts.
void apply_edits(Buffer& out, std::string_view body, Edits& edits);

}  // namespace gw::provider
