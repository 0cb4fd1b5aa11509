#include "provider/dialect_text.h"

#include <algorithm>
#include <array>

#include "core/text.h"
#include "provider/token_echo.h"

namespace gw::provider {

using json::Kind;
using json::Value;
using message::PartKind;

namespace dialect_text {
namespace {

// Members whose strings are words of somebody. Everything else is an id, a name of a format, or data.
constexpr std::array<std::string_view, 38> text_keys{
    "arguments",
    "code",
    "command",
    "content",
    "context",
    "delta",
    "description",
    "diff",
    "error",
    "input",
    "input_text",
    "logs",
    "message",
    "output",
    "output_text",
    "parts",
    "patch",
    "prompt",
    "queries",
    "query",
    "quote",
    "reasoning",
    "reasoning_content",
    "reasoning_text",
    "refusal",
    "response",
    "result",
    "results",
    "revised_prompt",
    "snippet",
    "stderr",
    "stdout",
    "summary",
    "text",
    "thinking",
    "title",
    "transcript",
    "value",
};
static_assert(std::is_sorted(text_keys.begin(), text_keys.end()));

// What the type of a part says about the texts in it. A text inside a result or a document stays what the outer is.
PartKind kind_of_part(std::string_view type, PartKind outer) noexcept {
    if (outer != PartKind::text) return outer;
    if (type == "refusal") return PartKind::refusal;
    if (type == "thinking" || type == "summary_text" || type.starts_with("reasoning")) return PartKind::reasoning;
    if (type == "file" || type == "input_file" || type == "document" || type == "search_result")
        return PartKind::document;
    if (type == "tool_result") return PartKind::tool_result;
    if (type == "output_audio" || type == "audio") return PartKind::transcript;
    return outer;
}

PartKind kind_of_key(std::string_view key, PartKind outer) noexcept {
    if (outer != PartKind::text) return outer;
    if (key == "refusal") return PartKind::refusal;
    if (key == "thinking" || key == "summary" || key.starts_with("reasoning")) return PartKind::reasoning;
    if (key == "transcript") return PartKind::transcript;
    return outer;
}

}  // namespace
}  // namespace dialect_text

bool is_text_key(std::string_view key) noexcept {
    return std::binary_search(dialect_text::text_keys.begin(), dialect_text::text_keys.end(), key);
}

std::optional<std::uint32_t> wire_index(const Value& value, std::uint32_t missing) noexcept {
    if (!value.exists() || value.is(Kind::null)) return missing;
    const auto index = value.as_int();
    if (!index || *index < 0 || *index >= static_cast<std::int64_t>(StreamReader::channels_max)) return std::nullopt;
    return static_cast<std::uint32_t>(*index);
}

void add_string(Passages& passages, const TextPlace& place, const Value& value) {
    if (!string_or_empty(value).empty()) passages.push_back({place.kind, place.role, place.tool, value});
}

void add_json_text(Passages& passages, const TextPlace& place, const Value& value) {
    const bool is_json = (value.is(Kind::object) || value.is(Kind::array)) && value.size() > 0;
    if (is_json || !string_or_empty(value).empty()) passages.push_back({place.kind, place.role, place.tool, value});
}

namespace dialect_text {
namespace {

// A source that says that it is a picture.
bool is_picture(const Value& source) noexcept {
    return starts_with_ignoring_case(string_or_empty(source["media_type"]), "image/");
}

void add_file(Passages& passages, const TextPlace& place, const Value& value) {
    if (!string_or_empty(value).empty())
        passages.push_back({PartKind::document, place.role, place.tool, value, TextForm::file});
}

// What stands in a member of an object, as far as its name tells.
void add_member(Passages& passages, TextPlace place, const Value& object, const Value& member) {
    if (!may_hold_text(member)) return;
    const std::string_view key = member.key();
    if (key == "arguments" || (key == "input" && member.is(Kind::object))) {
        place.kind = PartKind::tool_arguments;
        place.tool = string_or_empty(object["name"]);
        add_json_text(passages, place, member);
        return;
    }
    if (is_token_key(key)) {
        const Value texts[] = {object["text"], object["delta"]};
        add_tokens(passages, member, texts, object["refusal"]);
        return;
    }
    // Documents: data of type text is what it says, under other names and types it is base64.
    const std::string_view type = string_or_empty(object["type"]);
    if (member.is(Kind::string) && (key == "file_data" || (key == "data" && type == "base64"))) {
        if (!is_picture(object)) add_file(passages, place, member);
        return;
    }
    place.kind = kind_of_key(key, place.kind);
    const bool plain_data = key == "data" && type == "text";
    add_content(passages, place, member, is_text_key(key) || plain_data);
}

}  // namespace
}  // namespace dialect_text

void add_content(Passages& passages, const TextPlace& place, const Value& value, bool is_text) {
    if (value.is(Kind::string)) {
        if (is_text) add_string(passages, place, value);
        return;
    }
    if (value.is(Kind::array)) {
        for (Value element = value.first(); element.exists(); element = element.next())
            add_content(passages, place, element, is_text);
        return;
    }
    if (!value.is(Kind::object)) return;
    TextPlace inside = place;
    inside.kind = dialect_text::kind_of_part(string_or_empty(value["type"]), place.kind);
    for (Value member = value.first(); member.exists(); member = member.next())
        dialect_text::add_member(passages, inside, value, member);
}

void add_other_members(Passages& passages, const TextPlace& place, const Value& object,
                       std::initializer_list<std::string_view> but) {
    for (Value member = object.first(); member.exists(); member = member.next()) {
        const std::string_view key = member.key();
        if (std::find(but.begin(), but.end(), key) == but.end())
            dialect_text::add_member(passages, place, object, member);
    }
}

void add_descriptions(Passages& passages, const Value& value) {
    for (Value child = value.first(); child.exists(); child = child.next()) {
        if (child.is(Kind::string)) {
            if (child.key() == "description" || child.key() == "title")
                add_string(passages, {PartKind::text, message::Role::system, {}}, child);
        } else {
            add_descriptions(passages, child);
        }
    }
}

void add_wholes(Steps& steps, const Passages& passages) {
    for (const Passage& passage : passages) {
        Step step;
        step.what = Step::What::whole;
        step.kind = passage.kind;
        step.tool = passage.tool;
        step.value = passage.value;
        step.form = passage.form;
        step.exact = passage.exact;
        steps.push_back(step);
    }
}

}  // namespace gw::provider
