// Finding the texts of a JSON document, as the dialects of OpenAI and Ollama need it: by the names of members, at any
// depth, so that a kind of part that is invented tomorrow is inspected today.
//
//     {"type":"input_file","file":{"filename":"a","text":"T"}}      ──► document "T"
//     {"type":"image_url","image_url":{"url":"data:..."}}           ──► nothing: no member of it is a text
//
// Recursion is bounded by the depth that json::Document allows.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory_resource>
#include <optional>
#include <string_view>

#include "provider/dialect.h"

namespace gw::provider {

// What is known of a text from where it stands.
struct TextPlace {
    message::PartKind kind = message::PartKind::text;
    message::Role role = message::Role::user;
    std::string_view tool;
};

[[nodiscard]] inline std::string_view string_or_empty(const json::Value& value) noexcept {
    return value.as_string().value_or(std::string_view{});
}

// An index of the wire. Nothing when it is there and is no whole number from 0 to below StreamReader::channels_max; a
// missing one, or null, is `missing`.
[[nodiscard]] std::optional<std::uint32_t> wire_index(const json::Value& value, std::uint32_t missing = 0) noexcept;

// Numbers, booleans and null hold none.
[[nodiscard]] inline bool may_hold_text(const json::Value& value) noexcept {
    return value.is(json::Kind::string) || value.is(json::Kind::object) || value.is(json::Kind::array);
}

// Whether a string under this name is words of somebody: "text", "content", "summary"; not "id", "type", "url".
[[nodiscard]] bool is_text_key(std::string_view key) noexcept;

// Appends a string that is not empty; every other value is no text.
void add_string(Passages& passages, const TextPlace& place, const json::Value& value);
// Arguments or a result: a string, or an object or array that is the text itself.
void add_json_text(Passages& passages, const TextPlace& place, const json::Value& value);
// A string, or every text below an object or array. `is_text`: whether a string right here is one.
void add_content(Passages& passages, const TextPlace& place, const json::Value& value, bool is_text = true);
// Every text below the members of an object but those named: what nobody has read yet.
void add_other_members(Passages& passages, const TextPlace& place, const json::Value& object,
                       std::initializer_list<std::string_view> but);
// A tool's or a schema's descriptions, which the model reads as instructions: members "description" and "title".
void add_descriptions(Passages& passages, const json::Value& value);

// Which tool a call was made of, for the results that name only the call.
class CallNames {
public:
    explicit CallNames(std::pmr::memory_resource* memory) : names_(memory) {}
    void remember(std::string_view call_id, std::string_view tool) {
        if (!call_id.empty() && !tool.empty()) names_.emplace(call_id, tool);
    }
    [[nodiscard]] std::string_view tool_of(std::string_view call_id) const {
        const auto found = names_.find(call_id);
        return found == names_.end() ? std::string_view{} : found->second;
    }

private:
    std::pmr::map<std::string_view, std::string_view> names_;  // a tree: a client cannot choose ids that collide
};

// A Step::whole for every passage.
void add_wholes(Steps& steps, const Passages& passages);

}  // namespace gw::provider
