// Changing a request's body without writing it anew: Edits that take elements out of an array or put text in, and
// leave every other byte as it came.
//
//     [a, b, c]  ── take_out(b) ──►  [a, c]          "old"  ── append_to_string ──►  "old\n\nnew"
//     {...}      ── prepend_member ► {"k":v,...}     [a]    ── append_to_array  ──►  [a,new]
#pragma once

#include <string_view>

#include "provider/dialect.h"

namespace gw::provider {

// Takes the elements out for which `goes` says so, each with a comma of its own, so that what is left is an array.
template <typename Predicate>
void take_out(const json::Value& array, Predicate goes, Edits& edits) {
    const auto end_of = [](const json::Value& value) { return value.offset() + value.raw().size(); };
    const auto cut = [&](std::size_t begin, std::size_t end) {
        edits.push_back({begin, end, std::pmr::string(edits.get_allocator().resource())});
    };
    json::Value kept;  // the last one that stays
    json::Value element = array.first();
    while (element.exists()) {
        if (!goes(element)) {
            kept = element;
            element = element.next();
            continue;
        }
        const json::Value first = element;
        json::Value last = element;
        while (element.exists() && goes(element)) {
            last = element;
            element = element.next();
        }
        // A run goes with the comma in front of it; one at the very front with the comma behind it.
        if (kept.exists()) {
            cut(end_of(kept), end_of(last));
        } else {
            cut(first.offset(), element.exists() ? element.offset() : end_of(last));
        }
        if (element.exists()) {  // it was asked about already
            kept = element;
            element = element.next();
        }
    }
}

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
