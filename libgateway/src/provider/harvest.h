// Collecting the texts of a JSON document as Passages, for dialects whose content is a tree of typed blocks.
//
//     known place   ── add() ───────────► one Passage: this value
//     unknown place ── add_strings() ───► a Passage for every string in it that could be text
//     tool schemas  ── add_descriptions() ► a Passage for every "description" in it
//
// What a dialect does not know is still inspected, string by string: a new kind of block must not become a hole.
#pragma once

#include <cstddef>
#include <string_view>

#include "provider/dialect.h"

namespace gw::provider {

// Where passages go, and what they have in common.
struct Harvest {
    Passages& passages;
    message::PartKind kind = message::PartKind::text;
    message::Role role = message::Role::user;
    std::string_view tool = {};

    // A string, or (arguments and results) an object or array. Anything else, and what is empty, has no text.
    void add(const json::Value& value) const;
    // Strings only: where the dialect has no JSON as text.
    void add_string(const json::Value& value) const;
    // A file in base64.
    void add_file(const json::Value& value) const;
    // Every string in `value`, but for identifiers, signatures and base64 data (is_opaque()).
    void add_strings(const json::Value& value) const;
    void add_descriptions(const json::Value& value) const;

    [[nodiscard]] Harvest as(message::PartKind other_kind) const { return {passages, other_kind, role, tool}; }
    [[nodiscard]] Harvest as(message::PartKind other_kind, std::string_view other_tool) const {
        return {passages, other_kind, role, other_tool};
    }
};

// A member that holds no text whatever its value is: its name says that it is an identifier, a signature, a type.
[[nodiscard]] bool is_opaque(std::string_view key) noexcept;

// Orders the passages from index `from` on by their place in the document, as they are promised.
void sort_by_place(Passages& passages, std::size_t from);

// What was harvested from a stream's event, as steps.
void append_wholes(const Passages& passages, Steps& steps);

// Every string of an event that none of its steps, those from index `from` on, has given: as a `whole` text. No client
// is meant to read it there; one may all the same. They stand in front of a Step::done. `padding` is known to be none.
void append_rest(const json::Value& root, std::size_t from, Steps& steps, const json::Value& padding = {});
// The same for an answer and its passages.
void add_rest(const json::Value& root, std::size_t from, const Harvest& harvest);

// The model in a path such as "/v1/models/NAME:action" or "/model/NAME/action": what stands between `marker` and the
// last `end`. Empty when the path has none.
[[nodiscard]] std::string_view model_in_path(std::string_view path, std::string_view marker, char end) noexcept;
// What stands behind the last `before` in the path, in its last segment.
[[nodiscard]] std::string_view action_of(std::string_view path, char before) noexcept;

// A count of tokens; 0 when it is none.
[[nodiscard]] std::uint64_t token_count(const json::Value& value) noexcept;

}  // namespace gw::provider
