#include "provider/gemini_parts.h"

#include <algorithm>

#include "core/text.h"
#include "provider/token_echo.h"

namespace gw::provider {

using message::PartKind;
using message::Role;

bool is_gemini_key(std::string_view key, std::string_view name) noexcept {
    std::size_t at = 0;
    for (const char c : name) {
        const bool upper = c >= 'A' && c <= 'Z';
        if (at < key.size() && key[at] == c) {
            ++at;
        } else if (upper && at + 1 < key.size() && key[at] == '_' && key[at + 1] == ascii_lower(c)) {
            at += 2;
        } else {
            return false;
        }
    }
    return at == key.size();
}

json::Value gemini_member(const json::Value& object, std::string_view name) noexcept {
    if (!object.is(json::Kind::object)) return {};
    json::Value member = object.first();
    while (member.exists() && !is_gemini_key(member.key(), name)) member = member.next();
    return member;
}

namespace {

bool is_picture_or_sound(std::string_view type) noexcept {
    return starts_with_ignoring_case(type, "image/") || starts_with_ignoring_case(type, "audio/") ||
           starts_with_ignoring_case(type, "video/");
}

}  // namespace

bool is_text_part(const json::Value& part) noexcept {
    if (!part["text"].is(json::Kind::string)) return false;
    for (json::Value member = part.first(); member.exists(); member = member.next()) {
        const std::string_view key = member.key();
        if (key != "text" && key != "thought" && !is_opaque(key)) return false;
    }
    return true;
}

PartKind kind_of_text(const json::Value& part) noexcept {
    return part["thought"].as_bool() == true ? PartKind::reasoning : PartKind::text;
}

void read_gemini_part(const json::Value& part, const Harvest& harvest) {
    if (!part.is(json::Kind::object)) {
        harvest.add_strings(part);
        return;
    }
    for (json::Value member = part.first(); member.exists(); member = member.next()) {
        const std::string_view key = member.key();
        const std::string_view name = member["name"].as_string().value_or("");
        if (key == "text") {
            harvest.as(kind_of_text(part)).add_strings(member);
        } else if (is_gemini_key(key, "functionCall")) {
            harvest.as(PartKind::tool_arguments, name).add(member["args"]);
            harvest.as(PartKind::tool_arguments, name).add_strings(gemini_member(member, "partialArgs"));
        } else if (is_gemini_key(key, "functionResponse")) {
            const Harvest result{harvest.passages, PartKind::tool_result, Role::tool, name};
            result.add(member["response"]);
            result.add_strings(member["parts"]);
        } else if (is_gemini_key(key, "codeExecutionResult")) {
            Harvest{harvest.passages, PartKind::tool_result, Role::tool, "code_execution"}.add_strings(
                member["output"]);
        } else if (is_gemini_key(key, "executableCode")) {
            harvest.add_strings(member["code"]);
        } else if (is_gemini_key(key, "inlineData")) {
            const std::string_view type = gemini_member(member, "mimeType").as_string().value_or("");
            if (!is_picture_or_sound(type)) harvest.as(PartKind::document).add_file(member["data"]);
        } else if (!is_gemini_key(key, "fileData") && !is_gemini_key(key, "videoMetadata") && !is_opaque(key)) {
            harvest.add_strings(member);
        }
    }
}

void read_gemini_content(const json::Value& content, Role role, Passages& passages) {
    if (content.is(json::Kind::array)) {
        for (json::Value it = content.first(); it.exists(); it = it.next()) read_gemini_content(it, role, passages);
        return;
    }
    const std::string_view said = content["role"].as_string().value_or("");
    if (said == "model") role = Role::assistant;
    if (said == "user") role = Role::user;
    if (said == "function" || said == "tool") role = Role::tool;
    const Harvest harvest{passages, PartKind::text, role};
    const json::Value parts = content["parts"];
    if (!content.is(json::Kind::object) || !parts.exists()) {
        read_gemini_part(content, harvest);
    } else if (parts.is(json::Kind::array)) {
        for (json::Value part = parts.first(); part.exists(); part = part.next()) read_gemini_part(part, harvest);
    } else {
        read_gemini_part(parts, harvest);
    }
}

void read_gemini_candidate_extras(const json::Value& candidate, Passages& passages) {
    static constexpr std::string_view wordless[] = {"content",       "index",      "finishReason",
                                                    "safetyRatings", "tokenCount", "avgLogprobs"};
    std::pmr::vector<json::Value> texts(passages.get_allocator().resource());
    const json::Value parts = candidate["content"]["parts"];
    for (json::Value part = parts.first(); part.exists(); part = part.next()) texts.push_back(part["text"]);
    for (json::Value member = candidate.first(); member.exists(); member = member.next()) {
        const bool known = std::any_of(std::begin(wordless), std::end(wordless),
                                       [&](std::string_view name) { return is_gemini_key(member.key(), name); });
        if (is_gemini_key(member.key(), "logprobsResult")) {
            add_tokens(passages, member, texts);
            continue;
        }
        if (!known) Harvest{passages, PartKind::text, Role::assistant}.add_strings(member);
    }
}

void read_gemini_frame_extras(const json::Value& frame, Passages& passages) {
    static constexpr std::string_view wordless[] = {"candidates", "usageMetadata", "modelVersion",
                                                    "responseId", "createTime",    "modelStatus"};
    const Harvest harvest{passages, PartKind::text, Role::assistant};
    for (json::Value member = frame.first(); member.exists(); member = member.next()) {
        const std::string_view key = member.key();
        if (is_gemini_key(key, "promptFeedback")) {
            harvest.add_string(gemini_member(member, "blockReasonMessage"));  // beside ratings
        } else if (std::none_of(std::begin(wordless), std::end(wordless),
                                [&](std::string_view name) { return is_gemini_key(key, name); })) {
            harvest.add_strings(member);
        }
    }
}

}  // namespace gw::provider
